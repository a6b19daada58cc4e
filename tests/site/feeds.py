"""RSS, Atom, sitemaps and robots.txt of the papers."""

from __future__ import annotations

import gzip
from datetime import timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from tests.site.content import Article, Paper, articles_on, now
from tests.site.pages import page_path, teaser

IN_FEED = {"courier": 12, "bote": 8, "sada": 10, "shiori": 0}
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAP_NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def in_feed(paper: Paper, day: int) -> list[Article]:
    """Return what the feed carries on that day: the newest only, as feeds do."""
    return articles_on(paper.name, day)[: IN_FEED[paper.name]]


def rss(paper: Paper, day: int, base: str) -> str:
    """Return the RSS 2.0 feed; the Courier's links carry tracking parameters."""
    tracking = "?utm_source=rss&utm_medium=feed&utm_campaign=courier" if paper.name == "courier" else ""
    items = "".join(
        f"<item><title>{escape(a.title)}</title><link>{escape(base + a.path + tracking)}</link>"
        f'<guid isPermaLink="false">{paper.name}:{a.path}</guid><pubDate>{format_datetime(a.published)}</pubDate>'
        f"<dc:creator>{escape(', '.join(a.authors))}</dc:creator>"
        f"<category>{escape(paper.sections[a.section])}</category><description>{escape(teaser(a))}</description></item>\n"
        for a in in_feed(paper, day)
    )
    return (
        f'{_XML}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel><title>{escape(paper.title)}</title>'
        f"<link>{base}/</link><description>{escape(paper.tagline)}</description><language>{paper.language}</language>\n"
        f"<lastBuildDate>{format_datetime(now(day))}</lastBuildDate><ttl>15</ttl>\n{items}</channel></rss>\n"
    )


def atom(paper: Paper, day: int, base: str) -> str:
    """Return the Atom feed (RFC 4287)."""
    entries = "".join(
        f'<entry xml:lang="{a.language}"><title type="html">{escape(escape(a.title))}</title>'
        f'<link rel="alternate" type="text/html" href="{base}{a.path}"/><id>tag:bote.example,2026:{a.path}</id>'
        f"<published>{a.published.isoformat()}</published><updated>{(a.modified or a.published).isoformat()}</updated>"
        + "".join(f"<author><name>{escape(name)}</name></author>" for name in a.authors)
        + f'<summary type="text">{escape(teaser(a))}</summary></entry>\n'
        for a in in_feed(paper, day)
    )
    return (
        f'{_XML}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{paper.language}">'
        f"<title>{escape(paper.title)}</title>"
        f'<link href="{base}/"/><link rel="self" href="{base}/atom.xml"/><id>tag:bote.example,2026:feed</id>'
        f"<updated>{now(day).isoformat()}</updated>\n{entries}</feed>\n"
    )


def _loc(url: str, lastmod: str) -> str:
    return f"<loc>{escape(url)}</loc><lastmod>{lastmod}</lastmod>"


def sitemap_index(day: int, base: str) -> str:
    """Return the Courier's sitemap index; one of its parts is gzip-compressed."""
    parts = ("/sitemap-news.xml", "/sitemap-articles.xml.gz", "/sitemap-pages.xml")
    body = "".join(f"<sitemap>{_loc(base + part, now(day).isoformat())}</sitemap>\n" for part in parts)
    return f"{_XML}<sitemapindex {_SITEMAP_NS}>\n{body}</sitemapindex>\n"


def in_news_sitemap(paper: Paper, day: int) -> list[Article]:
    """Return the articles of the last two days: Google's rule for news sitemaps."""
    return [a for a in articles_on(paper.name, day) if a.published > now(day) - timedelta(days=2)]


def news_sitemap(paper: Paper, day: int, base: str) -> str:
    """Return the Google News sitemap."""
    body = "".join(
        f"<url><loc>{base}{a.path}</loc><news:news><news:publication><news:name>{escape(paper.title)}</news:name>"
        f"<news:language>{a.language}</news:language></news:publication>"
        f"<news:publication_date>{a.published.isoformat()}</news:publication_date>"
        f"<news:title>{escape(a.title)}</news:title></news:news></url>\n"
        for a in in_news_sitemap(paper, day)
    )
    return (
        f'{_XML}<urlset {_SITEMAP_NS} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{body}</urlset>\n'
    )


def article_sitemap(paper: Paper, day: int, base: str) -> str:
    """Return the sitemap of every article."""
    body = "".join(
        f"<url>{_loc(base + a.path, (a.modified or a.published).isoformat())}</url>\n"
        for a in articles_on(paper.name, day)
    )
    return f"{_XML}<urlset {_SITEMAP_NS}>\n{body}</urlset>\n"


def page_sitemap(paper: Paper, base: str) -> str:
    """Return the sitemap of what is no article."""
    body = "".join(f"<url>{_loc(base + page_path(paper, slug), '2026-01-05')}</url>\n" for slug in paper.pages)
    return f"{_XML}<urlset {_SITEMAP_NS}>\n{body}</urlset>\n"


def gz(text: str) -> bytes:
    """Return the text gzip-compressed, always the same bytes."""
    return gzip.compress(text.encode(), mtime=0)


def robots(paper: Paper, base: str) -> str:
    """Return robots.txt (RFC 9309): a Disallow at the Courier, a Crawl-delay where the pages are few."""
    if paper.name == "courier":
        rules = "User-agent: *\nDisallow: /private/\nDisallow: /search\n"
        return f"# The Marrowby Courier\n{rules}\nSitemap: {base}/sitemap.xml\n"
    if paper.name == "bote":
        return "User-agent: *\nDisallow: /druck/\n"
    if paper.name == "sada":
        return f"User-agent: *\nAllow: /\nSitemap: {base}/sitemap.xml\n"
    return "User-agent: *\nCrawl-delay: 1\n"
