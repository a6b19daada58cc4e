"""A story: who told it first, who copied whom, how fast, and how sure that is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from archive.console import counted
from archive.errors import QueryError
from archive.query import members
from archive.query.overview import is_public
from archive.web import links, words
from archive.web.request import Desk, Feed, Item, Page, Problem, Redirect, Request

_LISTED = 200
_COLUMNS = ("id", "url", "title", "source", "domain", "published", "published_precision", "first_seen", "kind", "score", "of",
            "head", "seconds_after_head", "seconds_after_of")  # fmt: skip
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Moment:
    """One article on a story's timeline."""

    row: Row
    of: Row | None  # the member that it copies
    after: str  # how long after that one, in words
    after_first: str  # how long after the story's first
    first: bool


def story(desk: Desk, request: Request, name: str) -> Page | Redirect:
    """Return a story's page; another id of it leads there. Raises `Problem` (404)."""
    try:
        own, rows = members(desk.reader, name)
    except QueryError as error:
        if desk.reader.late():
            raise
        raise _unknown(name) from error
    if desk.public:
        rows = [row for row in rows if is_public(desk.reader, str(row["id"]))]
        if not rows:
            raise _unknown(name)
    if own != name:
        return Redirect(links.story(own) + ("" if request.format == "html" else f".{request.format}"))
    by_id = {row["id"]: row for row in rows}
    rows = [row if row["of"] in by_id else row | {"of": None, "score": None, "seconds_after_of": None} for row in rows]
    head = next((row for row in rows if row["head"]), rows[0])
    timeline = [_moment(row, by_id, first=place == 0, start=rows[0]) for place, row in enumerate(rows)]
    title = str(head["title"] or "(no title)")
    return Page(
        template="story.html",
        title=f"Story: {title}",
        values={
            "head": head,
            "name": own,
            "timeline": timeline[:_LISTED],
            "count": len(rows),
            "owners": len({row["source"] or row["domain"] for row in rows}),
            "span": words.span(spread) if (spread := _seconds(rows[-1]) - _seconds(rows[0])) else "",
            "sizes": _sizes(rows),
        },
        data=lambda: {"id": own, "head": head["id"], "members": rows},
        rows=lambda: (_COLUMNS, [[row[column] for column in _COLUMNS] for row in rows]),
        feed=lambda: Feed(f"story:{own}", f"Morgue: story “{title}”", [_item(row) for row in rows[::-1][:_LISTED]]),
    )


def _unknown(name: str) -> Problem:
    return Problem(
        404,
        "No such story",
        f"There is no story with the id {name}.",
        "A story has the id of the article that it began with; the id of any of its articles leads to it, too.",
    )


def _moment(row: Row, by_id: dict[object, Row], *, first: bool, start: Row) -> Moment:
    of = by_id.get(row["of"])
    rough = row["published_precision"] if row["published"] else None
    after = words.delay(row["seconds_after_of"], rough or (of["published_precision"] if of else None)) if of else ""
    since_start = _seconds(row) - _seconds(start)
    return Moment(
        row, of, after, "" if first else words.delay(since_start, rough or start["published_precision"]), first
    )


def _seconds(row: Row) -> float:
    value = row["seconds_after_head"]
    return float(value) if isinstance(value, int | float) else 0.0


def _sizes(rows: list[Row]) -> list[str]:
    """Say how many copies of each kind there are, the most first."""
    found = Counter(str(row["kind"]) for row in rows if row["kind"] in words.COPIES)
    return [counted(number, *words.COPIES[kind]) for kind, number in found.most_common()]


def _item(row: Row) -> Item:
    told = f"{row['kind']}" + (f", {words.percent(row['score'])} sure" if row["score"] else "")
    return Item(
        name=f"article:{row['id']}",
        title=str(row["title"] or "(no title)"),
        path=links.article(str(row["id"])),
        updated=str(row["first_seen"]),
        published=str(row["published"]) if row["published"] else None,
        summary=f"{row['source'] or row['domain']}: {told}",
        via=links.web(row["url"]),
    )
