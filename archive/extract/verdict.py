"""Article or not, and why not. Simple signs that hold on every site; a wrong refusal costs an article."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from archive.extract import jsonld
from archive.extract.blocks import Block
from archive.extract.document import Document, content_type
from archive.extract.page import Page
from archive.extract.title import fold
from archive.model import Role

MAX_BODY = 64 * 2**20  # bytes, content-coding removed
SHORT = 220  # weighed characters that a text without any other sign of an article needs
VERY_SHORT = 60  # … that any article needs
_SOFT_ERROR_TEXT = 700  # an error page's own text is shorter
_OK = range(200, 300)
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")

_HTML_TYPES = frozenset(
    {"", "text/html", "application/xhtml+xml", "text/plain", "application/octet-stream", "text/xhtml", "html"}
)
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})
_FEED_ROOT = re.compile(
    rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<\?[^>]*>\s*)*<(?:rss|feed|urlset|sitemapindex|rdf:RDF|opml)\b",
    re.IGNORECASE | re.DOTALL,
)
_NOT_TEXT = re.compile(
    rb"^(?:%PDF|\x89PNG|GIF8|\xff\xd8\xff|PK\x03\x04|\x1f\x8b|RIFF|\x00\x00\x00.ftyp|OggS|ID3|\{|\[)"
)

_ERROR = re.compile(
    r"\b404\b|\b(?:page|file|article|story|content|document|url) (?:was |is |could |cannot |can t |you |that )?.{0,40}(?:not (?:be )?found|no longer (?:available|exists?)|doesn t exist|does not exist|not exist|unavailable)|"
    r"^(?:not found|error|page not found|access denied|forbidden|bad gateway|service unavailable|internal server error|oops.{0,20}|gone|500 .{0,40}|403 .{0,40}|410 .{0,20})$|^error \d{3}|"
    r"seite (?:wurde )?nicht gefunden|page (?:introuvable|non trouvee)|pagina no (?:encontrada|existe)|no se (?:ha )?encontr|pagina non trovata|"
    r"pagina nao (?:foi )?encontrada|pagina niet gevonden|strona nie (?:zostala )?znalezion|nie znaleziono strony|sidan (?:kunde inte hittas|finns inte|hittades inte)|"
    r"siden (?:blev )?ikke fundet|siden finnes ikke|sivua ei loyt|sayfa bulunamad|страница не найдена|сторінку не знайдено|页面不存在|找不到(?:页面|網頁)|ページが見つかりません|페이지를 찾을 수 없습니다|الصفحة غير موجودة"
)
_CONSENT = re.compile(
    r"\b(?:before you continue|we (?:and our partners |value your privacy|use cookies)|cookie (?:consent|policy|settings)|accept (?:all )?cookies|privacy settings|"
    r"your privacy|are you a (?:robot|human)|verify (?:that )?you are (?:a )?human|checking your browser|enable javascript|just a moment|attention required|captcha|"
    r"unusual traffic|wir verwenden cookies|datenschutz(?:einstellungen)|nous utilisons des cookies|utilizamos cookies|utilizziamo i? ?cookie|"
    r"please (?:log|sign) in|log in to continue|access to this page has been denied)\b"
)
_LISTING_PATH = re.compile(
    r"/(?:tags?|topics?|themen?|category|categories|kategorie|categoria|categorie|author|authors|search|archives?|label|rubrik|section|sections|page/\d+|forums?|shop|products?|collections?|cart|wp-json|feed|sitemap|login|signin|register|calendar)(?:/[^/]*)?/?$",
    re.IGNORECASE,
)
_FRONT_PATH = re.compile(
    r"^/?(?:(?:index|default|home|main)\.(?:html?|php|aspx?|jsp|shtml)|[a-z]{2}(?:-[a-z]{2})?|home|en-\w\w|news|www)?/?$",
    re.IGNORECASE,
)
_OTHER_TYPES = frozenset(
    {
        "Product",
        "CollectionPage",
        "SearchResultsPage",
        "ItemList",
        "ProfilePage",
        "ContactPage",
        "AboutPage",
        "FAQPage",
        "QAPage",
        "DiscussionForumPosting",
        "Offer",
        "Service",
        "SoftwareApplication",
        "ProductGroup",
        "Course",
        "JobPosting",
        "Event",
        "LocalBusiness",
        "Restaurant",
        "Hotel",
    }
)


def before_parsing(page: Page) -> str | None:
    """Return the reason why these bytes are not worth parsing, or None."""
    if page.status is not None and page.status not in _OK:
        return "status"
    if not page.body.strip():
        return "empty"
    if len(page.body) > MAX_BODY:
        return "too-large"
    if page.role in {Role.FEED, Role.SITEMAP, Role.ROBOTS}:
        return "feed"
    kind = content_type(page).split(";")[0].strip().lower()
    head = page.body[:2048]
    if kind in _FEED_TYPES or _FEED_ROOT.match(head):
        return "feed"
    if "xml" in kind and kind not in _HTML_TYPES and b"<html" not in head.lower():
        return "feed"
    if (kind not in _HTML_TYPES and "xml" not in kind) or (
        _NOT_TEXT.match(head.lstrip()) and b"<html" not in head.lower()
    ):
        return "not-html"
    if page.role is Role.HOME:
        return "front-page"
    return "listing" if page.role is Role.SECTION else None


def weigh(text: str) -> int:
    """Return a text's length where a character of a script without spaces counts for two and a half."""
    return len(text) + int(1.5 * len(_WIDE.findall(text)))


def of_document(document: Document) -> str | None:
    """Return the reason that a parsed page gives before its text is known, or None."""
    parts = urlsplit(document.page.url)
    if _FRONT_PATH.match(parts.path) and not parts.query and not document.articles:
        return "front-page"
    names = [document.title_tag, *document.h1_texts[:1]]
    if any(_ERROR.search(fold(n)) for n in names if n and len(n) < 120) and not document.articles:  # noqa: PLR2004
        visible = document.tree.xpath("string-length(normalize-space(string(//body)))")
        if visible < 4 * _SOFT_ERROR_TEXT:
            return "error-page"
    return None


def of_text(document: Document, parts: Sequence[Block], *, dated: bool, title: str | None) -> str | None:
    """Return the reason why this text is no article's, or None."""
    text = " ".join(b.text for b in parts)
    size = weigh(text)
    if not text.strip():
        return "no-text"
    if size < _SOFT_ERROR_TEXT:
        folded = fold(f"{title or ''} {text}")
        if _CONSENT.search(folded) and not document.articles:
            return "consent"
        if _ERROR.search(fold(title or "")) or (size < SHORT and _ERROR.search(folded)):
            return "error-page"
    if size < VERY_SHORT:
        return "too-short"
    claims = claims_article(document)
    if size < SHORT and not claims and not dated:
        return "too-short"
    return _listing(document, parts, claims=claims, dated=dated, size=size)


def claims_article(document: Document) -> bool:
    """Say whether the page itself claims to be an article."""
    if any(any(t in jsonld.ARTICLE_TYPES for t in jsonld.types_of(n)) for n in document.articles):
        return True
    return (document.meta("og:type") or "").lower() in {"article", "news", "newsarticle", "blog:post"} or bool(
        document.meta("article:published_time")
    )


def _listing(document: Document, parts: Sequence[Block], *, claims: bool, dated: bool, size: int) -> str | None:
    types = {t for n in document.nodes for t in jsonld.types_of(n)}
    other = bool(types & _OTHER_TYPES)
    path = urlsplit(document.page.url).path
    score = 0.0
    score += 2.0 * bool(_LISTING_PATH.search(path))
    score += 1.5 * other
    score -= 3.0 * claims
    score -= 1.0 * dated
    prose = [b for b in parts if b.kind in {"p", "quote"} and weigh(b.text) >= 80]  # noqa: PLR2004 - a sentence or two
    share = sum(weigh(b.text) for b in prose) / max(size, 1)
    score += 1.0 * (share < 0.5) + 1.0 * (share < 0.3)  # noqa: PLR2004 - measured on pages of both kinds
    score += 1.0 * (len(prose) < 2)  # noqa: PLR2004
    score -= 0.5 * (len(prose) >= 6)  # noqa: PLR2004
    return "listing" if score >= 2.5 else None  # noqa: PLR2004
