"""Captures and texts for the tests of the store and of queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from archive.clock import SystemClock
from archive.model import Extraction, ExtractorId, RecordRef, Snapshot
from archive.schema import open_archive
from archive.store import Store

EXTRACTOR = ExtractorId(name="test", version="1", config="")
START = datetime(2026, 5, 1, 6, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def text_of(seed: str, words: int = 60) -> str:
    return " ".join(f"{seed}{number} walks" for number in range(words // 2))


def snapshot(url: str, minutes: float, **changes: object) -> Snapshot:
    values: dict[str, object] = {
        "url": url,
        "captured_at": at(minutes),
        "record_type": "response",
        "status": 200,
        "headers": (("Content-Type", "text/html; charset=utf-8"),),
        "body": b"",
        "payload_digest": f"sha1:{url}@{minutes}",
        "ref": RecordRef(warc="a.warc.gz", offset=int(minutes * 100), length=99),
        "source": "Example",
    }
    return Snapshot(**(values | changes))  # type: ignore[arg-type]


def article(text: str, title: str = "A title", **changes: object) -> Extraction:
    values: dict[str, object] = {"article": True, "title": title, "text": text, "language": "en"}
    return Extraction(**(values | changes))  # type: ignore[arg-type]


def new_store(path, **options) -> Store:
    return Store(open_archive(path, create=True), SystemClock(), **options)


def put(store: Store, shot: Snapshot, extraction: Extraction | None):
    capture = store.add_capture(shot)
    assert capture is not None
    if extraction is not None:
        store.add_extraction(capture, EXTRACTOR, extraction)
    return store.place(capture)


def state(store: Store) -> dict[str, list]:
    """Everything placement made, by public ids alone."""
    conn = store.db.conn
    queries = {
        "articles": "SELECT a.id, a.url, a.url_key, a.canonical_url, a.source, a.title, a.published, a.modified,"
        " a.language, a.first_seen, a.last_seen, a.gone_at, a.sort_at, s.id, a.kind, a.truncated, a.text, a.digest,"
        " a.hidden FROM articles a JOIN stories s ON s.pk = a.story ORDER BY a.id",
        "aliases": "SELECT l.key, l.id, a.id FROM aliases l JOIN articles a ON a.pk = l.article ORDER BY 1",
        "revisions": "SELECT a.id, r.seq, r.seen_from, r.seen_to, r.title, r.text, r.cause, r.content, r.digest"
        " FROM revisions r JOIN articles a ON a.pk = r.article ORDER BY 1, 2",
        "changes": "SELECT a.id, h.cause, h.seq, h.number, h.seen_from, h.kind, h.paragraph, h.before, h.after"
        " FROM revision_changes h JOIN articles a ON a.pk = h.article ORDER BY 1, 2, 3, 4",
        "stories": "SELECT s.id, a.id, s.members FROM stories s JOIN articles a ON a.pk = s.head ORDER BY 1",
        "links": "SELECT a.id, b.id, l.kind, l.score FROM links l JOIN articles a ON a.pk = l.article"
        ' JOIN articles b ON b.pk = l."of" ORDER BY 1',
        "captures": "SELECT c.url, c.captured_at, a.id, c.content FROM captures c LEFT JOIN articles a"
        " ON a.pk = c.article ORDER BY 1, 2",
    }
    return {name: conn.execute(query).fetchall() for name, query in queries.items()}
