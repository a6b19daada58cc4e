"""Pages of long lists."""

from __future__ import annotations

from archive.web import links
from archive.web.request import Problem, Request

_DIGITS = 4  # of a page's number: nobody reads further


def page_of(request: Request) -> int:
    """Return which page of a list is asked for. Raises `Problem` for none."""
    text = request.get("page") or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        raise Problem(400, "No such page", f"“page” is a number from 1 on, not “{text[:40]}”.")
    return int(text)


def pager(request: Request, page: int, *, more: bool) -> dict[str, object]:
    """Return the addresses of the pages before and after one."""
    return {
        "previous": links.with_query(request.query, ("page", str(page - 1))) if page > 1 else None,
        "following": links.with_query(request.query, ("page", str(page + 1))) if more else None,
    }
