"""All sources, and one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from archive.query.overview import Entry, SourceCount, arrivals_by_day, articles_of, source_state
from archive.web import charts, links
from archive.web.request import Desk, Feed, Item, Page, Problem, Request
from archive.web.views.front import DAYS, SourceRow, counted_sources, last_day, source_rows
from archive.web.views.paging import page_of, pager

_PER_PAGE = 100
_ARTICLES = 30
_LONG = 90  # days of a source's own chart
_COLUMNS = ("name", "articles", "last_new", "last_read", "pages_read", "no_article", "problem")
_ARTICLE_COLUMNS = ("id", "url", "title", "authors", "published", "published_precision", "language", "first_seen", "gone_at",
                    "kind", "word_count")  # fmt: skip


def sources(desk: Desk, request: Request) -> Page:
    """Return the list of sources, most articles first. JSON and CSV have the same page of it."""
    known = counted_sources(desk)
    page = page_of(request)
    shown = known[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    span = charts.days(last_day(known, desk.now.date()), DAYS)
    found = desk.lately("days", dict, lambda reader: arrivals_by_day(reader, span[0], opted_out=desk.opted_out))
    rows = source_rows(desk, shown, found, span)
    data = [_data(row) for row in rows]
    return Page(
        template="sources.html",
        title="Sources",
        values={"rows": rows, "count": len(known), "span": span}
        | pager(request, page, more=page * _PER_PAGE < len(known)),
        data=lambda: {"count": len(known), "page": page, "sources": data},
        rows=lambda: (_COLUMNS, [[row[column] for column in _COLUMNS] for row in data]),
    )


def _data(row: SourceRow) -> dict[str, object]:
    read = row.state.readings
    return {
        "name": row.count.name,
        "page": links.source(row.count.name),
        "articles": row.count.articles,
        "last_new": row.count.last_new,
        "last_read": _iso(row.state.last_read),
        "pages_read": read.read,
        "no_article": read.refused,
        "reasons": read.reasons,
        "problem": row.state.problem,
    }


def source(desk: Desk, request: Request, name: str) -> Page:
    """Return the page of a source, or of a registered domain whose pages are of no source. Raises `Problem` (404)."""
    known = next((one for one in counted_sources(desk) if one.name == name), None)
    page = page_of(request)
    found = articles_of(
        desk.reader,
        name,
        domain=known is None,
        limit=_ARTICLES + 1,
        offset=(page - 1) * _ARTICLES,
        opted_out=desk.opted_out,
    )
    if known is None and not found:
        raise Problem(
            404,
            "No such source",
            f"There is no source with articles that is called “{name}”.",
            "All sources are listed on their page.",
        )
    entries = found[:_ARTICLES]
    state = source_state(desk.reader, name, known)
    end = last_day([known] if known else [], desk.now.date())
    span = charts.days(end, _LONG)
    numbers: Mapping[str, int] = {}
    if known is not None:
        numbers = arrivals_by_day(desk.reader, span[0], source=name, opted_out=desk.opted_out).get(name, {})
    return Page(
        template="source.html",
        title=name,
        values={
            "name": name,
            "known": known,
            "entries": [(one, _authors(one)) for one in entries],
            "state": state,
            "chart": charts.chart([(day, numbers.get(day, 0)) for day in span], height=80),
        }
        | pager(request, page, more=len(found) > _ARTICLES),
        data=lambda: _source_data(name, known, state.problem, _iso(state.last_read), entries),
        rows=lambda: (
            _ARTICLE_COLUMNS,
            [
                [row[column] for column in _ARTICLE_COLUMNS]
                for row in (asdict(one) | {"authors": "; ".join(_authors(one))} for one in entries)
            ],
        ),
        feed=lambda: Feed(f"source:{name}", f"Morgue: {name}", [_item(one) for one in entries]),
    )


def _source_data(
    name: str, known: SourceCount | None, problem: str | None, last_read: str | None, entries: list[Entry]
) -> object:
    return {
        "name": name,
        "articles": known.articles if known else None,
        "last_new": known.last_new if known else None,
        "last_read": last_read,
        "problem": problem,
        "newest": [asdict(one) | {"authors": _authors(one), "page": links.article(one.id)} for one in entries],
    }


def _authors(entry: Entry) -> list[str]:
    return [str(name) for name in json.loads(entry.authors)]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _item(entry: Entry) -> Item:
    return Item(
        name=f"article:{entry.id}",
        title=entry.title or "(no title)",
        path=links.article(entry.id),
        updated=entry.first_seen,
        published=entry.published,
        authors=tuple(_authors(entry)),
        via=links.web(entry.url),
        language=entry.language,
    )
