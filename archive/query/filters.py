"""What else a hit must be: filters, and the condition in SQL that they make. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from archive.errors import QueryError
from archive.query.guarded import PATTERN_LIMIT

Moment = datetime | date | str
PUBLIC = (
    " AND NOT EXISTS (SELECT 1 FROM opted_out o WHERE o.article = a.pk)"  # further condition for a row `a` of articles
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What else a hit must be. Times are of publication, or of the first capture where none is known."""

    since: Moment | None = None  # that time or later; a date means its beginning, UTC
    until: Moment | None = None  # that time or earlier; a date means its end, UTC
    source: str | None = None  # name of the source, or registered domain
    language: str | None = None  # ISO 639-1
    author: str | None = None  # a part of any author's name
    kind: str | None = None  # how it came into its story
    opted_out: bool = True  # False: without articles whose site asks to be left out


def moment(value: Moment, *, end: bool) -> str:
    """Return a time of a filter as it stands in `sort_at`; a date (or a month, a year) is its beginning or `end`.

    >>> moment("2026-05", end=True)
    '2026-05-31T23:59:59.999999Z'
    """
    try:
        at = _beginning_or_end(value, end=end)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise QueryError(
            f"{value!r} is not a date. Write it like 2026-05-01, 2026-05, 2026 or 2026-05-01T06:00:00Z."
        ) from error
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _beginning_or_end(value: Moment, *, end: bool) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.max if end else time.min)
    text = value.strip()
    if len(text) == len("2026") and text.isdigit():
        return datetime(int(text) + end, 1, 1) - timedelta(microseconds=end)  # noqa: DTZ001 - made UTC by the caller
    if len(text) == len("2026-05") and text[4] == "-":
        first = date.fromisoformat(f"{text}-01")
        after = (first + timedelta(days=31)).replace(day=1) if end else first
        return datetime.combine(after, time.min) - timedelta(microseconds=end)
    if len(text) == len("2026-05-01"):
        return datetime.combine(date.fromisoformat(text), time.max if end else time.min)
    return datetime.fromisoformat(text)


def condition(filters: Filters) -> tuple[str, list[object]]:
    """Return the condition for a row `a` of articles, and its values. Raises `QueryError` for dates that are none.

    Only columns of the index `articles_found` are named in it.
    """
    parts: list[str] = ["a.hidden = 0"]
    values: list[object] = []
    for clause, value in (
        ("a.sort_at >= ?", filters.since and moment(filters.since, end=False)),
        ("a.sort_at <= ?", filters.until and moment(filters.until, end=True)),
        ("(a.source = ? OR a.domain = ?)", filters.source),
        ("a.language = ?", filters.language),
        ("a.kind = ?", filters.kind),
        ("a.authors LIKE ? ESCAPE '\\'", filters.author and _like(filters.author)),
    ):
        if value:
            parts.append(clause)
            values += [value] * clause.count("?")
    if not filters.opted_out:
        return " AND ".join(parts) + PUBLIC, values
    return " AND ".join(parts), values


def _like(part: str) -> str:
    """Return a pattern for a part of the column's JSON, of as much of it as a pattern may hold."""
    pattern, left = "", PATTERN_LIMIT - 2
    for char in part[:PATTERN_LIMIT]:
        piece = json.dumps(char, ensure_ascii=False)[1:-1]  # as it stands there
        piece = piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        left -= len(piece.encode("utf-8", "replace"))
        if left < 0:
            break
        pattern += piece
    return f"%{pattern}%"
