"""Which path gives which answer, on which day."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from tests.site import feeds, lab, pages
from tests.site.content import FIRST_DAY, Article, Paper, all_articles, now, on_day, papers
from tests.site.reply import Reply


@dataclass(frozen=True, slots=True)
class Ask:
    """What a path is answered from."""

    paper: Paper
    day: int
    base: str  # without a slash at the end
    path: str
    query: str = ""


def answer(site: str, day: int, base: str, target: str) -> Reply:
    """Return the answer of a site to a request target on that day: the same arguments, the same bytes."""
    parts = urlsplit(target)
    ask = Ask(papers()[site], day, base, parts.path, parts.query)
    for route in (_article, _listing, _machine, _static, _courier, _page):
        reply = route(ask)
        if reply is not None:
            return _validated(reply, ask.paper)
    return _missing(ask)


def _html(text: str, *, changed: datetime | None = None, status: int = 200) -> Reply:
    return Reply(status=status, body=text.encode(), changed=changed)


def _article(ask: Ask) -> Reply | None:
    path = ask.path
    printed = path.startswith(("/print/", "/druck/"))
    amp = path.endswith("/amp")
    plain = path.removesuffix("/amp") if amp else path[6:] if printed else path
    found = next((a for a in all_articles() if a.site == ask.paper.name and a.path == plain), None)
    if found is None or (amp and not found.amp):
        return None
    state = on_day(found, ask.day)
    if state is None:
        return None if ask.day < found.day else _gone(ask)
    changed = max(found.published, now(state.changed) if state.changed > found.day else found.published)
    if amp or printed:
        return _html(pages.bare_page(state, ask.base, amp=amp), changed=changed)
    return Reply(
        body=pages.article_page(state, ask.base).encode(state.charset, "xmlcharrefreplace"),
        content_type=content_type(state),
        changed=changed,
    )


def content_type(article: Article) -> str:
    """Return the Content-Type header of an article's page: where <meta> is wrong it is right, or silent."""
    if article.charset == "windows-1252":
        return "text/html; charset=windows-1252" if article.wrong_meta == "utf-8" else "text/html"
    if article.charset == "shift_jis":
        return "text/html"  # only <meta> says what it is
    return "text/html; charset=EUC-JP" if article.charset == "euc_jp" else "text/html; charset=utf-8"


def _listing(ask: Ask) -> Reply | None:
    if ask.path == "/":
        return _html(pages.listing(ask.paper, ask.day, ask.base, None), changed=now(ask.day))
    section = ask.path.strip("/")
    if section not in ask.paper.sections:
        return None
    if not ask.path.endswith("/"):
        return Reply(status=301, headers=(("Location", f"{ask.base}/{section}/"),))
    return _html(pages.listing(ask.paper, ask.day, ask.base, section), changed=now(ask.day))


def _machine(ask: Ask) -> Reply | None:  # noqa: PLR0911 - one return for each file
    paper, day, base = ask.paper, ask.day, ask.base
    at = (paper.name, ask.path)
    when = now(day)
    if ask.path == "/robots.txt":
        return Reply(
            body=feeds.robots(paper, base).encode(), content_type="text/plain; charset=utf-8", changed=FIRST_DAY
        )
    xml = "application/xml"
    if at in (("courier", "/rss.xml"), ("sada", "/feed")):
        return Reply(body=feeds.rss(paper, day, base).encode(), content_type="application/rss+xml", changed=when)
    if at == ("bote", "/atom.xml"):
        return Reply(body=feeds.atom(paper, day, base).encode(), content_type="application/atom+xml", changed=when)
    if at == ("courier", "/sitemap.xml"):
        return Reply(body=feeds.sitemap_index(day, base).encode(), content_type=xml, changed=when)
    if at == ("courier", "/sitemap-news.xml"):
        return Reply(body=feeds.news_sitemap(paper, day, base).encode(), content_type=xml, changed=when)
    if at == ("courier", "/sitemap-articles.xml.gz"):
        body = feeds.gz(feeds.article_sitemap(paper, day, base))
        return Reply(body=body, content_type="application/gzip", changed=when)
    if at == ("courier", "/sitemap-pages.xml"):
        return Reply(body=feeds.page_sitemap(paper, base).encode(), content_type=xml, changed=FIRST_DAY)
    if at == ("sada", "/sitemap.xml"):
        return Reply(body=feeds.article_sitemap(paper, day, base).encode(), content_type=xml, changed=when)
    return None


def _static(ask: Ask) -> Reply | None:
    if ask.path.startswith("/static/") and ask.path.endswith(".svg"):
        return Reply(body=pages.picture(ask.path).encode(), content_type="image/svg+xml", changed=FIRST_DAY)
    if ask.path == "/static/app.js":
        return Reply(body=b"/* nothing */\n", content_type="text/javascript", changed=FIRST_DAY)
    return None


def _courier(ask: Ask) -> Reply | None:
    if ask.paper.name != "courier":
        return None
    special = lab.answer(ask.paper, ask.base, ask.path, ask.query)
    if special is not None:
        return special
    if ask.path == "/old/story.php" and ask.query == "id=1042":
        return Reply(status=301, headers=(("Location", f"{ask.base}/news/2026/05/18/market-hall-fire"),))
    if ask.path == "/news/2026/03/02/harbour-gala":
        return _gone(ask)
    if ask.path.startswith("/private/"):
        return _html(pages.prose(ask.paper, "Subscribers only", ["Robots were asked to stay out of here."]))
    if ask.path.startswith("/authors/"):
        name = next((n for n in ask.paper.bios if pages.author_slug(n) == ask.path[9:]), None)
        return _html(pages.author_page(ask.paper, name, ask.day), changed=now(ask.day)) if name else None
    if ask.path.startswith("/calendar/"):
        numbers = ask.path.split("/")[2:]
        if len(numbers) in (2, 3) and all(n.isdigit() for n in numbers) and 1 <= int(numbers[1]) <= 12:
            return _html(pages.calendar(ask.paper, int(numbers[0]), int(numbers[1])))
    return None


def _page(ask: Ask) -> Reply | None:
    for slug, title in ask.paper.pages.items():
        if ask.path == pages.page_path(ask.paper, slug):
            text = f"{ask.paper.title}, {ask.paper.tagline}."
            return _html(pages.prose(ask.paper, title, [text]), changed=FIRST_DAY)
    return None


def _gone(ask: Ask) -> Reply:
    return _html(pages.prose(ask.paper, "410", ["This article was removed by the editors."]), status=410)


def _missing(ask: Ask) -> Reply:
    return _html(pages.prose(ask.paper, "404", ["There is no such page here. Try the front page."]), status=404)


def _validated(reply: Reply, paper: Paper) -> Reply:
    """Add what the paper's server sends to make conditional requests possible."""
    if reply.status != 200 or reply.changed is None or paper.validators == "none":
        return replace(reply, changed=None)
    headers: list[tuple[str, str]] = []
    if paper.validators in ("both", "etag"):
        weak = "W/" if paper.validators == "etag" else ""
        headers.append(("ETag", f'{weak}"{hashlib.sha1(reply.body, usedforsecurity=False).hexdigest()[:16]}"'))
    if paper.validators in ("both", "last-modified"):
        headers.append(("Last-Modified", pages.http_date(reply.changed)))
    return replace(reply, headers=(*reply.headers, *headers))
