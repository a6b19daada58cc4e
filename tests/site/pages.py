"""Turn articles into pages with all the furniture that real ones have."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from html import escape
from string import Template
from urllib.parse import quote
from zlib import crc32

from tests.site.content import HERE, Article, Paper, all_articles, articles_on, month_name, papers

CARD = {"courier": "card", "bote": "anriss", "sada": "teaser", "shiori": "ichiran"}
ON_HOME = {"courier": 15, "bote": 10, "sada": 8, "shiori": 5}  # the rest stands only in feeds, sitemaps and sections


@cache
def _template(name: str) -> Template:
    return Template((HERE / "templates" / f"{name}.html").read_text(encoding="utf-8"))


def shown_date(article: Article) -> str:
    """Return the publication date as the paper prints it."""
    when = article.published
    if article.site == "shiori":
        return f"{when.year}年{when.month}月{when.day}日 {when.hour}時{when.minute:02d}分"
    month = month_name(article.language, when.month)
    if article.site == "courier":
        return f"{when.day} {month} {when.year}, {when:%H.%M} BST"
    if article.language == "ar":
        return f"{when.day} {month} {when.year}".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    if article.language == "de":
        return f"{when.day}. {month} {when.year}"
    return f"{when.day} {month} {when.year}"


def teaser(article: Article) -> str:
    """Return what listings and feeds say of an article."""
    return article.standfirst or article.blocks[0]


def image_path(article: Article) -> str:
    """Return the path of the article's picture."""
    return f"/static/img/{crc32(article.path.encode()):08x}.svg"


def _links(articles: Iterable[Article]) -> str:
    return "".join(f'<li><a href="{a.path}">{escape(a.title)}</a></li>' for a in articles)


def _neighbours(article: Article) -> list[Article]:
    """Return three other stories, always the same with the same headlines: old pages stay as they were."""
    others = [
        a
        for a in all_articles()
        if a.site == article.site and a.path != article.path and a.language == article.language and a.day <= article.day
    ]
    others.sort(key=lambda a: (a.section != article.section, crc32((a.path + article.path).encode())))
    chosen = [a for a in others if a.gone_on is None][:3]
    return chosen[::-1] if article.furniture else chosen


def page(  # one argument per hole in the template
    paper: Paper,
    language: str,
    *,
    main: str,
    title: str,
    head: str = "",
    kind: str = "page",
    charset: str = "utf-8",
    shuffled: bool = False,
    base: str = "",
) -> str:
    """Return a whole page of a paper around `main`."""
    labels = paper.labels[language]
    popular = [a for a in all_articles() if a.site == paper.name and a.language == language and a.day == 1]
    popular = [a for a in popular if a.gone_on is None][-4:]
    nav = "".join(f'<li><a href="/{slug}/">{escape(text)}</a></li>' for slug, text in paper.sections.items())
    footer = " · ".join(f'<a href="{page_path(paper, slug)}">{escape(text)}</a>' for slug, text in paper.pages.items())
    if paper.name == "courier":
        footer += (
            ' · <a href="/calendar/2026/05">What&#8217;s on</a> · <a href="/private/subscribers">Subscribers</a>'
            ' · <a href="/competitions/summer-photo">Photo competition</a>'
        )
    extra = "<section class='promo'><p>Quiz: how well do you know the river?</p></section>" if shuffled else ""
    values = {f"t_{key}": escape(text) for key, text in labels.items()}
    values |= {
        "lang": language,
        "dir": "rtl" if language == "ar" else "ltr",
        "meta": f'<meta charset="{charset}">',
        "head": f"<title>{escape(title)}</title>\n{head}",
        "nav": nav,
        "kind": kind,
        "main": main,
        "tagline": escape(paper.tagline),
        "most_read": _links(popular[::-1] if shuffled else popular),
        "extra": extra,
        "footer": footer,
        "base": base,
    }
    return _template(paper.name).substitute(values)


def page_path(paper: Paper, slug: str) -> str:
    """Return the path of a page that is no article."""
    return f"/{slug}.html" if paper.name == "shiori" else f"/{slug}"


def meta_charset(article: Article) -> str:
    """Return what the page itself says it is written in; on some pages that is wrong."""
    return article.wrong_meta or {"shift_jis": "Shift_JIS", "euc_jp": "EUC-JP"}.get(article.charset, article.charset)


def article_page(article: Article, base: str) -> str:
    """Return the page of an article."""
    paper = papers()[article.site]
    labels = paper.labels[article.language]
    blocks = [f"<h2>{escape(b[3:])}</h2>" if b.startswith("## ") else f"<p>{escape(b)}</p>" for b in article.blocks]
    bios = [paper.bios[name] for name in article.authors if name in paper.bios]
    bio = "".join(f"<p>{escape(text)}</p>" for text in bios)
    linked = [
        f'<a rel="author" href="/authors/{author_slug(name)}">{escape(name)}</a>'
        if name in paper.bios
        else escape(name)
        for name in article.authors
    ]
    values = {f"t_{key}": escape(text) for key, text in labels.items()}
    values |= {
        "title": escape(article.title),
        "standfirst": f'<p class="standfirst">{escape(article.standfirst)}</p>' if article.standfirst else "",
        "authors": escape(", ".join(article.authors)),
        "authors_linked": " and ".join(linked),
        "published_iso": article.published.isoformat(),
        "published_shown": shown_date(article),
        "section": article.section,
        "section_title": escape(paper.sections[article.section]),
        "image": image_path(article),
        "path": article.path,
        "url_quoted": quote(base + article.path, safe=""),
        "body_top": "\n".join(blocks[:2]),
        "body_rest": "\n".join(blocks[2:]),
        "agency": f'<p class="agency">{escape(labels["agency"])}</p>' if article.wire else "",
        "bio": f'<section class="author-bio"><h4>{escape(labels.get("about_author", ""))}</h4>{bio}</section>'
        if bio
        else "",
        "related": _links(_neighbours(article)),
    }
    return page(
        paper,
        article.language,
        main=_template(f"{paper.name}-article").substitute(values),
        title=paper.title_tag.format(article.title, paper.title),
        head=_article_head(article, paper, base),
        kind="article",
        charset=meta_charset(article),
        shuffled=bool(article.furniture),
        base=base,
    )


def author_slug(name: str) -> str:
    """Return the last part of an author page's path."""
    return name.lower().replace(" ", "-")


def _article_head(article: Article, paper: Paper, base: str) -> str:
    url = base + article.path
    head = [f'<link rel="canonical" href="{url}">']
    if article.amp:
        head.append(f'<link rel="amphtml" href="{url}/amp">')
    if paper.name != "shiori":  # whose CMS is from 2003
        head += [
            f'<meta property="og:title" content="{escape(article.title)}">',
            '<meta property="og:type" content="article">',
            f'<meta property="og:site_name" content="{escape(paper.title)}">',
            f'<meta property="og:url" content="{url}">',
            f'<meta property="og:description" content="{escape(teaser(article))}">',
            f'<meta name="description" content="{escape(teaser(article))}">',
            f'<meta property="og:image" content="{base}{image_path(article)}">',
        ]
    if paper.name in ("courier", "sada"):
        head.append(f'<script type="application/ld+json">\n{json_ld(article, paper, base)}\n</script>')
    return "\n".join(head)


def json_ld(article: Article, paper: Paper, base: str) -> str:
    """Return the schema.org NewsArticle of an article."""
    kind = "Organization" if article.wire else "Person"
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "datePublished": article.published.isoformat(),
        "dateModified": (article.modified or article.published).isoformat(),
        "author": [{"@type": kind, "name": name} for name in article.authors],
        "publisher": {"@type": "NewsMediaOrganization", "name": paper.title},
        "mainEntityOfPage": base + article.path,
        "articleSection": paper.sections[article.section],
        "inLanguage": article.language,
        "description": teaser(article),
        "image": [base + image_path(article)],
    }
    return json.dumps(data, ensure_ascii=False, indent=1).replace("</", "<\\/")


def bare_page(article: Article, base: str, *, amp: bool) -> str:
    """Return the AMP or the print version of an article: the same text, with the plain page as canonical."""
    body = "\n".join(f"<p>{escape(block.removeprefix('## '))}</p>" for block in article.blocks)
    mark = " amp" if amp else ""
    script = '<script async src="https://cdn.amp.example/v0.js"></script>' if amp else "<script>window.print()</script>"
    return (
        f'<!doctype html>\n<html{mark} lang="{article.language}">\n<head><meta charset="utf-8">\n'
        f"<title>{escape(article.title)}</title>\n"
        f'<link rel="canonical" href="{base}{article.path}">\n{script}</head>\n'
        f"<body><article><h1>{escape(article.title)}</h1>\n"
        f'<p class="byline">{escape(" and ".join(article.authors))}, {shown_date(article)}</p>\n'
        f"{body}\n</article></body></html>\n"
    )


def listing(paper: Paper, day: int, base: str, section: str | None) -> str:
    """Return the home page (section None) or a section's front."""
    articles = articles_on(paper.name, day)
    if section is None:
        shown, language = articles[: ON_HOME[paper.name]], paper.language
    else:
        shown = [a for a in articles if a.section == section]
        language = shown[0].language if shown else paper.language
    cards = "".join(
        f'<div class="{CARD[paper.name]}"><a href="{a.path}"><img src="{image_path(a)}" width="170" height="96" alt="">'
        f'</a><div><h2><a href="{a.path}">{escape(a.title)}</a></h2><p>{escape(_shorten(teaser(a)))}</p>'
        f'<p class="datum newsDate">{shown_date(a)}</p></div></div>\n'
        for a in shown
    )
    name = paper.sections[section] if section else paper.title
    heading = f"<h1>{escape(name)}</h1>" if section else ""
    if paper.name == "courier" and section is None:
        cards += (
            '<h3>From our archive</h3><ul><li><a href="/old/story.php?id=1042">The night the market burned</a></li>'
            '<li><a href="/news/2026/03/02/harbour-gala">Harbour gala in pictures</a></li></ul>'
        )
    title = paper.title_tag.format(name, paper.title) if section else f"{paper.title}: {paper.tagline}"
    return page(paper, language, main=heading + cards, title=title, kind="listing", base=base)


def _shorten(text: str) -> str:
    return text if len(text) <= 140 else text[:140].rsplit(" ", 1)[0] + "…"


def prose(paper: Paper, heading: str, paragraphs: Iterable[str], *, head: str = "") -> str:
    """Return a page that is no article: imprint, author, error."""
    body = f"<h1>{escape(heading)}</h1>" + "".join(f"<p>{text}</p>" for text in paragraphs)
    title = paper.title_tag.format(heading, paper.title)
    return page(paper, paper.language, main=body, title=title, head=head)


def author_page(paper: Paper, name: str, day: int) -> str:
    """Return a reporter's own page: a bio and a list."""
    mine = [a for a in articles_on(paper.name, day) if name in a.authors]
    return prose(paper, name, [escape(paper.bios[name]), f"<ul>{_links(mine)}</ul>"])


def calendar(paper: Paper, year: int, month: int) -> str:
    """Return a month of a calendar that never ends, as event plug-ins make them."""
    after = (year + month // 12, month % 12 + 1)
    before = (year - (month == 1), (month - 2) % 12 + 1)
    days = "".join(f'<a href="/calendar/{year:04d}/{month:02d}/{d:02d}">{d}</a> ' for d in range(1, 29))
    links = "".join(
        f'<a rel="nofollow" href="/calendar/{y:04d}/{m:02d}">{month_name("en", m)} {y}</a> ' for y, m in (before, after)
    )
    return prose(
        paper, f"What is on in {month_name('en', month)} {year}", [days, links, "No events have been entered."]
    )


def picture(path: str) -> str:
    """Return a calm landscape for an article, always the same for the same path."""
    seed = crc32(path.encode())
    hue, sun, far, near = seed % 360, 80 + seed // 7 % 600, 150 + seed // 11 % 90, 220 + seed // 13 % 80
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 380" preserveAspectRatio="xMidYMid slice">'
        f'<rect width="760" height="380" fill="hsl({hue},45%,82%)"/>'
        f'<circle cx="{sun}" cy="110" r="42" fill="hsl({(hue + 40) % 360},80%,92%)"/>'
        f'<path d="M0 {far} Q190 {far - 90} 380 {far} T760 {far - 20} V380 H0Z" fill="hsl({hue},30%,58%)"/>'
        f'<path d="M0 {near} Q240 {near + 60} 420 {near - 10} T760 {near + 30} V380 H0Z" fill="hsl({hue},35%,34%)"/>'
        "</svg>"
    )


def http_date(when: datetime) -> str:
    """Return an HTTP date (RFC 9110 section 5.6.7)."""
    return format_datetime(when.astimezone(UTC), usegmt=True)
