"""Article or not, and why not. Simple signs that hold on every site; a wrong refusal costs an article."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

from archive.extract import jsonld
from archive.extract.blocks import Block
from archive.extract.document import Document, content_type
from archive.extract.head import reason_by_head
from archive.extract.page import Page
from archive.extract.shape import weigh
from archive.extract.signs import claims_article, signs
from archive.extract.title import fold
from archive.model import ANNOUNCING, Role
from archive.trees import Trees, node_of

MAX_BODY = 64 * 2**20  # bytes, content-coding removed
SHORT = 220  # weighed characters that a text without any other sign of an article needs
VERY_SHORT = 60  # … that any article needs
_PROBE = 200  # blocks, and characters of each, that are looked at
_ALNUM = re.compile(r"[^\W_]+")
_LETTERS = 0.4  # least share of letters and digits; three quarters are usual
_SOFT_ERROR_TEXT = 700  # an error page's own text is shorter
# Feeds and news sitemaps list articles, and now and then a video or a gallery. The corpus has no such facts: chosen so that
# they outweigh a doubt and not a certainty (20 to 1, 4 to 1).
_ANNOUNCED = 3.0
_TAKEN_FOR_SECTION = 1.4
_WEAK = frozenset({None, "htmldate", "visible"})  # dates that any page may carry
_HTML_TYPES = frozenset(
    {"", "text/html", "application/xhtml+xml", "text/plain", "application/octet-stream", "text/xhtml", "html"}
)
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})
_FEED_ROOT = re.compile(
    # A comment ends at its first "-->", for good (?>): else each two in a row are read in two ways, and thirty in 2**29.
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?[^>]*>\s*|(?><!--.*?-->)\s*)*<(?:rss|feed|urlset|sitemapindex|rdf:RDF|opml)\b",
    re.IGNORECASE | re.DOTALL,
)
_NOT_TEXT = re.compile(
    rb"^(?:%PDF|\x89PNG|GIF8|\xff\xd8\xff|PK\x03\x04|\x1f\x8b|RIFF|\x00\x00\x00.ftyp|OggS|ID3|\{|\[)"
)
_NOT_FOUND = r"(?:not (?:be )?found|no longer (?:available|exists?)|doesn t exist|does not exist|not exist|unavailable)"
_ERROR = re.compile(
    # A bare number only where nothing else is said, or what says that it is an error: "Highway 404 reopened" is news.
    r"^404(?: \w+)?$|\b(?:error|http|status|error code) 404\b|\b404 (?:error|not found|page not|file not|nicht gefunden)\b|"
    r"^error \d{3}|"
    r"\b(?:page|file|article|story|content|document|url) (?:was |is |could |cannot |can t |you |that )?.{0,40}"
    rf"{_NOT_FOUND}|"
    r"^(?:not found|error|page not found|access denied|forbidden|bad gateway|service unavailable|internal server error|"
    r"oops.{0,20}|gone|500 .{0,40}|403 .{0,40}|410 .{0,20})$|"
    r"seite (?:wurde )?nicht gefunden|page (?:introuvable|non trouvee)|pagina no (?:encontrada|existe)|"
    r"no se (?:ha )?encontr|pagina non trovata|pagina nao (?:foi )?encontrada|pagina niet gevonden|"
    r"strona nie (?:zostala )?znalezion|nie znaleziono strony|sidan (?:kunde inte hittas|finns inte|hittades inte)|"
    r"siden (?:blev )?ikke fundet|siden finnes ikke|sivua ei loyt|sayfa bulunamad|страница не наидена|"
    r"страница не найдена|сторінку не знайдено|页面不存在|找不到(?:页面|網頁)|ページか?が見つかりません|"
    r"페이지를 찾을 수 없습니다|الصفحة غير موجودة"
)
_CONSENT = re.compile(
    r"\b(?:before you continue|we (?:and our partners |value your privacy|use cookies)|"
    r"cookie (?:consent|policy|settings)|accept (?:all )?cookies|privacy settings|your privacy|"
    r"are you a (?:robot|human)|verify (?:that )?you are (?:a )?human|checking your browser|enable javascript|"
    r"just a moment|attention required|captcha|unusual traffic|wir verwenden cookies|datenschutzeinstellungen|"
    r"nous utilisons des cookies|utilizamos cookies|utilizziamo i? ?cookie|please (?:log|sign) in|log in to continue|"
    r"access to this page has been denied)\b"
)
_FRONT_PATH = re.compile(
    r"^/?(?:(?:index|default|home|main)\.(?:html?|php|aspx?|jsp|shtml)|[a-z]{2}(?:-[a-z]{2})?|home|en-\w\w|www)?/?$",
    re.IGNORECASE,
)


def before_parsing(page: Page) -> str | None:
    """Return the reason why these bytes are not worth parsing, or None."""
    reason = reason_by_head(page.status, page.role)
    if reason is not None:
        return reason
    if not page.body.strip():
        return "empty"
    if len(page.body) > MAX_BODY:
        return "too-large"
    return _of_type(page)


def _of_type(page: Page) -> str | None:
    kind = content_type(page).split(";")[0].strip().lower()
    head = page.body[:2048]
    if kind in _FEED_TYPES or _FEED_ROOT.match(head):
        return "feed"
    if b"<html" in head.lower() or kind == "application/xhtml+xml":
        return None  # whatever the header says
    if "xml" in kind:
        return "feed"
    return "not-html" if kind not in _HTML_TYPES or _NOT_TEXT.match(head.lstrip()) else None


def of_document(document: Document) -> str | None:
    """Return the reason that a parsed page gives before its text is known, or None."""
    parts = urlsplit(document.page.url)
    if _FRONT_PATH.match(parts.path) and not parts.query and not document.articles:
        return "front-page"
    announced = any(fact.via in ANNOUNCING for fact in document.page.facts)
    if document.page.role is Role.SECTION and not announced and not claims_article(document):
        return "listing"  # the crawler took it for one by its address, and nobody says otherwise
    names = [document.title_tag, *document.h1_texts[:1]]
    if any(_ERROR.search(fold(n)) for n in names if n and len(n) < 120) and not claims_article(document):  # noqa: PLR2004
        visible = document.tree.xpath("string-length(normalize-space(string(//body)))")
        if visible < 4 * _SOFT_ERROR_TEXT:
            return "error-page"
    return None


def of_text(
    document: Document, parts: Sequence[Block], *, dated: str | None, authors: bool, title: str | None
) -> str | None:
    """Return the reason why this text is no article's, or None. `dated` is who said the date, None if nobody did."""
    size = sum(weigh(b.text) for b in parts)
    probe = "".join(b.text[:_PROBE] for b in parts[:_PROBE])
    if sum(map(len, _ALNUM.findall(probe))) <= _LETTERS * len(probe):
        return "no-text"  # nothing, or bytes that are no language's characters
    claims = claims_article(document)
    if size < _SOFT_ERROR_TEXT:
        folded = fold(f"{title or ''} {' '.join(b.text for b in parts)}")
        if _CONSENT.search(folded) and not document.articles:
            return "consent"
        vouched = claims and dated not in _WEAK  # an article about error pages, or one that somebody could not find
        if not vouched and (_ERROR.search(fold(title or "")) or (size < SHORT and _ERROR.search(folded))):
            return "error-page"
    short = size < VERY_SHORT or (size < SHORT and not claims and dated in _WEAK)
    if not short and size < _SOFT_ERROR_TEXT and not claims and _is_video(document):
        return "video"
    found = signs(document, parts, dated=dated, authors=authors, title=title)
    listing = verdict_trees().score(found) + _told(document) > 0
    if short:  # too little text, or a page of cards whose texts were seen through
        return "listing" if listing and found["card-share"] > 0 else "too-short"
    return "listing" if listing else None


@cache
def verdict_trees() -> Trees:
    """Return the trees of `verdict.json`."""
    raw = json.loads(resources.files("archive.extract").joinpath("verdict.json").read_text(encoding="utf-8"))
    return Trees(tuple(raw["signs"]), float(raw["base"]), tuple(node_of(tree) for tree in raw["trees"]))


def _told(document: Document) -> float:
    """Return what those who found the page say, in the trees' measure: natural logarithms of odds."""
    if any(fact.via in ANNOUNCING for fact in document.page.facts):
        return -_ANNOUNCED
    return _TAKEN_FOR_SECTION if document.page.role is Role.SECTION else 0.0


def _is_video(document: Document) -> bool:
    """Say whether the page is there for its video: its text is a caption."""
    if (document.meta("og:type") or "").lower().startswith("video"):
        return True
    return any("VideoObject" in jsonld.types_of(node) for node in document.nodes)
