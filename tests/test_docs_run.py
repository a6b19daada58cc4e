"""What the documents tell a reader to type is typed, in a fresh home, against the papers of tests/site."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import tests.doc_blocks
from archive.sources import parse_sources
from archive.urls import article_id, url_key
from tests.doc_blocks import CRON, typed_in, write_stand_in
from tests.line import AFTER_DAY_2, CRAWL_DELAY, DAY_1, DAY_2, ROOT, new_archive
from tests.site.server import NewsSites

NEW = "new"  # the page begins in an empty home beside a clone
ARCHIVE = "archive"  # … in the folder of an archive that has seen two days
PAGES = {
    "README.md": NEW,
    "CONTRIBUTING.md": NEW,
    "docs/tutorial.md": NEW,
    "docs/how-to/ask-sql.md": ARCHIVE,
    "docs/how-to/bigger-machine.md": ARCHIVE,
    "docs/how-to/difficult-site.md": ARCHIVE,
    "docs/how-to/get-out.md": ARCHIVE,
    "docs/how-to/import-warc.md": ARCHIVE,
    "docs/how-to/small-server.md": NEW,
    "docs/interchange.md": ARCHIVE,
    "docs/parquet.md": ARCHIVE,
    "docs/running.md": ARCHIVE,
    "docs/scaling.md": ARCHIVE,
    "docs/shards.md": NEW,
    "docs/sources.md": ARCHIVE,
}
ELSEWHERE = {
    "docs/architecture.md": "shows no commands, but drawings",
    "docs/benchmarks.md": "measures for hours; tests/test_docs.py knows that the scripts are there",
    "docs/cli.md": "made of the help texts; tests/test_docs.py reads its examples",
    "docs/decisions.md": "shows no commands",
    "docs/exit-codes.md": "shows no commands",
    "docs/explanation/law-and-manners.md": "shows no commands",
    "docs/explanation/what-is-kept-and-why.md": "shows no commands",
    "docs/schema.md": "made of the tables; tests/test_docs.py asks its questions",
}
NOT_RUN = {  # beginnings of commands that cannot be typed in a test, and why
    r"scripts/setup\b": "installs for minutes; tests/test_docs_run.py runs in what it made",
    r"scripts/demo\b": "takes a minute; tests/test_demo.py",
    r"scripts/(test|check-long)\b|MORGUE_SCREENSHOTS=": "runs this",
    r"\.venv/bin/python scripts/docs-cli": "writes into this checkout; tests/test_docs.py runs it with --check",
    r"git clone ": "there is no place yet to clone from that every reader has",
    r"pip install |apt-get install ": "installs from the network",
    r"adduser |mount ": "needs root",
    r"systemctl |loginctl ": "needs systemd; the units are read by tests/test_running.py and below",
    r"crontab ": "belongs to the person who runs the tests",
    r"ssh |rsync ": "needs a second machine",
    r"dask |morgue reextract --executor": "needs a cluster; tests/test_cluster.py has one",
    r"wayback ": "pywb is no part of Morgue; tests/test_export_peers.py runs it",
}
MAY_BE_MISSING = ("wget", "jq", "sqlite3")  # programs of the system; a line that needs one is left out without it
# These may end with 3: done, but look. All others must end with 0.
SOMETHING_TO_SEE = r"morgue( -a \S+)? (status|doctor|sources check|takedown)\b"
BEFORE = {  # what a page says in words that a reader has done
    "docs/shards.md": (
        "cd",
        "morgue init shard-2 --contact mailto:desk@paper.example",
        "morgue -a shard-2 sources import sites.opml",
        "morgue -a shard-2 crawl --shard 2/2",
        "cp -Rp shard-2 shard-of-others",
    ),
    "docs/how-to/get-out.md": ("morgue backup /mnt/backup/my-archive",),
}
EDITED = "news/2026/05/20/library-budget-vote"


@dataclass(frozen=True, slots=True)
class World:
    """Papers, and an archive of two of them that has seen two days."""

    server: NewsSites
    archive: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("documents")
    with NewsSites(crawl_delay=CRAWL_DELAY) as server:
        archive = new_archive(
            folder / "archive", {"paper": server.sites["courier"], "paper.example": server.sites["sada"]}
        )
        for day, now in ((1, DAY_1), (2, DAY_2)):
            server.set_day(day)
            archive.crawl(now=now)
        yield World(server, archive.path)


@dataclass(frozen=True, slots=True)
class Home:
    """A reader's home: a clone with `morgue` in it, files that the pages speak of, perhaps an archive."""

    path: Path
    words: dict[str, str]  # as written -> as it is here

    def here(self, line: str) -> str:
        """Return a line with places and addresses of the documents put where they are in this test."""
        for written, real in self.words.items():
            line = line.replace(written, real)
        return line


@pytest.fixture
def home(world: World, tmp_path: Path) -> Home:
    path, files = tmp_path / "home", tmp_path / "files"
    write_stand_in(path / "newsmorgue" / ".venv" / "bin" / "morgue", ROOT)
    activate = path / "newsmorgue" / ".venv" / "bin" / "activate"
    activate.write_text('PATH="$HOME/newsmorgue/.venv/bin:$PATH"\n', encoding="utf-8")
    shutil.copytree(world.archive, path / "my-archive")
    collection = files / "collection"
    collection.mkdir(parents=True)
    warc = next((world.archive / "warc").glob("*.warc.gz*"))
    for name in (files / "old-crawl.warc.gz", collection / "older.warc.gz"):
        shutil.copy(warc, name)
    outline = "".join(f'<outline type="rss" xmlUrl="{world.server.sites[s]}{f}"/>' for s, f in FEEDS.items())
    for name in ("subscriptions.opml", "sites.opml"):
        (files / name).write_text(f"<opml version='2.0'><body>{outline}</body></opml>", encoding="utf-8")
    (files / "page.html").write_text(f"<html><body><h1>A page</h1><p>{'Some words. ' * 60}</p></body></html>", "utf-8")
    courier = world.server.sites["courier"]
    words = {
        "https://www.paper.example/": courier,
        "www.paper.example": str(urlsplit(courier).hostname),
        "a-3f7kq2m9x0ab": article_id(url_key(courier + EDITED)),
        "/path/to/morgue": "morgue",
        "/home/you": str(path),
        "https://evening.example/": world.server.sites["bote"],
        "/srv/morgue": str(path),
        "/srv/my-archive": str(path / "my-archive"),
        "/mnt/backup": str(tmp_path / "mnt"),
        "/backup/": f"{tmp_path}/backup/",
    }
    words |= {
        name: str(files / name)
        for name in ("old-crawl", "subscriptions.opml", "sites.opml", "page.html", "collection/")
    }
    return Home(path, words)


FEEDS = {"sada": "feed", "shiori": "index.rdf"}


def not_run(line: str) -> bool:
    """Tell whether a command is in the table of those that cannot be typed here, or needs a program that is not here."""
    missing = [name for name in MAY_BE_MISSING if shutil.which(name) is None and re.search(rf"(^|\| ){name}\b", line)]
    return bool(missing) or any(re.match(known, line) for known in NOT_RUN)


def script(page: str, home: Home) -> str:
    """Return what is typed, as one program that ends at the first line that goes wrong and says which it was."""
    said = ["set -eE", "trap 'echo \"line $at went wrong\" >&2' ERR", "at=0"]
    said += [home.here(line) for line in BEFORE.get(page, ())]
    for block in typed_in((ROOT / page).read_text(encoding="utf-8")):
        table = any(CRON.match(line) for _, line in block)  # cron gives its lines variables of their own
        said += ["(", "set -a"] if table else []
        for number, line in block:
            if not not_run(line):
                ends = " || test $? = 3" if re.match(SOMETHING_TO_SEE, CRON.sub("", line)) else ""
                command = CRON.sub("", line)
                plain, hash_, comment = command.partition("  #")
                said += [f"at={number}", home.here(plain.rstrip()) + ends + hash_ + comment]
        said += [":", ")"] if table else []
    return "\n".join(said) + "\n"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_to_type_works(page: str, home: Home, world: World) -> None:
    world.server.set_day(1 if PAGES[page] == NEW else 2)
    if PAGES[page] == NEW:
        shutil.rmtree(home.path / "my-archive")
    lines = script(page, home)
    assert not re.search(r"/home/you|/srv/|/mnt/b|\s/backup/|https://", lines), lines
    start = home.path / ("my-archive" if PAGES[page] == ARCHIVE else "newsmorgue")
    environment = {
        "HOME": str(home.path),
        "PATH": f"{home.path / 'newsmorgue' / '.venv' / 'bin'}:{os.environ['PATH']}",
        "MORGUE_NOW": DAY_1 if PAGES[page] == NEW else AFTER_DAY_2,
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        ["bash"], input=lines, cwd=start, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    told = [line for line in done.stderr.splitlines() if line.endswith("went wrong")]
    assert (done.returncode, told) == (0, []), f"{page}: {done.stderr[-3000:]}\n{done.stdout[-1000:]}"
    assert "Traceback" not in done.stderr


def test_every_page_is_run_or_says_why_not() -> None:
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")} | {"README.md", "CONTRIBUTING.md"}
    assert pages == PAGES.keys() | ELSEWHERE.keys()


def test_the_table_of_what_is_not_run_holds_nothing_else() -> None:
    lines = [line for page in PAGES for block in typed_in((ROOT / page).read_text("utf-8")) for _, line in block]
    assert [known for known in NOT_RUN if not any(re.match(known, line) for line in lines)] == []
    ours = [line for line in lines if re.match(r"morgue\b", line) and not_run(line)]
    assert all("--executor" in line for line in ours), ours


FENCED = [
    (page, kind, text)
    for page in PAGES
    for kind, text in re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", (ROOT / page).read_text("utf-8"))
]


@pytest.mark.parametrize("text", [text for _, kind, text in FENCED if kind == "toml"])
def test_pieces_of_sources_toml_can_be_read(text: str) -> None:
    assert parse_sources(text).sources


def test_no_fence_hides_a_command() -> None:
    assert {kind for _, kind, _ in FENCED} <= {"toml", "ini", "nginx", "sql"}


def test_blocks_are_found() -> None:
    assert doctest.testmod(tests.doc_blocks).failed == 0
    text = "A list:\n\n- one,\n    continued\n\n    morgue init\n\n    b/\n      c\n\n```sh\nmorgue status\n```\n"
    assert typed_in(text) == [[(6, "morgue init")], [(12, "morgue status")]]
