"""Counts of an archive, and its articles by day. Reads what triggers have counted, and indexes: rows of articles are long."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from archive.query.found import facts
from archive.query.reader import answering, need_opt_outs

_COUNTS = {
    "articles": "SELECT ifnull(sum(articles), 0) FROM {months}",
    "stories": "SELECT count(*) FROM stories WHERE members > 0",
    "revisions": "SELECT count(*) FROM revisions WHERE cause = 'publisher'",
    "edited": (
        "SELECT count(DISTINCT r.article) FROM revisions r CROSS JOIN {facts} ON a.pk = r.article"
        " WHERE r.cause = 'publisher' AND r.seq > 1 AND a.hidden = 0"
    ),
    "gone": "SELECT count(*) FROM articles g CROSS JOIN {facts} ON a.pk = g.pk WHERE g.gone_at IS NOT NULL AND a.hidden = 0",
    "opted_out": "SELECT count(*) FROM opted_out o CROSS JOIN {facts} ON a.pk = o.article WHERE a.hidden = 0",
    "captures": "SELECT count(*) FROM captures",
    "discoveries": "SELECT count(*) FROM discoveries",
    "warcs": "SELECT count(*) FROM warcs",
    "runs": "SELECT count(*) FROM runs",
}
# Of one source: what is counted otherwise, and without what has no source.
_COUNTS_OF_SOURCE = {
    "articles": "SELECT ifnull(sum(articles), 0) FROM {months} WHERE source = :source",
    "stories": "SELECT count(DISTINCT a.story) FROM {facts} WHERE a.source = :source AND a.hidden = 0",
    "revisions": (
        "SELECT count(*) FROM {facts} CROSS JOIN revisions r ON r.article = a.pk AND r.cause = 'publisher'"
        " WHERE a.source = :source"
    ),
    "edited": _COUNTS["edited"] + " AND a.source = :source",
    "gone": _COUNTS["gone"] + " AND a.source = :source",
    "opted_out": _COUNTS["opted_out"] + " AND a.source = :source",
    "captures": "SELECT count(*) FROM captures WHERE source = :source",
}
# First and last capture of each source by a step into an index; NULL, at the end of the walk, is what has no source.
_TIMES = (
    "WITH RECURSIVE l(x) AS (SELECT min(source) FROM captures UNION ALL"
    " SELECT (SELECT min(source) FROM captures WHERE source > x) FROM l WHERE x IS NOT NULL)"
    " SELECT min((SELECT min(captured_at) FROM captures WHERE source IS l.x)),"
    " max((SELECT max(captured_at) FROM captures WHERE source IS l.x)) FROM l"
)
_REFUSED = (
    "SELECT ifnull(e.reason, ''), count(*) FROM extractions e CROSS JOIN captures c ON c.pk = e.capture"
    " WHERE e.status = 'refused' AND c.extraction = e.pk{} GROUP BY 1 ORDER BY 2 DESC, 1"
)


def stats(conn: sqlite3.Connection, *, source: str | None = None) -> dict[str, object]:
    """Return counts: in all, by source, by language, by kind, of refused pages by reason, and the times covered.

    `source`: only what is of that source; without what belongs to none. Raises `QueryError`, `DatabaseError`.
    """
    with answering(conn):
        need_opt_outs(conn)
        named = {"months": _counted(conn, "month"), "facts": facts(conn)}
        of: Mapping[str, str] = {} if source is None else {"source": source}
        counts = _COUNTS if source is None else _COUNTS_OF_SOURCE
        found: dict[str, object] = {
            name: conn.execute(sql.format(**named), of).fetchone()[0] for name, sql in counts.items()
        }
        times = (
            _TIMES
            if source is None
            else "SELECT min(captured_at), max(captured_at) FROM captures WHERE source = :source"
        )
        first, last = conn.execute(times, of).fetchone()
        found |= {"first_capture": first, "last_capture": last}
        only = "" if source is None else " WHERE source = :source"
        for name, column in (("by_source", "source"), ("by_language", "language")):
            sql = f"SELECT {column}, sum(articles) FROM {named['months']}{only} GROUP BY 1 ORDER BY 2 DESC, 1"  # noqa: S608
            found[name] = dict(conn.execute(sql, of))
        of_it = "" if source is None else " AND a.source = :source"
        sql = f"SELECT a.kind, count(*) FROM {named['facts']} WHERE a.hidden = 0{of_it} GROUP BY 1 ORDER BY 2 DESC, 1"  # noqa: S608
        found["by_kind"] = dict(conn.execute(sql, of))
        found["refused"] = dict(conn.execute(_REFUSED.format("" if source is None else " AND c.source = :source"), of))
        if source is None:
            pages, size = (conn.execute(f"PRAGMA page_{what}").fetchone()[0] for what in ("count", "size"))
            found["bytes"] = pages * size
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDays:
    """A source by day, and what became of its articles since."""

    name: str  # empty: of no source
    articles: int  # in all
    edited: int
    gone: int
    days: Mapping[str, int] = field(default_factory=dict)  # day, UTC -> articles; days without any are left out


@dataclass(frozen=True, slots=True)
class Days:
    """Articles by day of publication (of first capture where that is not known), UTC, and by source, most articles first."""

    span: tuple[str, ...]  # the days, the last of them the last that has an article
    sources: tuple[SourceDays, ...]

    @property
    def totals(self) -> list[tuple[str, int]]:
        """Each day with the articles of all sources."""
        return [(day, sum(source.days.get(day, 0) for source in self.sources)) for day in self.span]


def source_days(conn: sqlite3.Connection, count: int, *, source: str | None = None) -> Days:
    """Return the last `count` days that the archive has, of every source or of one. Raises `QueryError`, `DatabaseError`."""
    with answering(conn):
        need_opt_outs(conn)
        days, short = _counted(conn, "day"), facts(conn)
        of: Sequence[str] = [] if source is None else [source]
        only = "" if source is None else " AND source = ?"
        last = conn.execute(f"SELECT max(day) FROM {days} WHERE 1{only}", of).fetchone()[0]  # noqa: S608 - constants
        if last is None:
            return Days((), ())
        end = date.fromisoformat(last)
        span = [str(end - timedelta(days=back)) for back in range(min(count, end.toordinal()) - 1, -1, -1)]
        sql = f"SELECT source, sum(articles) FROM {_counted(conn, 'month')} WHERE 1{only} GROUP BY 1"  # noqa: S608
        articles = dict(conn.execute(sql, of))
        by_day: dict[str, dict[str, int]] = {}
        sql = f"SELECT source, day, articles FROM {days} WHERE day >= ?{only}"  # noqa: S608 - constants
        for name, day, number in conn.execute(sql, [span[0], *of]):
            by_day.setdefault(name, {})[day] = number
        of_it = "" if source is None else " AND a.source = ?"
        edited = dict(
            conn.execute(
                "SELECT ifnull(a.source, ''), count(DISTINCT r.article) FROM revisions r"  # noqa: S608 - constants
                f" CROSS JOIN {short} ON a.pk = r.article WHERE r.cause = 'publisher' AND r.seq > 1 AND a.hidden = 0{of_it}"
                " GROUP BY 1",
                of,
            )
        )
        gone = dict(
            conn.execute(
                f"SELECT ifnull(a.source, ''), count(*) FROM articles g CROSS JOIN {short} ON a.pk = g.pk"  # noqa: S608
                f" WHERE g.gone_at IS NOT NULL AND a.hidden = 0{of_it} GROUP BY 1",
                of,
            )
        )
        found = [
            SourceDays(
                name=name,
                articles=number,
                edited=edited.get(name, 0),
                gone=gone.get(name, 0),
                days=by_day.get(name, {}),
            )
            for name, number in articles.items()
        ]
        return Days(tuple(span), tuple(sorted(found, key=lambda one: (-one.articles, one.name))))


def _counted(conn: sqlite3.Connection, unit: str) -> str:
    """Return the table of articles counted by day or month; where an older Morgue made the database, what counts them now."""
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (f"article_{unit}s",)).fetchone():
        return f"article_{unit}s"
    length = len("2026-05-01") if unit == "day" else len("2026-05")
    return (
        f"(SELECT substr(sort_at, 1, {length}) AS {unit}, ifnull(source, '') AS source, ifnull(language, '') AS language,"  # noqa: S608
        " count(*) AS articles FROM articles WHERE hidden = 0 GROUP BY 1, 2, 3)"
    )
