"""Databases of every earlier version become today's, with what they held; those of a newer one are refused by every command."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from archive.database import MIGRATIONS
from archive.schema import open_archive
from crawler.cli import group
from crawler.frontier.schema import _MIGRATIONS as CRAWL_MIGRATIONS
from crawler.frontier.schema import open_database
from tests.old_databases import FOLDER, restored, shelve

NOW = {"MORGUE_NOW": "2026-05-02T05:00:00Z"}
HARBOUR = "https://paper.example/2026/04/30/harbour-opens-again"
SOURCES = "".join(f'\n[[source]]\nname = "{name}"\nurl = "https://{name}.example/"\n' for name in ("paper", "other"))
SOURCES += '\n[[search]]\nname = "ferries"\nwords = "ferry"\n'
VERSIONS = [f"archive-{number}.sql" for number in range(1, len(MIGRATIONS))]
CRAWL_VERSIONS = sorted(path.name for path in FOLDER.glob("crawl-*.sql"))
# What must be the same afterwards.
CONTENT = (
    """SELECT id, url, canonical_url, source, title, authors, published, language, first_seen, last_seen, kind, hidden, text
    FROM articles ORDER BY id""",
    """SELECT a.id, r.cause, r.seen_from, r.seen_to, r.title, r.text FROM revisions r JOIN articles a ON a.pk = r.article
    ORDER BY a.id, r.cause, r.seq""",
    """SELECT url, captured_at, status, record_type, payload_digest, warc, offset, length, source, role
    FROM captures ORDER BY pk""",
    "SELECT capture, status, reason, digest, result FROM extractions ORDER BY pk",
    "SELECT url, via, found_on, seen_at, digest FROM discoveries ORDER BY pk",
    "SELECT key, id FROM aliases ORDER BY key",
    "SELECT name, size, ingested_to, sealed, sha256 FROM warcs ORDER BY pk",
    "SELECT s.id, a.id, s.members FROM stories s JOIN articles a ON a.pk = s.head ORDER BY s.id",
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive with the shelf of the old databases and none of them."""
    root = tmp_path / "a"
    assert morgue(root, "init", "--contact", "mailto:desk@paper.example").exit_code == 0
    with (root / "sources.toml").open("a") as file:
        file.write(SOURCES)
    for path in root.glob("*.db*"):
        path.unlink()
    shelve(root)
    restored("crawl-2.sql", root / "crawl.db")
    return root


def morgue(root: Path, *words: str) -> Any:
    options = ["init", str(root), *words[1:]] if words[0] == "init" else ["-a", str(root), *words]
    return CliRunner().invoke(group, options, env=NOW)


def content(path: Path) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as conn:
        return [conn.execute(query).fetchall() for query in CONTENT]


def test_every_version_but_the_newest_has_its_dump() -> None:
    """One that lacks: see tests/old_databases.py."""
    assert {path.name for path in FOLDER.glob("archive-*.sql")} >= set(VERSIONS)
    assert {f"crawl-{number}.sql" for number in range(1, len(CRAWL_MIGRATIONS))} <= set(CRAWL_VERSIONS)
    for name in VERSIONS:
        with closing(sqlite3.connect(":memory:")) as conn:
            conn.executescript((FOLDER / name).read_text(encoding="utf-8"))
            done = [row[0] for row in conn.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
        assert done == list(MIGRATIONS[: len(done)])
        assert name == f"archive-{len(done)}.sql"


@pytest.mark.parametrize("name", VERSIONS)
def test_an_older_archive_is_found_sound_then_migrated_with_all_it_held(archive: Path, name: str) -> None:
    path = restored(name, archive / "archive.db")
    before = content(path)
    assert [len(rows) for rows in before] == [4, 5, 7, 6, 7, len(before[5]), 1, 3]
    assert json.loads(morgue(archive, "fsck", "--full", "--json").stdout)["faults"] == []
    assert morgue(archive, "search", "ferries", "--count").output.strip() == "1"

    done = morgue(archive, "ingest", "--jobs", "0")
    assert done.exit_code == 0, done.output

    assert content(path) == before
    with closing(sqlite3.connect(path)) as conn:
        assert {row[0] for row in conn.execute("SELECT name FROM _sqlite_migrations")} == set(MIGRATIONS)
    full = morgue(archive, "fsck", "--full")
    assert (full.exit_code, "No fault found" in full.output) == (0, True), full.output
    for words, count in (("ferries", "1"), ("strike", "1"), ("港口", "1"), ("windmills", "0")):
        assert morgue(archive, "search", words, "--count").output.strip() == count
    assert "Nobody sold a boat" in morgue(archive, "diff", HARBOUR).output


@pytest.mark.parametrize("name", CRAWL_VERSIONS)
def test_an_older_frontier_is_migrated_with_all_it_held(tmp_path: Path, name: str) -> None:
    path = restored(name, tmp_path / "crawl.db")
    asked = "SELECT url, role, state, etag, payload_digest, captured_at, captured_url FROM urls ORDER BY id"
    with closing(sqlite3.connect(path)) as conn:
        before = conn.execute(asked).fetchall()
    assert len([row for row in before if row[4]]) == 5  # pages whose body is on the shelf
    with closing(open_database(path)) as conn, closing(open_database(tmp_path / "new.db")) as new:
        assert conn.execute(asked).fetchall() == before
        assert conn.execute("PRAGMA user_version").fetchone() == new.execute("PRAGMA user_version").fetchone()
        assert _columns(conn) == _columns(new)


def _columns(conn: sqlite3.Connection) -> dict[str, set[str]]:
    tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")]
    return {name: {row[1] for row in conn.execute(f"PRAGMA table_info({name})")} for name in tables}


_SLOW = """
import sys, time
from pathlib import Path
from archive.schema import open_archive
from archive.store import changes

fill = changes.fill_changes

def slowly(conn):
    fill(conn)
    print("in the middle", flush=True)
    time.sleep(60)

changes.fill_changes = slowly
open_archive(Path(sys.argv[1]))
"""


def test_a_migration_that_was_killed_goes_on(archive: Path) -> None:
    path = restored("archive-1.sql", archive / "archive.db")
    before = content(path)
    with subprocess.Popen([sys.executable, "-c", _SLOW, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)
    with closing(sqlite3.connect(path)) as conn:
        done = {row[0] for row in conn.execute("SELECT name FROM _sqlite_migrations")}
        assert done == set(MIGRATIONS[:3])  # each is done with its mark, or not at all
        assert conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'revision_changes'").fetchone() is None
    open_archive(path).conn.close()
    assert content(path) == before
    assert morgue(archive, "fsck", "--full").exit_code == 0


ARTICLE = "a-i763ikukzl2j"
# What each command needs to be run: None where it opens neither database or makes one anew.
NEEDS: dict[str, list[str] | None] = {
    "alerts": ["--saved", "ferries"],
    "backup": None,  # copies them as they are
    "cluster": None,
    "crawl": ["--allow-private"],
    "diff": [HARBOUR],
    "doctor": None,  # tells of it, and stops for none (tests/test_doctor_command.py)
    "export cdxj": ["{tmp}/x.cdxj"],
    "export feed": ["{tmp}/x.atom"],
    "export jsonl": ["{tmp}/x.jsonl"],
    "export parquet": ["{tmp}/x.parquet"],
    "export pywb": ["{tmp}/pywb"],
    "export wacz": ["{tmp}/x.wacz"],
    "extract": None,
    "extractors compare": ["morgue:1", "morgue:2"],
    "extractors list": [],
    "extractors promote": [],
    "extractors rollback": [],
    "fsck": [],
    "ingest": [],
    "init": None,
    "learn": ["paper"],
    "merge": None,  # refuses its own and each shard's (tests/test_merging.py)
    "rebuild": None,  # what the message tells to do
    "reextract": [],
    "restore": None,
    "restory": [],
    "save": ["--allow-private", "http://127.0.0.1:9/"],
    "search": ["harbour"],
    "searches add": None,  # of sources.toml alone
    "searches list": None,
    "searches remove": None,
    "serve": ["--port", "0"],
    "show": [HARBOUR],
    "sources add": None,  # looks for what is known there, and goes on without
    "sources check": None,
    "sources disable": None,
    "sources enable": None,
    "sources import": None,
    "sources list": None,
    "sources remove": None,
    "sources rename": None,
    "sources try": ["paper", "--text", "p"],
    "sql": ["SELECT 1"],
    "stats": [],
    "status": [],
    "story join": [ARTICLE, "a-aaaaaaaaaaaa"],
    "story list": [HARBOUR],
    "story split": [ARTICLE],
    "takedown": [HARBOUR, "--reason", "publisher", "--reference", "1"],
}
# A crawl does without archive.db: it fetches, and the reading beside it ends with the message (exit 3; see test_run.py).
OF_ARCHIVE = sorted(name for name, words in NEEDS.items() if words is not None and name not in ("crawl", "save"))
OF_FRONTIER = ["crawl", "save", "status", "fsck", "takedown"]


def commands(command: click.Command, names: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*names, name))
    else:
        yield " ".join(names)


def test_every_command_is_known_here() -> None:
    assert set(commands(group)) == set(NEEDS)


@pytest.mark.parametrize(
    ("database", "command"),
    [*(("archive.db", name) for name in OF_ARCHIVE), *(("crawl.db", name) for name in OF_FRONTIER)],
)
def test_a_newer_database_is_refused(archive: Path, tmp_path: Path, database: str, command: str) -> None:
    path = restored(VERSIONS[-1], archive / "archive.db")
    open_archive(path).conn.close()
    later = (
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('morgue', 'm999_later', '')"
        if database == "archive.db"
        else "PRAGMA user_version = 99"
    )
    with closing(sqlite3.connect(archive / database, isolation_level=None)) as conn:
        conn.execute(later)
    before = content(path)
    done = morgue(archive, *command.split(), *(word.format(tmp=tmp_path) for word in NEEDS[command] or ()))
    assert done.exit_code == 1, done.output
    said = " ".join(done.output.split())
    assert f"{archive / database} was written by a newer Morgue" in said
    assert "Upgrade with `pip install -U newsmorgue`" in said
    assert f"`morgue rebuild{' --frontier' if database == 'crawl.db' else ''}`" in said
    assert content(path) == before
    assert not list(tmp_path.glob("x.*"))
