#!/usr/bin/env python3
"""Does pywb replay our WARC files? Crawls our own sites, installs pywb in an environment of its own, and asks it for pages.

scripts/check-long pywb
"""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from archive.query import open_reader  # noqa: E402
from tests.site.server import NewsSites  # noqa: E402

NOW = "2026-05-20T22:05:00Z"
_START_SECONDS = 30
_PAGES = 25


def crawl(archive: Path, sites: NewsSites) -> None:
    """Crawl the sites twice, so that there are responses and revisits."""
    lines = [f'[[source]]\nname = "{name}"\nurl = "{url}"\ndelay = 0\n' for name, url in sites.sites.items()]
    for now in (NOW, "2026-05-20T23:55:00Z"):
        environment = {**os.environ, "MORGUE_NOW": now, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", "from crawler.cli import main; main()", "-a", str(archive)]
        if not archive.exists():
            subprocess.run([*command, "init"], check=True, env=environment)
            (archive / "sources.toml").write_text("\n".join(lines))
        subprocess.run([*command, "crawl", "--allow-private", "--quiet"], check=True, env=environment)


def install(folder: Path) -> Path:
    """Make an environment with pywb; returns its bin folder."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", "pywb", "setuptools<81"], check=True)
    return folder / "bin"


def replayed(base: str, url: str, timestamp: str) -> str:
    """Return what pywb shows for a URL at a time."""
    with urllib.request.urlopen(f"{base}/{timestamp}id_/{url}", timeout=20) as answer:  # noqa: S310 - loopback
        body: bytes = answer.read()
    for charset in ("utf-8", "shift_jis", "euc-jp"):
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1")


def main() -> int:
    """Run the check; returns the exit code."""
    work = Path(tempfile.mkdtemp(prefix="morgue-pywb-"))
    try:
        with NewsSites() as sites:
            crawl(work / "archive", sites)
        bin_folder = Path(os.environ["PYWB_BIN"]) if "PYWB_BIN" in os.environ else install(work / "venv")
        manager = [bin_folder / "wb-manager"]
        subprocess.run([*manager, "init", "morgue"], check=True, cwd=work, capture_output=True)
        for number, warc in enumerate(sorted((work / "archive" / "warc").glob("morgue-*"))):
            copy = work / f"{number}.warc.gz"
            shutil.copyfile(warc, copy)
            subprocess.run([*manager, "add", "morgue", str(copy)], check=True, cwd=work, capture_output=True)
        return look(work, bin_folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def look(work: Path, bin_folder: Path) -> int:
    """Ask pywb for articles and count those whose title it shows."""
    reader = open_reader(work / "archive" / "archive.db", heap_limit=None)
    # Not the revisits of a 304: they keep it as it was sent, and that is what pywb then shows.
    pages = reader.execute(
        "SELECT c.url, c.captured_at, c.record_type, a.title FROM captures c JOIN articles a ON a.pk = c.article"
        " WHERE c.status = 200 ORDER BY c.record_type, c.url"
    ).fetchall()
    pages = [p for p in pages if p[2] == "response"][:_PAGES] + [p for p in pages if p[2] == "revisit"][:_PAGES]
    port = 8179
    log = (work / "wayback.log").open("w")
    with subprocess.Popen([bin_folder / "wayback", "-p", str(port)], cwd=work, stdout=log, stderr=log) as server:
        try:
            base = f"http://127.0.0.1:{port}/morgue"
            end = time.monotonic() + _START_SECONDS
            while time.monotonic() < end:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.5)
            shown = dict.fromkeys(("response", "revisit"), 0)
            for url, at, kind, title in pages:
                stamp = "".join(c for c in at[:19] if c.isdigit())
                page = replayed(base, url, stamp)
                good = "<html" in page and title.split()[0] in html.unescape(page)
                shown[kind] += good
                if not good:
                    print(f"not replayed: {kind} {url}: {page[:200]!r}")
        finally:
            server.terminate()
    print(json.dumps({"asked": len(pages), "shown": shown}))
    return 0 if sum(shown.values()) == len(pages) and shown["response"] and shown["revisit"] else 1


if __name__ == "__main__":
    sys.exit(main())
