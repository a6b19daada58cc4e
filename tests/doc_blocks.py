"""What a Markdown page tells its reader to type, and a `morgue` that can be typed in a test."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"```(\w*)\s*$")
CRON = re.compile(r"^(?:[*\d/,-]+ ){5}")
# Blocks that nobody types, by their first line. Other tests say whether they are true.
NOT_TYPED = (
    r"\w[\w-]*/$",  # a folder and what lies in it
    r"\[\[?\w+\]?\]$|contact = ",  # a piece of sources.toml
    r"# morgue\.(service|timer)$",  # systemd's units
    r"<script ",
    r"(polars|pandas|spark|pyarrow)\.",
)
Line = tuple[int, str]  # its number in the page, from 1, and what it says


def typed_in(text: str) -> list[list[Line]]:
    r"""Return the blocks of a page that are for a shell: what is indented by four blanks, or fenced and marked `sh`.

    >>> typed_in("Type:\n\n    cd /tmp\n    ls\n\n```toml\nx = 1\n```\n")
    [[(3, 'cd /tmp'), (4, 'ls')]]
    """
    found = ([line for line in block if line[1]] for block in _blocks(text.splitlines()))
    return [block for block in found if block and not any(re.match(known, block[0][1]) for known in NOT_TYPED)]


def _blocks(lines: list[str]) -> Iterator[list[Line]]:
    block: list[Line] = []
    fence, before = None, ""
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if mark:
            fence = mark[1] if fence is None else None
        if fence == "sh" and not mark:
            block.append((number, line))
        elif fence is None and not mark and line.startswith("    ") and (block or not before):
            block.append((number, line.strip()))
        else:
            yield block
            block = []
        before = line.strip()
    yield block


_STAND_IN = '''#!{python}
"""`morgue` of this checkout, typed in a test: loopback may be asked, without a pause, and `serve` ends once it has answered."""
import pathlib, os, re, subprocess, sys, urllib.request
sys.path.insert(0, {root!r})
if __name__ == "__main__":  # not in the processes that read pages
    from crawler.cli import main
    words = sys.argv[1:]
    if words[:1] == ["-a"]:
        folder, rest = words[1], words[2:]
    else:
        folder, rest = os.environ.get("MORGUE_ARCHIVE", "."), words
    name = " ".join(rest[:2]) if rest[:1] == ["sources"] else rest[0] if rest else ""
    if name == "crawl":
        path = pathlib.Path(folder, "sources.toml")
        text = path.read_text()
        path.write_text(re.sub(r"(?m)^(url = .*)$(?!\\ndelay)", r"\\1\\ndelay = 0", text))
    if name in ("crawl", "save", "sources add", "sources check"):
        words.append("--allow-private")
    if name == "sources add":
        words += ["--delay", "0"]
    if name in ("crawl", "reextract", "ingest", "merge") and "--jobs" not in words:
        words += ["--jobs", "1"]
    if name == "serve":
        if "--port" in words:
            at = words.index("--port")
            del words[at : at + 2]
        start = [sys.executable, "-c", "import sys; sys.path.insert(0, {root!r}); from crawler.cli import main; main()"]
        with subprocess.Popen([*start, *words, "--port", "0"], stderr=subprocess.PIPE, text=True) as server:
            said = []
            for line in server.stderr:
                said.append(line)
                if where := re.search(r"http://[0-9.:]+/", line):
                    break
            else:
                sys.exit("".join(said) or "serve said nothing")
            with urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(where[0], timeout=20) as page:
                assert b"<h1" in page.read()
            server.send_signal(2)
            server.communicate(timeout=20)
        sys.exit(server.returncode)
    sys.argv[1:] = words
    main()
'''


def write_stand_in(path: Path, root: Path) -> None:
    """Write a program that stands in for `morgue`, with the code of the checkout `root`."""
    path.parent.mkdir(parents=True)
    path.write_text(_STAND_IN.format(python=sys.executable, root=str(root)), encoding="utf-8")
    path.chmod(0o755)
