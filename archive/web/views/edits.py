"""What publishers edited after publication, and what is gone: newest first, page by page by time."""

from __future__ import annotations

import re
from dataclasses import asdict

from archive.diffing import Op, Span
from archive.diffing.words import word_changes
from archive.query.edits import Edit, Gone, Piece, edits, gone
from archive.web import links
from archive.web.request import Desk, Feed, Item, Page, Problem, Request

_PER_PAGE = 30
_QUOTED = 400  # characters of a paragraph
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?Z?)?")
_EDIT_COLUMNS = ("id", "seen_from", "title", "source", "url", "published", "changed", "before", "after")
_GONE_COLUMNS = ("id", "gone_at", "title", "source", "url", "published", "first_seen", "last_seen")


def edited(desk: Desk, request: Request) -> Page:
    """Return the page of edits."""
    before, source = _before(request), request.get("source")
    found = edits(desk.reader, before=before, source=source, limit=_PER_PAGE + 1, opted_out=desk.opted_out)
    shown = found[:_PER_PAGE]
    following = links.with_query(request.query, ("before", shown[-1].seen_from)) if len(found) > _PER_PAGE else None
    return Page(
        template="changes.html",
        title="Edited after publication",
        values={
            "edits": shown,
            "quoted": [[_quoted(piece) for piece in one.pieces] for one in shown],
            "source": source,
            "before": before,
            "following": following,
        },
        data=lambda: {
            "changes": [_edit_data(one) for one in shown],
            "next": following and f"{request.path}.json{following}",
        },
        rows=lambda: (_EDIT_COLUMNS, [_edit_row(one) for one in shown]),
        feed=lambda: Feed(
            f"changes:{source or ''}", "Morgue: edited after publication", [_edit_item(one) for one in shown]
        ),
    )


def _quoted(piece: Piece) -> tuple[str, tuple[Span, ...]]:
    """Return a piece with its words that went and came, cut to what a list has room for."""
    before, after = (None if text is None else cut(text) for text in (piece.before, piece.after))
    if piece.kind == "moved" or before == after:
        return piece.kind, (Span(Op.EQUAL, after or before or ""),)
    if before is None or after is None:
        return piece.kind, (Span(Op.REMOVED if after is None else Op.ADDED, before or after or ""),)
    return piece.kind, word_changes(before, after)


def cut(text: str) -> str:
    """Return the beginning of a text, whole words.

    >>> cut("tide"), cut("tide " * 200)[-7:]
    ('tide', ' tide …')
    """
    if len(text) <= _QUOTED:
        return text
    return f"{text[:_QUOTED].rpartition(' ')[0] or text[:_QUOTED]} …"


def _before(request: Request) -> str | None:
    before = request.get("before")
    if before is not None and not _TIME.fullmatch(before):
        raise Problem(
            400, "No such time", f"“{before[:40]}” is not a time.", "Write it like 2026-05-01 or 2026-05-01T06:00:00Z."
        )
    return before


def _edit_data(edit: Edit) -> dict[str, object]:
    return asdict(edit) | {"kinds": dict(edit.kinds), "page": links.diff(edit.id, end=edit.seen_from)}


def _edit_row(edit: Edit) -> list[object]:
    first = edit.pieces[0]
    told = "; ".join(f"{number} {kind}" for kind, number in edit.kinds)
    return [edit.id, edit.seen_from, edit.title, edit.source, edit.url, edit.published, told, first.before, first.after]


def _edit_item(edit: Edit) -> Item:
    first = edit.pieces[0]
    told = ", ".join(f"{number} {kind}" for kind, number in edit.kinds)
    return Item(
        name=f"revision:{edit.id}@{edit.seen_from}",
        title=edit.title or "(no title)",
        path=links.diff(edit.id, end=edit.seen_from),
        updated=edit.seen_from,
        published=edit.published,
        summary=f"{told}. Before: {first.before or '—'} After: {first.after or '—'}",
        via=links.web(edit.url),
        language=edit.language,
    )


def vanished(desk: Desk, request: Request) -> Page:
    """Return the page of what is gone."""
    before, source = _before(request), request.get("source")
    found = gone(desk.reader, before=before, source=source, limit=_PER_PAGE + 1, opted_out=desk.opted_out)
    shown = found[:_PER_PAGE]
    following = links.with_query(request.query, ("before", shown[-1].gone_at)) if len(found) > _PER_PAGE else None
    return Page(
        template="gone.html",
        title="Gone since",
        values={"gone": shown, "source": source, "before": before, "following": following},
        data=lambda: {
            "gone": [asdict(one) | {"page": links.article(one.id)} for one in shown],
            "next": following and f"{request.path}.json{following}",
        },
        rows=lambda: (_GONE_COLUMNS, [[getattr(one, column) for column in _GONE_COLUMNS] for one in shown]),
        feed=lambda: Feed(f"gone:{source or ''}", "Morgue: gone since", [_gone_item(one) for one in shown]),
    )


def _gone_item(one: Gone) -> Item:
    return Item(
        name=f"gone:{one.id}@{one.gone_at}",
        title=one.title or "(no title)",
        path=links.article(one.id),
        updated=one.gone_at,
        published=one.published,
        summary=f"Its address has answered “not found” since {one.gone_at}.",
        via=links.web(one.url),
        language=one.language,
    )
