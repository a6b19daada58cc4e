"""Saved searches: their list, and what each finds now, newest first; as a feed what a reader of feeds may follow."""

from __future__ import annotations

from collections.abc import Sequence

from archive.errors import QueryError, SourcesError
from archive.query import Hit, count, search
from archive.query.saved import FILTERS, filters_of, question_of
from archive.sources import SavedSearch
from archive.web import links
from archive.web.request import Desk, Feed, Page, Problem, Request
from archive.web.views.paging import page_of, pager
from archive.web.views.rows import HIT_COLUMNS, hit_data, hit_items, hit_rows

MOST = 200  # hits of one feed or list
_PER_PAGE = 20
_LAST_PAGE = 500
_COLUMNS = ("name", "words", *FILTERS, "all")


def searches(desk: Desk, request: Request) -> Page:
    """Return the list of saved searches."""
    del request
    known = _known(desk)
    return Page(
        template="saved.html",
        title="Saved searches",
        values={"known": [(one, _said(one)) for one in known]},
        data=lambda: {
            "searches": [{"name": one.name, "page": links.saved(one.name), "query": question_of(one)} for one in known]
        },
        rows=lambda: (_COLUMNS, [[getattr(one, column) for column in _COLUMNS] for one in known]),
    )


def found(desk: Desk, request: Request, name: str) -> Page:
    """Return what a saved search finds, newest first. Raises `Problem` (404)."""
    saved = next((one for one in _known(desk) if one.name == name), None)
    if saved is None:
        hint = "All saved searches are listed on their page."
        raise Problem(404, "No such search", f"There is no saved search called “{name}”.", hint)
    page = page_of(request)
    if page > _LAST_PAGE:
        raise Problem(400, "No such page", f"“page” is a number from 1 to {_LAST_PAGE}.")
    limit = _PER_PAGE if request.format == "html" else MOST
    hits = ask(desk, saved, limit=limit + 1, offset=(page - 1) * limit)
    return Page(
        template="savedsearch.html",
        title=f"{saved.name} — saved search",
        values={
            "saved": saved,
            "said": _said(saved),
            "hits": hits[:limit],
            "total": _total(desk, saved),
            "elsewhere": links.with_query((), *_query(saved)),
        }
        | pager(request, page, more=len(hits) > limit and page < _LAST_PAGE),
        data=lambda: {
            "name": saved.name,
            "query": question_of(saved),
            "page": page,
            "hits": [hit_data(hit) for hit in hits[:limit]],
            "next": f"{links.saved(saved.name)}.json?page={page + 1}" if len(hits) > limit else None,
        },
        rows=lambda: (HIT_COLUMNS, hit_rows(hits[:limit])),
        feed=lambda: feed_of(saved, hits[:limit]),
    )


def ask(desk: Desk, saved: SavedSearch, *, limit: int, offset: int = 0) -> list[Hit]:
    """Return the newest that a saved search finds."""
    try:
        return search(
            desk.reader,
            saved.words,
            **{name: getattr(saved, name) for name in FILTERS},
            sort="newest",
            all=saved.all,
            limit=limit,
            offset=offset,
            opted_out=desk.opted_out,
        )
    except QueryError as error:
        if desk.reader.late():
            raise
        raise Problem(400, "That cannot be searched for", str(error)) from error


def feed_of(saved: SavedSearch, hits: Sequence[Hit]) -> Feed:
    """Return a saved search as a feed. Its id is its name's: it stays when words or filters change."""
    return Feed(f"saved:{saved.name}", f"Morgue: {saved.name}", hit_items(hits))


def saved_names(desk: Desk) -> list[str]:
    """Return the names of the saved searches; none where sources.toml cannot be read: other pages do without it."""
    if desk.searches is None:
        return []
    try:
        return [one.name for one in desk.searches()]
    except SourcesError:
        return []


def _known(desk: Desk) -> Sequence[SavedSearch]:
    if desk.searches is None:
        raise Problem(
            404, "Nothing here", "Saved searches are not shown in public.", "Start at the front page, or search."
        )
    try:
        return desk.searches()
    except SourcesError as error:
        hint = "Mend the file; what is crawled depends on it, too."
        raise Problem(503, "Saved searches cannot be read", str(error), hint) from error


def _total(desk: Desk, saved: SavedSearch) -> int | None:
    """Return how many there are; None if counting takes too long."""
    try:
        return count(desk.reader, saved.words, filters_of(saved, opted_out=desk.opted_out), all=saved.all)
    except QueryError:
        return None


def _said(saved: SavedSearch) -> list[tuple[str, str]]:
    """Return filters as words for people."""
    return [
        (name, "every copy" if value is True else str(value))
        for name, value in question_of(saved).items()
        if name != "words"
    ]


def _query(saved: SavedSearch) -> list[tuple[str, str | None]]:
    """Return the same question for the search page."""
    filters = [(name, getattr(saved, name)) for name in FILTERS]
    return [("q", saved.words or None), *filters, ("all", "1" if saved.all else None), ("sort", "newest")]
