"""The front page: what is new, how much there is, and how the sources are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from archive.query import search
from archive.query.overview import (
    Counts,
    SourceCount,
    SourceState,
    arrivals_by_day,
    counts,
    source_counts,
    source_state,
)
from archive.web.charts import Chart, chart, days
from archive.web.request import Desk, Feed, Page, Request
from archive.web.views.rows import HIT_COLUMNS, hit_data, hit_items, hit_rows
from archive.web.views.saved import saved_names

DAYS = 30  # that the chart shows
_STORIES = 14
_SOURCES = 8
_SAVED = 8  # saved searches that it names


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source with its days."""

    count: SourceCount
    chart: Chart
    state: SourceState


def front(desk: Desk, request: Request) -> Page:
    """Return the front page. As JSON, CSV and Atom it is its list of stories."""
    del request
    hits = search(desk.reader, "", sort="newest", limit=_STORIES, opted_out=desk.opted_out)
    known = counted_sources(desk)
    total = desk.lately("counts", Counts, lambda reader: counts(reader, opted_out=desk.opted_out))
    last = last_day(known, desk.now.date())
    span = days(last, DAYS)
    found = desk.lately("days", dict, lambda reader: arrivals_by_day(reader, span[0], opted_out=desk.opted_out))
    per_day = Counter[str]()
    for by_day in found.values():
        per_day.update(by_day)
    busiest = sorted(known, key=lambda one: (-sum(found.get(one.name, {}).values()), -one.articles, one.name))[
        :_SOURCES
    ]
    rows = source_rows(desk, busiest, found, span)
    return Page(
        template="front.html",
        title="Morgue",
        values={
            "hits": hits,
            "total": total,
            "sources": len(known),
            "chart": chart([(day, per_day[day]) for day in span], height=90),
            "rows": rows,
            "span": span,
            "found": found,
            "fresh": last == desk.now.date(),
            "saved": saved_names(desk)[:_SAVED],
        },
        data=lambda: {
            "counts": asdict(total) | {"sources": len(known)},
            "stories": [hit_data(hit) for hit in hits],
            "days": {day: per_day[day] for day in span},
            "sources": [
                {"name": row.count.name, "articles": row.count.articles, "last_new": row.count.last_new,
                 "days": found.get(row.count.name, {}), "problem": row.state.problem} for row in rows
            ],
        },
        rows=lambda: (HIT_COLUMNS, hit_rows(hits)),
        feed=lambda: Feed("front", "Morgue: latest stories", hit_items(hits)),
    )  # fmt: skip


def counted_sources(desk: Desk) -> list[SourceCount]:
    """Return the sources with their numbers of articles, as counted in the last minute."""
    return desk.lately("sources", list, lambda reader: source_counts(reader, opted_out=desk.opted_out))


def last_day(known: list[SourceCount], today: date) -> date:
    """Return the last day that a chart of recent days shows: today, or an archive's last day if it sleeps.

    What a stranger's file calls captured after today moves no chart.
    """
    found = (date.fromisoformat(one.last_new[:10]) for one in known)
    newest = max((day for day in found if day <= today), default=today)
    return newest if date.min + timedelta(days=DAYS) < newest <= today - timedelta(days=DAYS) else today


def source_rows(
    desk: Desk, known: list[SourceCount], found: Mapping[str | None, Mapping[str, int]], span: list[str]
) -> list[SourceRow]:
    """Return sources with their days, all drawn to one measure, and how they are."""
    top = max((number for one in known for number in found.get(one.name, {}).values()), default=0)
    return [
        SourceRow(
            one,
            chart([(day, found.get(one.name, {}).get(day, 0)) for day in span], width=240, height=28, top=top),
            source_state(desk.reader, one.name, one),
        )
        for one in known
    ]
