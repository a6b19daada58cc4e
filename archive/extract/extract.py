"""One page in, one `Extraction` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from archive.errors import PayloadError, PayloadTooLargeError
from archive.extract import blocks as block_tools
from archive.extract import flags, metadata, published, selectors, text, title, verdict
from archive.extract import language as languages
from archive.extract.ballot import Ballot
from archive.extract.document import Document, TooLargeError, parse
from archive.extract.features import weigh
from archive.extract.page import WITHOUT, Judged, Page
from archive.extract.profile import lesson_from
from archive.extract.why import Choice, Why
from archive.model import RENDERED_TYPE, DiscoveryFact, Extraction, Rendered, Signal, Snapshot
from archive.optout import of_metas

_OF_THE_BODY = frozenset({"content-type", "content-encoding", "transfer-encoding", "content-length"})
_FIRST_LINE = 160  # characters of a first line that may stand as a title where the page has none


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page says, and how its text came to be."""

    extraction: Extraction
    body: text.Body | None = None  # None: the page was refused before its text was read
    twice: bool = False  # trafilatura was asked because the page would have been refused without


def extract(page: Page) -> Extraction:
    """Return what this page says, or the reason why it is no article. Pure; never raises for what a page contains.

    A page that cannot be read at all gives the reason "error-" and the name of what went wrong.
    """
    return read(page).extraction


def read(page: Page) -> Reading:
    """Return what `extract` says of this page with the decisions that led to its text."""
    reason = verdict.before_parsing(page)
    if reason is not None:
        return _refused(reason)
    try:
        document = parse(page)
        return _with_signals(_read(document), document) if document is not None else _refused("empty")
    except TooLargeError:
        return _refused("too-large")
    except Exception as error:  # noqa: BLE001 - four parsers run on bytes that anybody may send: one page, one reason
        return _refused(f"error-{type(error).__name__}")


def _refused(reason: str, canonical: str | None = None, body: text.Body | None = None) -> Reading:
    return Reading(Extraction.refused(reason, canonical=canonical), body)


def _with_signals(reading: Reading, document: Document) -> Reading:
    signals = of_metas(document.metas)
    return replace(reading, extraction=replace(reading.extraction, signals=signals)) if signals else reading


def lesson_of(page: Page) -> Mapping[str, object] | None:
    """Return what this page teaches of its site (`archive.extract.profile`), None if it is no article."""
    reading = read(replace(page, profile=None))
    if not reading.extraction.article or reading.body is None:
        return None
    choices = reading.body.choices
    return lesson_from(page.url, ((c.segment, weigh(c.segment.text), c.likely or 0.0, c.kept) for c in choices))


def extract_snapshot(
    snapshot: Snapshot,
    facts: Sequence[DiscoveryFact] = (),
    selectors: Mapping[str, str] | None = None,
    profile: Mapping[str, object] | None = None,
    *,
    thorough: bool = False,
) -> Extraction:
    """Decode a capture's content-coding within limits, then extract. `thorough`: see `Page`.

    Where a browser rendered the capture, that document is read, and the body as it was sent if the document makes no
    article; the provenance says under `body` which one it was.
    """
    shown = None
    if snapshot.rendered is not None:
        page = rendered_page_of(snapshot, snapshot.rendered, facts, selectors, profile)
        shown = extract(replace(page, thorough=thorough))
        if shown.article:
            return _asking(_read_from(shown, "rendered"), _signals_of_sent(snapshot))
    sent = _read_sent(snapshot, facts, selectors, profile, thorough=thorough).extraction
    if shown is None:
        return sent
    if sent.article:
        return _asking(_read_from(sent, "response"), shown.signals)
    return _asking(shown, sent.signals)


def first_reading(
    snapshot: Snapshot, facts: Sequence[DiscoveryFact] = (), selectors: Mapping[str, str] | None = None
) -> tuple[Extraction, Ballot | None]:
    """Return what `extract_snapshot` returns without a profile, and what a later profile can be heard about.

    No ballot: what a browser rendered has two documents, what went wrong may go well the next time, and a profile may
    leave so much of a page that trafilatura need not be asked.
    """
    if snapshot.rendered is not None:
        return extract_snapshot(snapshot, facts, selectors), None
    reading = _read_sent(snapshot, facts, selectors)
    if reading.twice or (reading.extraction.reason or "").startswith("error-"):
        return reading.extraction, None
    body = reading.body
    choices, base = (body.choices, body.base) if body is not None else ((), "")
    return reading.extraction, Ballot.of(snapshot.url, reading.extraction, choices, base)


def read_with(
    ballot: Ballot,
    profile: Mapping[str, object] | None,
    snapshot: Snapshot,
    facts: Sequence[DiscoveryFact] = (),
    selectors: Mapping[str, str] | None = None,
) -> Extraction:
    """Return what `extract_snapshot` returns, of a capture that `first_reading` read with the same facts and selectors."""
    if profile is None or not ballot.moved_by(profile):
        return ballot.extraction
    return _read_sent(snapshot, facts, selectors, profile, ballot.judged).extraction


def _read_sent(
    snapshot: Snapshot,
    facts: Sequence[DiscoveryFact],
    selectors: Mapping[str, str] | None,
    profile: Mapping[str, object] | None = None,
    judged: Judged | None = None,
    *,
    thorough: bool = False,
) -> Reading:
    """Read the body of a capture as it was sent."""
    try:
        return read(replace(page_of(snapshot, facts, selectors, profile), judged=judged, thorough=thorough))
    except PayloadTooLargeError:
        return _refused("too-large")
    except PayloadError:
        return _refused("error-payload")


def _asking(extraction: Extraction, more: Iterable[Signal]) -> Extraction:
    """Return the extraction with what the capture's other document asks as well: a script does not take back a noarchive."""
    known = {(one.name, one.via) for one in extraction.signals}
    return replace(
        extraction, signals=(*extraction.signals, *(one for one in more if (one.name, one.via) not in known))
    )


def _signals_of_sent(snapshot: Snapshot) -> tuple[Signal, ...]:
    """Return what the body of a rendered capture asked as it was sent; () where it cannot be read."""
    try:
        document = parse(page_of(snapshot))
    except Exception:  # noqa: BLE001 - as in `read`: anybody may have sent these bytes, and the rendering was read already
        return ()
    return of_metas(document.metas) if document is not None else ()


def _read_from(extraction: Extraction, body: str) -> Extraction:
    return replace(extraction, provenance=dict(sorted({**extraction.provenance, "body": body}.items())))


def snapshot_lesson(
    snapshot: Snapshot, facts: Sequence[DiscoveryFact] = (), selectors: Mapping[str, str] | None = None
) -> Mapping[str, object] | None:
    """Return what a capture teaches of its site, read from the body that `extract_snapshot` reads. Raises `PayloadError`."""
    if snapshot.rendered is not None:
        taught = lesson_of(rendered_page_of(snapshot, snapshot.rendered, facts, selectors))
        if taught is not None:
            return taught
    return lesson_of(page_of(snapshot, facts, selectors))


def rendered_page_of(
    snapshot: Snapshot,
    rendered: Rendered,
    facts: Sequence[DiscoveryFact] = (),
    selectors: Mapping[str, str] | None = None,
    profile: Mapping[str, object] | None = None,
) -> Page:
    """Return the document that a browser made of a capture as a page."""
    sent = tuple((name, value) for name, value in snapshot.headers if name.lower() not in _OF_THE_BODY)
    plain = replace(snapshot, headers=(*sent, ("Content-Type", RENDERED_TYPE)), body=rendered.body)
    return page_of(plain, facts, selectors, profile)


def page_of(
    snapshot: Snapshot,
    facts: Sequence[DiscoveryFact] = (),
    selectors: Mapping[str, str] | None = None,
    profile: Mapping[str, object] | None = None,
) -> Page:
    """Return a capture as a page, its content-coding removed. Raises `PayloadError`."""
    from archive import payload

    return Page(
        url=snapshot.url,
        captured_at=snapshot.captured_at,
        headers=snapshot.headers,
        body=payload.decode_content(snapshot.headers, snapshot.body, limit=verdict.MAX_BODY),
        facts=tuple(facts),
        selectors=dict(selectors or {}),
        profile=profile,
        role=snapshot.role,
        status=snapshot.status,
        truncated=snapshot.cut is not None,
    )


def _read(document: Document) -> Reading:
    selected = selectors.apply(document)
    canonical = metadata.canonical(document)
    reason = verdict.of_document(document)
    if reason is not None:
        return _refused(reason, canonical)
    sites = title.site_names(document)
    headline = (selected.title, "selector") if selected.title else title.find(document, sites)
    titles = [t for t, _ in title.candidates(document, sites)]
    if headline:
        titles.append(headline[0])
    if selected.text:
        chosen = [Choice(segment, kept=True, why=Why.SELECTOR) for segment in selected.segments]
        body = text.body_of(chosen, selected.text, "selector", titles, document.declared_language)
        return _told(document, selected, headline, canonical, body)
    reading = _told(document, selected, headline, canonical, text.read(document, titles))
    if reading.extraction.article or (reading.body is not None and reading.body.base != WITHOUT):
        return reading
    thorough = text.read(document, titles, thorough=True)
    return replace(_told(document, selected, headline, canonical, thorough), twice=True)


def _told(
    document: Document,
    selected: selectors.Selected,
    headline: tuple[str, str] | None,
    canonical: str | None,
    body: text.Body,
) -> Reading:
    """Return what the page says if this is its text."""
    parts = list(body.blocks)
    if headline is None and parts:
        headline, parts = _first_line(parts)
        if len(parts) < len(body.blocks):
            body = body.without_first(Why.HEADLINE)
    named = headline[0] if headline else None
    when = selected.published
    dated = published.Dated(when, "selector") if when else published.find(document, body.dated, named)
    names = (
        (selected.authors, "selector")
        if selected.authors
        else metadata.authors(document, named) or ((body.signed, "text") if body.signed else None)
    )
    reason = verdict.of_text(
        document,
        parts,
        dated=dated.via if dated else None,
        authors=names is not None,
        title=headline[0] if headline else None,
    )
    if reason is not None:
        return _refused(reason, canonical, body)
    found = {"title": headline, "authors": names, "text": (block_tools.text_of(parts), body.base)}
    extraction = _assemble(document, found, dated, canonical, block_tools.markdown_of(parts))
    if selected.missed:
        provenance = {**extraction.provenance, **selected.provenance()}
        extraction = replace(extraction, provenance=dict(sorted(provenance.items())))
    return Reading(extraction, body)


def _first_line(parts: list[block_tools.Block]) -> tuple[tuple[str, str] | None, list[block_tools.Block]]:
    """Take the first line for the title of a page that names none; a headline leaves the text, a sentence stays."""
    line = parts[0].text.split("\n")[0]
    if parts[0].kind not in {"p", "head"} or len(parts) == 1:
        return None, parts
    sentence = line.rstrip("”\"'»").endswith((".", "…", ":", ";", ",")) or len(line) > _FIRST_LINE
    if not sentence:
        return (line, "text"), parts[1:] if line == parts[0].text else parts
    short = line if len(line) <= _FIRST_LINE else line[:_FIRST_LINE].rsplit(" ", 1)[0] + "…"
    return (short, "first-line"), parts


def _assemble(
    document: Document,
    read: Mapping[str, tuple[object, str] | None],
    dated: published.Dated | None,
    canonical: str | None,
    markdown: str,
) -> Extraction:
    body = read["text"]
    plain = _text(body[0]) if body else None
    found: dict[str, tuple[object, str] | None] = {
        **read,
        "language": languages.find(document, plain or ""),
        "image": metadata.image(document),
        "section": metadata.section(document),
        "keywords": metadata.keywords(document),
        "description": metadata.description(document),
        "paywall": flags.paywall(document),
        "live_blog": flags.live_blog(document),
    }
    changed = published.modified(document)
    provenance = {name: value[1] for name, value in found.items() if value}
    provenance["charset"] = f"{document.encoding_via}:{document.encoding}"
    if dated:
        provenance["published"] = dated.via
    if changed:
        provenance["modified"] = changed.via
    value = {name: got[0] if got else None for name, got in found.items()}
    return Extraction(
        article=True,
        title=_text(value["title"]),
        authors=_tuple(value["authors"]),
        published=dated.when.text if dated else None,
        published_precision=dated.when.precision if dated else None,
        published_via=dated.via if dated else None,
        modified=changed.when.text if changed else None,
        language=_text(value["language"]),
        text=plain,
        markdown=markdown,
        canonical=canonical,
        image=_text(value["image"]),
        section=_text(value["section"]),
        keywords=_tuple(value["keywords"]),
        description=_text(value["description"]),
        paywall=None if value["paywall"] is None else bool(value["paywall"]),
        live_blog=bool(value["live_blog"]),
        provenance=dict(sorted(provenance.items())),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _tuple(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
