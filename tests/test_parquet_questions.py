"""docs/parquet.md: its columns are those of the files, and its questions get the answers that SQLite gives."""

from __future__ import annotations

import re
import sqlite3
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive.export.parquet.tables import FORMAT, TABLES
from tests.line import ROOT
from tests.parquet_kit import DAY, A, B, C, D, export, see, small_archive
from tests.store_helpers import at, put, snapshot

pytest.importorskip("pyarrow", reason="of the extra scale: pip install 'newsmorgue[scale]'")
duckdb = pytest.importorskip("duckdb", reason="of the extra dev")

PAGE = (ROOT / "docs" / "parquet.md").read_text(encoding="utf-8")
Rows = list[tuple[Any, ...]]


@pytest.mark.parametrize("name", TABLES)
def test_the_columns_are_documented_as_they_are(name: str) -> None:
    (part,) = re.findall(rf"(?ms)^### {name}$(.*?)^##", PAGE)
    told = re.findall(r"(?m)^\| `(\w+)` \| ([\w<>]+) \| .+ \|$", part)
    assert told == list(TABLES[name])
    assert f"`{FORMAT}`" in PAGE


def blocks() -> dict[str, str]:
    """Return the SQL of the page by the heading that it stands under."""
    found = dict(re.findall(r"(?ms)^### ([^\n]+\?)$.*?^```sql\n(.*?)^```$", PAGE))
    assert len(found) + 1 == PAGE.count("```sql")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an archive in which each question has an answer that is not trivial, and export it."""
    folder = tmp_path_factory.mktemp("questions")
    with closing(small_archive(folder / "archive")) as store:
        see(
            store,
            "https://e.example/1",
            90,
            "x",
            source="eins",
            published="2026-05-01T07:30:00+02:00",
            authors=("Ada Author",),
        )
        see(store, "https://e.example/2", 95, "y", source="eins")
        see(store, "https://e.example/3", 35 * DAY, "Ferry", source="eins", authors=("Ada Author", "Cy"))
        see(store, "https://f.example/4", 36 * DAY, "ferryman", source="2026", title="The ferry")
        with store.transaction():
            store.db.conn.execute("UPDATE articles SET text = text || ' The FERRY, again.' WHERE source = 'eins'")
        see(store, A, 200, "x", title="Another headline")
        see(store, A, 500, "w", title="A third headline", authors=("Ada Author", "Ben Writer"))
        see(store, C, 300, "v")  # the text alone
        see(store, "https://e.example/2", 2 * DAY, "y", source="eins", title="A headline of eins")
        with store.transaction():
            put(store, snapshot(B, 3 * DAY, status=404, source=None), None)
            put(store, snapshot(D, 42 * DAY, record_type="revisit", refers_to_url=D, refers_to_at=at(40 * DAY)), None)
        # an earlier reading of a page is no edit of its publisher's
        store.db.conn.execute(
            "INSERT INTO revisions (article, seq, seen_from, seen_to, capture, title, text, cause, content, digest)"
            " SELECT article, 1, seen_from, seen_to, capture, 'read before', text, 'extractor', content, 'd' FROM revisions"
            " WHERE article = (SELECT pk FROM articles WHERE url = ?) AND seq = 1",
            [C],
        )
        store.db.conn.execute(
            "INSERT INTO revision_changes (article, seen_from, cause, seq, number, kind, before, after)"
            " SELECT article, seen_from, cause, seq, 1, 'title', 'older', title FROM revisions WHERE cause = 'extractor'"
        )
    export(folder / "archive", folder / "tables")
    return folder


@pytest.fixture
def asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Rows]]:
    """Return what DuckDB answers to the block under a heading."""
    monkeypatch.chdir(folder)
    (setup,) = re.findall(r"(?ms)^```sql\n(SET TimeZone.*?)^```$", PAGE)
    with duckdb.connect() as db:
        db.execute(setup)
        yield lambda heading: db.execute(blocks()[heading]).fetchall()


@pytest.fixture
def sqlite(folder: Path) -> Iterator[Callable[[str], Rows]]:
    with closing(sqlite3.connect(folder / "archive" / "archive.db")) as db:
        yield lambda sql: db.execute(sql).fetchall()


def nulls_last(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: [(said is None, said) for said in row[:2]])


def stamp(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


Ask = Callable[[str], Rows]


def test_articles_by_month_and_source(asked: Ask, sqlite: Ask) -> None:
    expected = sqlite("SELECT substr(first_seen, 1, 7), source, count(*), sum(word_count) FROM articles GROUP BY 1, 2")
    assert len(expected) == 7
    assert asked("How many articles has each source, month by month?") == nulls_last(expected)


def test_who_copies_whom(asked: Ask, sqlite: Ask) -> None:
    minutes: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for origin, copier, seconds in sqlite(
        'SELECT o.domain, t.domain, t.seconds_after_of FROM story_timeline t JOIN articles o ON o.id = t."of"'
        " WHERE t.domain <> o.domain"
    ):
        minutes[origin, copier].append(seconds / 60)
    expected = sorted(
        ((*pair, len(took), statistics.median(took)) for pair, took in minutes.items()), key=lambda row: (-row[2], row)
    )
    assert len(expected) >= 3
    assert asked("Who copies whom, and how soon?") == expected


def test_a_word_over_time(asked: Ask, sqlite: Ask) -> None:
    expected = []
    for (month,) in sqlite("SELECT DISTINCT substr(first_seen, 1, 7) FROM articles ORDER BY 1"):
        texts = [text for (text,) in sqlite(f"SELECT text FROM articles WHERE first_seen LIKE '{month}%'")]  # noqa: S608
        expected.append((month, len(texts), sum(bool(re.search(r"\bferry\b", text, re.IGNORECASE)) for text in texts)))
    assert 0 < expected[1][2] < expected[1][1]  # ferryman is none
    assert asked("In how many articles does a word stand, over time?") == expected


def test_edits_of_headlines(asked: Ask, sqlite: Ask) -> None:
    articles = dict(sqlite("SELECT source, count(*) FROM articles GROUP BY 1"))
    edits = sqlite(
        "SELECT a.source, a.id, (julianday(h.seen_from) - julianday(a.first_seen)) * 24 FROM revision_changes h"
        " JOIN articles a ON a.pk = h.article WHERE h.kind = 'title' AND h.cause = 'publisher'"
    )
    hours = {source: [took for name, _, took in edits if name == source] for source in articles}
    names = {source: len({article for name, article, _ in edits if name == source}) for source in articles}
    found = asked("How often does a source edit its headlines, and how soon?")
    assert {row[0]: row[1:4] for row in found} == {
        source: (articles[source], names[source], len(hours[source])) for source in articles
    }
    assert {row[0]: row[1:4] for row in found}["paper"] == (2, 1, 2)
    for row in found:
        assert row[4] == (pytest.approx(statistics.median(hours[row[0]]), abs=1e-4) if hours[row[0]] else None)
    assert [row[3] for row in found] == sorted((len(took) for took in hours.values()), reverse=True)


def test_headlines_before_and_after(asked: Ask, sqlite: Ask) -> None:
    expected = [
        (article, stamp(seen), old, new)
        for article, seen, old, new in sqlite(
            "SELECT a.id, h.seen_from, h.before, h.after FROM revision_changes h JOIN articles a ON a.pk = h.article"
            " WHERE h.kind = 'title' AND h.cause = 'publisher' ORDER BY 2, 1"
        )
    ]
    assert [row[2:] for row in expected][:2] == [
        ("A title", "Another headline"),
        ("Another headline", "A third headline"),
    ]
    assert asked("Which headlines were changed, from what to what?") == expected


def test_the_course_of_stories(asked: Ask, sqlite: Ask) -> None:
    members: defaultdict[str, Rows] = defaultdict(list)
    for story, domain, sort_at in sqlite("SELECT story, domain, sort_at FROM story_timeline ORDER BY sort_at, article"):
        members[story].append((domain, stamp(sort_at)))
    expected = [
        (story, len(told), len({domain for domain, _ in told}), (told[-1][1] - told[0][1]).total_seconds() / 3600,
         " > ".join(domain for domain, _ in told))
        for story, told in members.items() if len(told) > 1
    ]  # fmt: skip
    assert len(expected) == 2
    assert asked("How long after a story's founding do its copies come?") == sorted(
        expected, key=lambda row: (-row[1], row[0])
    )


def test_authors(asked: Ask, sqlite: Ask) -> None:
    rows = sqlite("SELECT j.value, a.domain, a.sort_at FROM articles a, json_each(a.authors) j")
    counts = Counter(author for author, _, _ in rows)
    expected = [
        (author, number, len({domain for name, domain, _ in rows if name == author}),
         stamp(min(sort_at for name, _, sort_at in rows if name == author)))
        for author, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]  # fmt: skip
    assert [row[:3] for row in expected] == [("Ada Author", 3, 2), ("Ben Writer", 1, 1), ("Cy", 1, 1)]
    assert asked("Who writes most, and for whom?") == expected


def test_what_is_gone(asked: Ask, sqlite: Ask) -> None:
    rows = sqlite("SELECT source, julianday(gone_at) - julianday(first_seen) FROM articles")
    expected = [
        (source, len(took), len(there), pytest.approx(statistics.median(there), abs=1e-4) if there else None)
        for source in {name for name, _ in rows}
        for took in [[days for name, days in rows if name == source]]
        for there in [[days for days in took if days is not None]]
    ]
    assert sum(row[2] for row in expected) == 1
    assert asked("What is gone, and how long was it there?") == nulls_last(expected)


def test_captures(asked: Ask, sqlite: Ask) -> None:
    expected = sqlite(
        "SELECT a.source, count(*), count(DISTINCT c.payload_digest), sum(c.record_type = 'revisit')"
        " FROM captures c JOIN articles a ON a.pk = c.article GROUP BY 1"
    )
    assert sum(row[3] for row in expected) == 1
    assert asked("How often is a page asked for, and how often had it changed?") == nulls_last(expected)


def test_every_question_of_the_page_is_asked_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert [heading for heading in blocks() if f'asked("{heading}")' not in here] == []
    assert len(blocks()) == 9
