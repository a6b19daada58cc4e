"""What must hold after a kill at once, and what must be the same in the end."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from archive.folder import ArchiveFolder
from archive.model import Snapshot
from archive.warc import complete_length, find_warc, read_records, shelf_name, warc_files

_OK = 200
_REDIRECTS = (301, 302, 303, 307, 308)


# What must hold at once


@contextmanager
def copied(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of a database as a kill left it, so that the next run finds the files untouched."""
    folder = path.with_name(f"copy-{path.name}")
    folder.mkdir()
    try:
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(path.name + suffix), folder / (path.name + suffix))
        with closing(sqlite3.connect(folder / path.name)) as conn:
            yield conn
    finally:
        shutil.rmtree(folder)


@dataclass(slots=True)
class Shelf:
    """The whole captures on the shelf."""

    at: set[tuple[str, datetime]] = field(default_factory=set)
    urls: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)  # of those the ones that gave a page
    lengths: dict[str, int] = field(default_factory=dict)  # file -> where its whole records end

    @classmethod
    def of(cls, folder: ArchiveFolder) -> Shelf:
        """Read it; a broken record is a failure."""
        shelf = cls()
        for path in warc_files(folder.warc):
            broken: list[object] = []
            name = shelf_name(path, folder.warc)
            shelf.lengths[name] = complete_length(path)
            for item in read_records(path, name=name, on_broken=broken.append):
                if isinstance(item, Snapshot):
                    shelf.at.add((item.url, item.captured_at))
                    shelf.urls[item.url] += 1
                    if item.status == _OK:
                        shelf.there[item.url] += 1
            assert not broken, broken
        return shelf


@dataclass(slots=True)
class Done:
    """What crawl.db says is done."""

    fetches: int = 0
    # (URL, role) -> fetches, and when it may be asked again
    settled: dict[tuple[str, str], tuple[int, float | None]] = field(default_factory=dict)


def check_frontier(folder: ArchiveFolder) -> Done:
    """Check crawl.db and the shelf behind it; return what is done."""
    done = Done()
    if not folder.crawl_db.exists():
        return done
    shelf = Shelf.of(folder)
    with copied(folder.crawl_db) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not conn.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'urls'").fetchone()[0]:
            return done
        for name, length in conn.execute("SELECT name, length FROM warcs"):
            assert find_warc(folder.warc, name).stat().st_size >= length, f"{name}: less than what was durable"
            assert shelf.lengths[name] >= length, f"{name}: a broken record in what was durable"
        rows = conn.execute(
            "SELECT url, role, state, next_at, fetches, status, captured_at, captured_url FROM urls WHERE fetches > 0"
        ).fetchall()
    for url, role, state, next_at, fetches, status, captured_at, captured_url in rows:
        done.fetches += fetches if status is not None else 0  # what no answer came to, the server did not see
        if captured_at is not None:
            assert (captured_url, datetime.fromisoformat(captured_at)) in shelf.at, f"done, but not kept: {url}"
        if status is not None and status not in _REDIRECTS:
            assert url in shelf.urls, f"done, but not kept: {url}"
        if state != 1:
            done.settled[url, role] = fetches, next_at
    return done


def check_archive(folder: ArchiveFolder) -> None:
    """Check archive.db and that it is not ahead of the shelf. Nothing may be writing it."""
    shelf = Shelf.of(folder)
    with copied(folder.archive_db) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        conn.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES('integrity-check', 1)")
        for name, upto in conn.execute("SELECT name, ingested_to FROM warcs"):
            assert upto <= shelf.lengths[name], f"{name} was read beyond its whole records"
        twice = conn.execute("SELECT count(*) FROM captures GROUP BY warc, offset HAVING count(*) > 1").fetchall()
        assert not twice


# What must be the same in the end


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds, whatever the order in which it came."""

    articles: dict[str, tuple[object, ...]]
    revisions: Counter[str]  # by the publisher, per article
    stories: frozenset[frozenset[str]]
    exactly: tuple[tuple[object, ...], ...] = field(compare=False, default=())  # … and what may depend on the order

    @classmethod
    def of(cls, folder: ArchiveFolder) -> Contents:
        """Read archive.db."""
        with closing(sqlite3.connect(folder.archive_db)) as conn:
            rows = conn.execute(
                # Not published_via: whether the feed or the news sitemap was read first is the network's affair.
                "SELECT id, url, title, text, authors, published, published_precision, modified, language, source,"
                " gone_at, hidden FROM articles"
            ).fetchall()
            revisions = conn.execute(
                "SELECT a.id, count(*) FROM revisions r JOIN articles a ON a.pk = r.article"
                " WHERE r.cause = 'publisher' GROUP BY 1"
            ).fetchall()
            stories: dict[object, set[str]] = {}
            for article, story in conn.execute("SELECT id, story FROM articles"):
                stories.setdefault(story, set()).add(article)
            exactly = conn.execute(
                "SELECT a.id, s.id, h.id, a.kind, a.first_seen, a.last_seen, a.digest FROM articles a"
                " JOIN stories s ON s.pk = a.story JOIN articles h ON h.pk = s.head ORDER BY 1"
            ).fetchall()
        return cls(
            {row[0]: tuple(row[1:]) for row in rows},
            Counter(dict(revisions)),
            frozenset(frozenset(members) for members in stories.values()),
            tuple(exactly),
        )


def assert_same(one: Contents, other: Contents) -> None:
    """Fail with a short list of differences."""
    ids = set(one.articles) ^ set(other.articles)
    named = [str((one.articles.get(i) or other.articles[i])[0]) for i in sorted(ids)]
    assert not ids, f"{len(ids)} articles in one only: {named[:10]}"
    differ = [
        (one.articles[i][0], [(a, b) for a, b in zip(one.articles[i], other.articles[i], strict=True) if a != b])
        for i in one.articles
        if one.articles[i] != other.articles[i]
    ]
    assert not differ, f"{len(differ)} articles differ: {str(differ[:5])[:2000]}"
    assert one.revisions == other.revisions
    assert one.stories == other.stories
