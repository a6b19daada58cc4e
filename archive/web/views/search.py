"""The search page: hits, how they are spread, and links that narrow or widen the question."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import get_args

from archive.errors import QueryError
from archive.query import Filters, Hit, search
from archive.query.facets import Facets, facets
from archive.query.search import Sort
from archive.web import charts, links, words
from archive.web.request import Desk, Feed, Page, Problem, Request
from archive.web.views.rows import HIT_COLUMNS, hit_data, hit_items, hit_rows

KINDS = tuple(words.KINDS)
_FILTERS = ("source", "language", "author", "kind", "since", "until")
_PER_PAGE = 20
_MOST = 200  # hits of one answer
_LAST_PAGE = 500
_BARS = 24  # that the chart has room for at least
_LONGEST = 10_000  # characters of what is searched for; more is an article pasted in
_COUNTING = 3.0  # seconds that facets may take: the hits are shown without them


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as the address says it."""

    text: str
    filters: Filters
    sort: Sort
    every: bool
    page: int
    limit: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet: how many hits have it, whether it is chosen, and the address that adds or removes it."""

    label: str
    number: int
    chosen: bool
    link: str


def asked_of(request: Request) -> Asked:
    """Return what a search's address asks. Raises `Problem` for a sort, kind or page that there is not."""
    text = (request.get("q") or "")[:_LONGEST]
    given = request.get("sort")
    sort: Sort = "relevance" if text and request.format != "atom" else "newest"
    for known in get_args(Sort):
        if given == known:
            sort = known
    if given and given not in get_args(Sort):
        raise Problem(
            400, "No such order", f"Hits cannot be sorted by “{given}”.", f"Use one of: {', '.join(get_args(Sort))}."
        )
    kind = request.get("kind")
    if kind and kind not in KINDS:
        raise Problem(400, "No such kind", f"There is no kind of copy “{kind}”.", f"Use one of: {', '.join(KINDS)}.")
    filters = Filters(
        since=request.get("since"),
        until=request.get("until"),
        source=request.get("source"),
        language=request.get("language"),
        author=request.get("author"),
        kind=kind,
    )
    limit = _number(request, "limit", _PER_PAGE if request.format in {"html", "json"} else _MOST, _MOST)
    if request.format == "html":
        limit = _PER_PAGE
    every = request.get("all") in {"1", "on", "yes", "true"}
    return Asked(text, filters, sort, every, _number(request, "page", 1, _LAST_PAGE), limit)


def results(desk: Desk, request: Request) -> Page:
    """Return the page of a search."""
    asked = asked_of(request)
    try:
        found = search(
            desk.reader,
            asked.text,
            **{name: getattr(asked.filters, name) for name in _FILTERS},
            sort=asked.sort,
            all=asked.every,
            limit=asked.limit + 1,
            offset=(asked.page - 1) * asked.limit,
            opted_out=desk.opted_out,
        )
    except QueryError as error:
        if desk.reader.late():
            raise
        raise Problem(400, "That cannot be searched for", str(error)) from error
    hits, more = found[: asked.limit], len(found) > asked.limit
    spread = _spread(desk, asked) if request.format in {"html", "json"} else None
    following = (
        links.with_query(request.query, ("page", str(asked.page + 1))) if more and asked.page < _LAST_PAGE else None
    )
    chosen = _chosen(asked)
    title = f"“{asked.text}”" if asked.text else "All articles" if asked.every else "All stories"
    return Page(
        template="search.html",
        title=f"{title} — search",
        values={
            "asked": asked,
            "hits": hits,
            "spread": spread,
            "bars": None
            if spread is None
            else charts.chart(charts.filled(spread.days, spread.unit, least=_BARS), height=64),
            "facets": [] if spread is None else _facets(request, asked, spread),
            "chosen": {name: (value, _without(request, name)) for name, value in chosen.items()},
            "bar_link": lambda label: links.with_query(
                request.query, ("since", label), ("until", label), ("page", None)
            ),
            "following": following,
            "previous": links.with_query(request.query, ("page", str(asked.page - 1))) if asked.page > 1 else None,
            "narrowed": bool(chosen),
            "without_filters": links.with_query((), ("q", asked.text or None)),
            "all_copies": links.with_query(request.query, ("all", None if asked.every else "1"), ("page", None)),
        },
        data=lambda: _data(asked, hits, spread, following),
        rows=lambda: (HIT_COLUMNS, hit_rows(hits)),
        feed=lambda: Feed(
            f"search:{links.with_query(sorted((k, v) for k, v in request.query if k != 'page'))}",
            f"Morgue: {title}",
            hit_items(hits),
        ),
    )


def _data(asked: Asked, hits: list[Hit], spread: Facets | None, following: str | None) -> object:
    return {
        "query": {"q": asked.text, "sort": asked.sort, "all": asked.every} | _chosen(asked),
        "total": None if spread is None else spread.total,
        "page": asked.page,
        "hits": [hit_data(hit) for hit in hits],
        "facets": None
        if spread is None
        else {k: v if isinstance(v, str) else dict(v) for k, v in asdict(spread).items() if k != "total"},
        "next": None if following is None else f"/search.json{following}",
    }


def _chosen(asked: Asked) -> dict[str, str]:
    return {name: value for name in _FILTERS if (value := getattr(asked.filters, name))}


def _spread(desk: Desk, asked: Asked) -> Facets | None:
    """Return how the hits are spread; None if counting takes too long."""
    import time

    before = desk.reader.until
    desk.reader.until = min(before, time.monotonic() + _COUNTING)
    try:
        return facets(desk.reader, asked.text, replace(asked.filters, opted_out=desk.opted_out), all=asked.every)
    except QueryError:
        if desk.reader.late():
            return None
        raise
    finally:
        desk.reader.until = before


def _facets(request: Request, asked: Asked, spread: Facets) -> list[tuple[str, list[Choice]]]:
    groups = (
        ("Source", "source", spread.sources, asked.filters.source),
        ("Language", "language", spread.languages, asked.filters.language),
        ("Author", "author", spread.authors, asked.filters.author),
        ("Kind of copy", "kind", spread.kinds, asked.filters.kind),
    )
    found = []
    for heading, name, numbers, chosen in groups:
        choices = [
            Choice(
                label,
                number,
                label == chosen,
                _without(request, name)
                if label == chosen
                else links.with_query(request.query, (name, label), ("page", None)),
            )
            for label, number in numbers
        ]
        if choices:
            found.append((heading, choices))
    return found


def _without(request: Request, name: str) -> str:
    return links.with_query(request.query, (name, None), ("page", None)) or "?"


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise Problem(400, "No such page", f"“{name}” is a number from 1 to {most}, not “{text[:40]}”.")
    return int(text)
