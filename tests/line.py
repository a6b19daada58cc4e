"""The whole line, driven from outside: `morgue` in processes of its own, on archives of the project's own papers."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.site.server import LogEntry, NewsSites

ROOT = Path(__file__).resolve().parent.parent
DAY_1, DAY_2 = "2026-05-20T22:05:00Z", "2026-05-21T22:20:00Z"
SECONDS_LATER, AFTER_DAY_2 = "2026-05-20T22:05:40Z", "2026-05-21T22:21:00Z"
CRAWL_DELAY = 0.25  # seconds; what the Shiori's robots.txt asks for here, while sources.toml allows no pause at all
TIME_LIMIT = 120  # seconds; a command of these tests takes two or three
# Not `bin/morgue`: that may belong to another checkout, and these tests are about this one.
MORGUE = (sys.executable, "-W", "error::ResourceWarning", "-c", "from crawler.cli import main; main()")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive's folder, and what time it is there."""

    path: Path
    now: str = DAY_1

    def run(self, *words: str | Path, code: int = 0, now: str | None = None, stdin: str | None = None) -> Done:
        """Run `morgue WORDS`; the test fails, with all that was said, if it ends in another way than with `code`."""
        done = run("-a", self.path, *words, now=now or self.now, stdin=stdin)
        assert done.code == code, f"morgue {words} ended with {done.code}, not {code}:\n{done.err}\n{done.out}"
        assert "Traceback" not in done.err, done.err
        return done

    def start(self, *words: str | Path, now: str | None = None) -> subprocess.Popen[str]:
        """Start `morgue WORDS` and return at once."""
        return subprocess.Popen(
            [*MORGUE, "-a", str(self.path), *map(str, words)],
            env=environment(now or self.now),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def crawl(self, *words: str, now: str | None = None, code: int = 0) -> Row:
        """Crawl and return the report."""
        report = self.run("crawl", "--allow-private", "--json", "--jobs", "1", *words, now=now, code=code).json
        assert isinstance(report, dict)
        return report

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Ask archive.db past the command line."""
        with closing(sqlite3.connect(f"file:{self.path / 'archive.db'}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, values)]

    def values(self, sql: str, *values: object) -> list[Any]:
        """Return the first column of an answer."""
        return [next(iter(row.values())) for row in self.rows(sql, *values)]

    def copy(self, to: Path) -> Archive:
        """Return a copy of the archive that a test may change."""
        shutil.copytree(self.path, to)
        return Archive(to, self.now)

    def warcs(self) -> list[Path]:
        """Return the WARC files on the shelf, imported ones too."""
        return sorted(path for path in (self.path / "warc").rglob("*") if path.is_file())


def environment(now: str | None) -> dict[str, str]:
    """Return the environment of a command: this checkout's code, and the clock."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MORGUE_")}
    return {**kept, "PYTHONPATH": str(ROOT), **({"MORGUE_NOW": now} if now else {})}


def run(*words: str | Path, now: str | None = None, stdin: str | None = None) -> Done:
    """Run `morgue WORDS` to its end."""
    done = subprocess.run(
        [*MORGUE, *map(str, words)],
        env=environment(now),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def new_archive(path: Path, sites: dict[str, str], *, delay: float | None = 0) -> Archive:
    """Make an archive of these papers, which are asked without a pause unless `delay` or they say otherwise."""
    done = run("init", path, "--contact", "mailto:desk@paper.example", now=DAY_1)
    assert done.code == 0, done.err
    pause = "" if delay is None else f"delay = {delay}\n"
    entries = "".join(f'\n[[source]]\nname = "{name}"\nurl = "{url}"\n{pause}' for name, url in sites.items())
    with (path / "sources.toml").open("a", encoding="utf-8") as file:
        file.write(entries)
    return Archive(path)


# What people see of an archive, free of the numbers that only join tables; each line one value to compare.
_PUBLIC = {
    "articles": "SELECT v.*, a.canonical_url, a.section, a.image, a.keywords, a.description, a.provenance, a.truncated,"
    " a.sort_at, a.hidden, a.title_terms, a.text_terms FROM articles_view v JOIN articles a ON a.id = v.id",
    "revisions": "SELECT a.id, r.seq, r.seen_from, r.seen_to, r.title, r.text, r.cause, r.digest FROM revisions r"
    " JOIN articles a ON a.pk = r.article WHERE r.cause = 'publisher'",
    "revision_changes": "SELECT a.id, h.cause, h.seq, h.number, h.seen_from, h.kind, h.paragraph, h.before, h.after"
    " FROM revision_changes h JOIN articles a ON a.pk = h.article",
    "stories": "SELECT s.id, h.id AS head, s.members FROM stories s JOIN articles h ON h.pk = s.head",
    "links": 'SELECT a.id, b.id AS "of", l.kind, l.score, l.evidence FROM links l JOIN articles a ON a.pk = l.article'
    ' JOIN articles b ON b.pk = l."of"',
    "aliases": "SELECT x.key, x.id, a.id AS article FROM aliases x JOIN articles a ON a.pk = x.article",
    "captures": "SELECT c.url, c.url_key, c.captured_at, c.status, c.mime, c.record_type, c.payload_digest, w.name,"
    " c.offset, c.length, c.source, c.role, c.truncated, a.id AS article, e.status AS outcome, e.reason, e.digest"
    " FROM captures c JOIN warcs w ON w.pk = c.warc LEFT JOIN articles a ON a.pk = c.article"
    " LEFT JOIN extractions e ON e.pk = c.extraction",
    "discoveries": "SELECT url, via, found_on, seen_at, title, published, author, source, digest FROM discoveries",
    "warcs": "SELECT name, ingested_to, imported_from, imported_sha256, in_place, filter FROM warcs",
    "runs": "SELECT id, started_at, ended_at, report FROM runs",
}


def dump(archive: Archive, *tables: str) -> dict[str, list[str]]:
    """Return all that people see of the archive, each row as text, sorted."""
    chosen = tables or tuple(_PUBLIC)
    return {name: sorted(json.dumps(row, sort_keys=True) for row in archive.rows(_PUBLIC[name])) for name in chosen}


def articles_by_path(archive: Archive, sites: dict[str, str]) -> dict[tuple[str, str], Row]:
    """Return the articles by paper and path."""
    found = {}
    for row in archive.rows("SELECT * FROM articles_view"):
        name, base = next((name, base) for name, base in sites.items() if str(row["url"]).startswith(base))
        found[name, "/" + str(row["url"]).removeprefix(base)] = row
    return found


def json_lines(text: str) -> list[Row]:
    """Return the objects of JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def in_parallel(archive: Archive, commands: Iterable[Sequence[str]]) -> list[Done]:
    """Run commands that only read, side by side, and return how each ended."""
    running = [archive.start(*words) for words in commands]
    return [ended(process) for process in running]


def ended(process: subprocess.Popen[str], *, within: float = TIME_LIMIT) -> Done:
    """Wait for a command that was started; one that is not over after `within` seconds is killed and fails the test."""
    try:
        out, err = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"still running after {within} s:\n{process.communicate()[1]}") from None
    return Done(process.returncode, out, err)


@dataclass(frozen=True, slots=True)
class Days:
    """What two days of the papers brought. The archives are not to be changed: copy them."""

    server: NewsSites
    first: Archive  # as it was after day 1
    second: Archive  # … and after day 2
    reports: tuple[Row, Row, Row]  # day 1, the same evening again, day 2
    logs: tuple[list[LogEntry], list[LogEntry], list[LogEntry]]


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Crawl the papers on day 1, at once again, and on day 2, once for all tests."""
    folder = tmp_path_factory.mktemp("days")
    with NewsSites(crawl_delay=CRAWL_DELAY) as server:
        archive = new_archive(folder / "archive", server.sites)
        reports, logs = [], []
        for day, now in ((1, DAY_1), (1, SECONDS_LATER), (2, DAY_2)):
            server.set_day(day)
            server.log.clear()
            reports.append(archive.crawl(now=now))
            logs.append(list(server.log))
            if len(reports) == 1:
                first = archive.copy(folder / "first")
        yield Days(server, first, Archive(archive.path, AFTER_DAY_2), tuple(reports), tuple(logs))
