"""When an article was published, by the most trustworthy witness that is believable.

`modified` never stands in for `published`. What lies after the capture is refused, and the next witness is heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from archive.extract import dateline, dates, jsonld, near
from archive.extract.dates import When
from archive.extract.document import Document, Element, inner_text
from archive.model import Via

_PUBLISHED = (
    "article:published_time", "article:published", "og:article:published_time", "og:published_time", "datepublished",
    "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime", "dc.date.issued",
    "dcterms.issued", "dc.date.created", "dcterms.created", "dc.created", "publish-date", "publish_date", "publishdate",
    "published_date", "published-date", "published_time", "pubdate", "publication_date", "publication-date", "ptime",
    "article.published", "article:published_date", "article_date_original", "originalpublicationdate", "date_published",
    "vr:published_time", "bt:pubdate", "rbpubdate", "mediator_published_time", "citation_publication_date",
    "citation_date", "analyticsattributes.articledate", "displaydate", "shareaholic:article_published_time",
    "article:post_date", "pdate", "og:regdate", "published_at", "publishedat",
)  # fmt: skip
# Many systems write the day of the last change here, or that of the template: what readers see goes first.
_VAGUE = ("date", "dc.date", "dcterms.date", "dc:date", "datecreated", "created")
_MODIFIED = (
    "article:modified_time", "og:updated_time", "og:article:modified_time", "datemodified", "article:modified",
    "dcterms.modified", "dc.date.modified", "dc.modified", "last-modified", "lastmod", "modified_time",
)  # fmt: skip
_MAX_VISIBLE = 100  # characters of an element that holds a date
_MAX_MARKED = 8
_PRECISE = frozenset({"second", "minute"})
_MICRODATA = re.compile(r"datepublished|datecreated", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dated:
    """A publication date and who said it."""

    when: When
    via: str


def _language(document: Document) -> str:
    return document.declared_language or document.meta("og:locale", "content-language") or ""


def witnesses(document: Document, in_text: When | None, title: str | None = None) -> Iterator[Dated]:
    """Every date that the page and those who found it give as the publication's, most trustworthy first."""
    language = _language(document)

    def said(text: str | None, via: str) -> Iterator[Dated]:
        if when := dates.parse_written(text, language):
            yield Dated(when, via)

    for node in document.articles:
        for key in ("datePublished", "dateCreated", "uploadDate"):
            yield from said(jsonld.text_of(node.get(key)), "json-ld")
    for name, value in document.metas_of(_PUBLISHED):
        yield from said(value, f"meta:{name}")
    for element in [e for e in document.times if e.get("pubdate") is not None or _is_microdata(e)][:3]:
        yield from said(_value(element), "microdata")
    for fact in sorted(document.page.facts, key=lambda f: (f.seen_at, f.via, f.found_on)):
        if fact.via in {Via.FEED, Via.NEWS_SITEMAP, Via.HOME, Via.SECTION}:
            yield from said(fact.published, fact.via.value)
    yield from _shown(document, language, title)
    for name, value in document.metas_of(_VAGUE):
        yield from said(value, f"meta:{name}")
    if in_text:
        yield Dated(in_text, "text")


def _shown(document: Document, language: str, title: str | None) -> Iterator[Dated]:
    """Every date that the page shows or its address states."""
    shown = [Dated(when, "visible") for when in dateline.dates_in(near.around(document, title), language)]
    shown.extend(
        Dated(when, "microdata" if _is_microdata(element) else "visible")
        for element in _marked(document)
        if (when := dates.parse_written(_value(element), language))
    )
    in_address = dates.in_url(document.page.url)
    if in_address and in_address.precision == "day":
        # An address is made when the draft is: what readers see the day before or after it is the publication.
        yield from [s for s in shown[:1] if dates.days_apart(s.when, in_address) == 1]
        yield Dated(in_address, "url")
    yield from shown
    for text in (document.meta("og:title"), document.title_tag):
        if when := dateline.in_title(text or "", language):
            yield Dated(when, "visible")


def visible(document: Document, in_text: When | None) -> list[When]:
    """Return the dates that readers saw."""
    language = _language(document)
    elements = _marked(document) + document.times[:4]
    shown = [dates.parse_written(inner_text(e)[:_MAX_VISIBLE], language) for e in elements]
    return [w for w in [*shown, in_text] if w]


def _is_microdata(element: Element) -> bool:
    return bool(_MICRODATA.search(f"{element.get('itemprop') or ''} {element.get('property') or ''}"))


def _marked(document: Document) -> list[Element]:
    hits = document.marked.dates
    return (
        [e for e in hits if not dateline.UPDATED.search((e.get("class") or "")[:_MAX_VISIBLE])]
        if len(hits) <= _MAX_MARKED
        else []
    )


def _value(element: Element) -> str | None:
    value = element.get("datetime") or element.get("content") or element.get("title")
    if value and any(c.isdigit() for c in value):
        return str(value)
    inner = element.find(".//time[@datetime]")
    if inner is not None:
        return str(inner.get("datetime"))
    text = inner_text(element)
    return text if len(text) <= _MAX_VISIBLE and not dateline.UPDATED.search(text) else None


def find(document: Document, in_text: When | None, title: str | None = None) -> Dated | None:
    """Return when the article was published, or None. `title`: of the headline beside which a date line is looked for."""
    captured = document.page.captured_at
    heard: list[Dated] = []
    for dated in witnesses(document, in_text, title):
        if dates.after(dated.when, captured):
            continue
        if dated.when.year < dates.EARLIEST and not _confirmed(dated, document, in_text):
            continue
        heard.append(dated)
        if heard[0].when.precision in _PRECISE and not dates.is_utc(heard[0].when):
            break  # nobody can say more; the rest need not be looked for
    if not heard:
        return _last_resort(document)
    best = heard[0]
    for other in heard[1:]:
        when = dates.local(best.when, other.when) or dates.finer(best.when, other.when)
        if when != best.when:
            best = Dated(when, other.via if when == other.when else best.via)
    return best


def _confirmed(dated: Dated, document: Document, in_text: When | None) -> bool:
    """Say whether a date before the web is said by JSON-LD and shown to readers."""
    return dated.via == "json-ld" and any(w.day == dated.when.day for w in visible(document, in_text))


def _last_resort(document: Document) -> Dated | None:
    from archive.extract.htmldates import search

    when = search(document)
    if when is not None:
        return Dated(when, "htmldate")
    in_address = dates.in_url(document.page.url)
    if in_address and not dates.after(in_address, document.page.captured_at):
        return Dated(in_address, "url")
    return None


def modified(document: Document) -> Dated | None:
    """Return when the article was last changed, as the page says."""
    language = _language(document)
    said = [(jsonld.text_of(n.get("dateModified")), "json-ld") for n in document.articles]
    said.extend((value, f"meta:{name}") for name, value in document.metas_of(_MODIFIED))
    for text, via in said:
        when = dates.parse_written(text, language)
        if when and when.year >= dates.EARLIEST and not dates.after(when, document.page.captured_at):
            return Dated(when, via)
    return None
