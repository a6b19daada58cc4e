"""What publishers changed, and what is gone: the newest first, read from indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from archive.query.filters import PUBLIC
from archive.query.reader import answering, need_opt_outs

_PIECES = 3  # changed paragraphs of a revision that are quoted
_QUOTED = 600  # characters of one that are read
_ROWS = 1000  # of revision_changes that one revision has at most


@dataclass(frozen=True, slots=True)
class Piece:
    """One paragraph that changed, or the title. Texts are cut."""

    kind: str  # title, added, removed, changed, moved
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A revision that a publisher made of an article."""

    id: str  # of the article
    title: str | None
    url: str
    source: str | None
    domain: str
    language: str | None
    published: str | None
    published_precision: str | None
    seen_from: str  # UTC; with the id it names the revision
    kinds: tuple[tuple[str, int], ...]  # how many paragraphs of each kind changed
    pieces: tuple[Piece, ...]  # the first of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """An article whose address answers 404 or 410."""

    id: str
    title: str | None
    url: str
    source: str | None
    domain: str
    language: str | None
    published: str | None
    published_precision: str | None
    first_seen: str
    last_seen: str
    gone_at: str


_ARTICLE = (
    "SELECT a.id, a.title, a.url, a.source, a.domain, a.language, a.published, a.published_precision FROM articles a"
    " WHERE a.pk = ? AND a.hidden = 0"
)


def edits(
    conn: sqlite3.Connection,
    *,
    before: str | None = None,
    source: str | None = None,
    limit: int = 30,
    opted_out: bool = True,
) -> list[Edit]:
    """Return the revisions that publishers made, newest first; those seen from earlier than `before`, if given.

    A revision in which nothing changed but spacing is none. Walks the index of times and stops when it has enough; with a
    `source` it may walk far. Raises `QueryError`, `DatabaseError`.
    """
    with answering(conn):
        need_opt_outs(conn)
        sql = (
            "SELECT seen_from, article, kind, substr(before, 1, ?), substr(after, 1, ?) FROM revision_changes"
            " WHERE cause = 'publisher' AND seen_from < ? ORDER BY seen_from DESC, article, seq, number"
        )
        rows = conn.execute(sql, (_QUOTED, _QUOTED, before or "A"))
        found: list[Edit] = []
        article_sql = _ARTICLE + ("" if opted_out else PUBLIC)
        for (seen_from, article), group in groupby(rows, lambda row: (row[0], row[1])):
            about = conn.execute(article_sql, (article,)).fetchone()
            if about is None or (source is not None and source not in (about[3], about[4])):
                continue
            found.append(_edit(about, seen_from, group))
            if len(found) >= limit:
                break
    return found


def _edit(about: tuple[str, ...], seen_from: str, rows: Iterator[tuple[str, int, str, str | None, str | None]]) -> Edit:
    kinds: dict[str, int] = {}
    pieces: list[Piece] = []
    for _, _, kind, before, after in rows:
        kinds[kind] = kinds.get(kind, 0) + 1
        if len(pieces) < _PIECES:
            pieces.append(Piece(kind, before, after))
    return Edit(
        id=about[0],
        title=about[1],
        url=about[2],
        source=about[3],
        domain=about[4],
        language=about[5],
        published=about[6],
        published_precision=about[7],
        seen_from=seen_from,
        kinds=tuple(kinds.items()),
        pieces=tuple(pieces),
    )


def gone(
    conn: sqlite3.Connection,
    *,
    before: str | None = None,
    source: str | None = None,
    limit: int = 50,
    opted_out: bool = True,
) -> list[Gone]:
    """Return the articles that are gone, the last first; those gone earlier than `before`, if given. Raises `QueryError`."""
    with answering(conn):
        need_opt_outs(conn)
        sql = (
            "SELECT a.id, a.title, a.url, a.source, a.domain, a.language, a.published, a.published_precision, a.first_seen,"  # noqa: S608
            " a.last_seen, a.gone_at FROM articles a WHERE a.gone_at IS NOT NULL AND a.gone_at < ? AND a.hidden = 0"
            f"{'' if opted_out else PUBLIC} ORDER BY a.gone_at DESC, a.id"
        )
        found: list[Gone] = []
        for row in conn.execute(sql, (before or "A",)):
            one = Gone(
                id=row[0],
                title=row[1],
                url=row[2],
                source=row[3],
                domain=row[4],
                language=row[5],
                published=row[6],
                published_precision=row[7],
                first_seen=row[8],
                last_seen=row[9],
                gone_at=row[10],
            )
            if source is None or source in (one.source, one.domain):
                found.append(one)
            if len(found) >= limit:
                break
    return found
