"""An article made for reading, one of its revisions, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from archive.diffing import Budget, Part, Span
from archive.diffing import Kind as PartKind
from archive.errors import QueryError
from archive.query import Changes, Shown, Step, changes, revisions_at, show
from archive.query.overview import is_public
from archive.web import links, words
from archive.web.request import Desk, Page, Problem, Redirect, Request

_NAMED = 3  # authors that a citation writes out
_LISTED = 40  # revisions, copies, captures that a page lists; JSON has all
_CAPTURE = (
    "url",
    "captured_at",
    "status",
    "mime",
    "record_type",
    "payload_digest",
    "truncated",
    "extraction",
    "reason",
)


def found_article(desk: Desk, name: str, rest: str = "") -> Shown | Redirect:
    """Return an article by its own id; by another one (an alias, a story) where it is. Raises `Problem` (404).

    `rest`: what follows the id in the address, quoted as a path or a query is.
    """
    try:
        shown = show(desk.reader, name)
    except QueryError as error:
        if desk.reader.late():
            raise
        raise _unknown(name) from error
    own = str(shown.article["id"])
    if desk.public and not is_public(desk.reader, own):
        raise _unknown(name)
    return shown if own == name else Redirect(links.article(own) + rest)


def _unknown(name: str) -> Problem:
    return Problem(
        404,
        "No such article",
        f"There is no article with the id {name}.",
        "Ids look like a-2qcpazqdgtjq and stay the same when an archive is rebuilt. Look for it by its words.",
    )


def article(desk: Desk, request: Request, name: str, time: str | None) -> Page | Redirect:
    """Return an article's page, or that of the revision seen from `time`."""
    ending = "" if request.format == "html" else f".{request.format}"
    found = found_article(desk, name, (f"@{quote(time, safe=':')}" if time else "") + ending)
    if isinstance(found, Redirect):
        return found
    about = found.article
    revision = None if time is None else _revision(found, time)
    if desk.public:
        found = _public(desk, found)
    told = revision or about
    title = str(told["title"] or "(no title)")
    revisions = [row for row in found.revisions if row["cause"] == "publisher"]
    return Page(
        template="article.html",
        title=title,
        values={
            "article": about,
            "told": told,
            "revision": revision,
            "revisions": _marked(found.revisions)[-_LISTED:][::-1],
            "marked": None if revision is None else _mark(revision),
            "revision_count": len(found.revisions),
            "edited": len(revisions) > 1,
            "copies": found.copies[:_LISTED],
            "copy_count": len(found.copies),
            "captures": found.captures[-_LISTED:][::-1],
            "capture_count": len(found.captures),
            "last": found.captures[-1] if found.captures else None,
            "live": links.web(about["url"]),
            "cited": citation(about, revision),
            "original": next((row for row in found.copies if row["id"] == about["of"]), None),
            "provenance": _provenance(about),
            "archived": None
            if desk.public
            else links.archived(str(about["id"]), None if revision is None else str(revision["seen_from"])),
        },
        data=lambda: _data(found, revision, public=desk.public),
    )


def _mark(row: Mapping[str, object]) -> str:
    """Return what names a revision behind its article's id: when it was first seen; of an earlier reading also its number."""
    return f"{row['seen_from']}~{row['seq']}" if row["cause"] == "extractor" else str(row["seen_from"])


def _marked(revisions: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Return revisions with their marks, and which one the publisher's history begins with."""
    first = next((n for n, row in enumerate(revisions) if row["cause"] == "publisher"), None)
    return [{**row, "mark": _mark(row), "first": n == first} for n, row in enumerate(revisions)]


def _revision(shown: Shown, time: str) -> dict[str, object]:
    """Return the revision first seen at a time, or at one that begins like it. Raises `Problem` (404)."""
    found = revisions_at(shown.revisions, time) if time else []
    if found:
        return next((row for row in found if row["cause"] == "publisher"), found[0])
    raise Problem(
        404,
        "No such revision",
        f"{shown.article['id']} has no revision that was first seen at {time}.",
        "A takedown or a later capture may have changed its history; the article itself is still here.",
    )


def _public(desk: Desk, shown: Shown) -> Shown:
    """Return an article without copies that opt out."""
    from dataclasses import replace

    copies = tuple(row for row in shown.copies if is_public(desk.reader, str(row["id"])))
    about = shown.article | (
        {} if any(row["id"] == shown.article["of"] for row in copies) else {"of": None, "score": None}
    )
    return replace(shown, copies=copies, article=about)


def _data(shown: Shown, revision: Mapping[str, object] | None, *, public: bool) -> dict[str, object]:
    captures: Sequence[Mapping[str, object]] = shown.captures
    if public:  # where records lie on this machine is nobody else's affair
        captures = [{name: row[name] for name in _CAPTURE} for row in captures]
    told: dict[str, object] = dict(shown.article) | {"revisions": list(shown.revisions), "copies": list(shown.copies)}
    told["captures"] = list(captures)
    return told if revision is None else told | {"revision": revision}


def _provenance(about: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return where title, authors, language and text come from, in words."""
    known = about["provenance"]
    if not isinstance(known, dict):
        return []
    return [(name, words.via(known[name])) for name in ("title", "authors", "language", "text") if known.get(name)]


def citation(about: Mapping[str, object], revision: Mapping[str, object] | None) -> str:
    """Return how to cite an article: who, what, where, when, and in which state it was read.

    >>> citation({"authors": ["Ann Author"], "title": "Tide", "source": "News", "domain": "news.example", "id": "a-x",
    ...           "published": "2026-05-20", "published_precision": "day", "url": "https://news.example/tide",
    ...           "last_seen": "2026-05-21T06:00:00.000000Z"}, None)
    'Ann Author: “Tide”. News, 20 May 2026. https://news.example/tide (as seen on 21 May 2026; archive id a-x).'
    """
    authors = about["authors"]
    by = ""
    if isinstance(authors, list) and authors:
        by = f"{', '.join(map(str, authors[:_NAMED]))}{' et al.' if len(authors) > _NAMED else ''}: "
    title = (revision or about)["title"] or "Untitled"
    published = words.day(about["published"], about["published_precision"]) or "undated"
    seen = revision["seen_from"] if revision else about["last_seen"]
    name = f"{about['id']}@{seen}" if revision else about["id"]
    where = about["source"] or about["domain"]
    return f"{by}“{title}”. {where}, {published}. {about['url']} (as seen on {words.day(seen)}; archive id {name})."


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph of a diff."""

    kind: str  # same, added, removed, changed, moved
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Paragraphs in a row that are all unchanged, or all changed."""

    same: bool
    pieces: tuple[Piece, ...]


def difference(desk: Desk, request: Request, name: str) -> Page | Redirect:
    """Return what changed between two revisions of an article: the last change, if none are named."""
    ending = "" if request.format == "html" else f".{request.format}"
    found = found_article(desk, name, f"/diff{ending}{links.with_query(request.query)}")
    if isinstance(found, Redirect):
        return found
    try:
        told = changes(desk.reader, name, start=request.get("from"), end=request.get("to"))
    except QueryError as error:
        if desk.reader.late():
            raise
        raise Problem(400, "These cannot be compared", str(error)) from error
    step = told.steps[0] if told.steps else None
    return Page(
        template="diff.html",
        title=f"Changes: {told.article['title'] or '(no title)'}",
        values={
            "article": told.article,
            "step": step,
            "runs": [] if step is None else _runs(step),
            "title_spans": None if step is None else step.change.title,
            "revisions": told.revisions,
            "same": step is not None and step.change.title is None and not step.change.changed,
            "earlier": _neighbour(told, step, -1),
            "later": _neighbour(told, step, 1),
        },
        data=lambda: _diff_data(told, step),
    )


def _neighbour(told: Changes, step: Step | None, way: int) -> str | None:
    """Return the address of the step before or after one."""
    if step is None:
        return None
    first, second = (
        (step.before.number - 2, step.before.number - 1) if way < 0 else (step.after.number - 1, step.after.number)
    )
    if first < 0 or second >= len(told.revisions):
        return None
    return links.diff(str(told.article["id"]), told.revisions[first].seen_from, told.revisions[second].seen_from)


def _runs(step: Step) -> list[Run]:
    from itertools import groupby

    budget = Budget()
    found = []
    for same, group in groupby(step.change.parts, lambda part: part.kind is PartKind.SAME or part.left):
        parts: list[Part] = [part for part in group if not (same and part.left)]
        if parts:
            found.append(
                Run(same, tuple(Piece(part.kind.value, _spans(step, part, budget, same=same)) for part in parts))
            )
    return found


def _spans(step: Step, part: Part, budget: Budget, *, same: bool) -> tuple[Span, ...]:
    from archive.diffing import Op

    return (Span(Op.EQUAL, part.shown),) if same else step.change.words(part, budget)


def _diff_data(told: Changes, step: Step | None) -> dict[str, object]:
    data: dict[str, object] = {
        "id": told.article["id"],
        "url": told.article["url"],
        "revisions": [
            {
                "number": one.number,
                "seen_from": one.seen_from,
                "seen_to": one.seen_to,
                "cause": one.cause,
                "title": one.title,
            }
            for one in told.revisions
        ],
    }
    if step is None:
        return data | {"from": None, "to": None, "cause": None, "title": None, "paragraphs": []}
    budget = Budget()
    return data | {
        "from": step.before.seen_from,
        "to": step.after.seen_from,
        "cause": step.cause,
        "title": None if step.change.title is None else [step.before.title, step.after.title],
        "paragraphs": [
            {"kind": part.kind.value, "number": part.number, "before": part.before, "after": part.after,
             "words": [[span.op.value, span.text] for span in step.change.words(part, budget)]}
            for part in step.change.changed
        ],
    }  # fmt: skip
