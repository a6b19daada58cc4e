"""From what a person typed to what is to go: an address, an article's id or a host, with all that archive.db knows of it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from archive.errors import QueryError, UrlError, UsageError
from archive.query.show import find_article
from archive.takedown.gone import Gone, new_gone, phrases_of
from archive.tombstones import Tombstones, host_hash
from archive.urls import canonical_url, proposed_key, url_key

_ARTICLE_ID = re.compile(r"a-[a-z2-7]{12}")
_MOST_TEXTS = 200  # articles of a host up to which listings are searched for their words, too


@dataclass(slots=True)
class Target:
    """What was named, resolved."""

    scope: str  # url, article, host
    keys: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    articles: dict[int, str] = field(default_factory=dict)  # articles.pk -> public id
    urls: set[str] = field(default_factory=set)


def resolve(conn: sqlite3.Connection, name: str) -> Target:
    """Return what a person named. Raises `UrlError`, `UsageError`, and `QueryError` for an id that no article has."""
    if _ARTICLE_ID.fullmatch(name):
        return _with_articles(conn, Target("article"), [find_article(conn, name)])
    if "://" in name:
        target = Target("url", keys={url_key(name)}, urls={name, canonical_url(name)})
        try:
            found = [find_article(conn, name)]
        except QueryError:
            _refuse_variant(conn, name)
            found = []
        return _with_articles(conn, target, found)
    return _host(conn, name)


def _refuse_variant(conn: sqlite3.Connection, name: str) -> None:
    """Refuse an AMP, mobile or print spelling that is not kept, of an article that is: it would stay, and nobody would know.

    Only the page itself says whether it is that article's, and it is not here.
    """
    key = proposed_key(name)
    row = None
    if key != url_key(name):
        row = conn.execute(
            "SELECT url FROM articles WHERE url_key = :key"
            " OR pk = (SELECT article FROM aliases WHERE key = :key) LIMIT 1",
            {"key": key},
        ).fetchone()
    if row is not None:
        raise QueryError(
            f"{name} was never kept, but looks like another spelling of {row[0]}, which is here. Nothing was taken down. "
            f"`morgue takedown {row[0]}` takes that down with all its spellings, also this one."
        )


def host_named(name: str) -> str:
    """Return a host as it stands in URL keys. Raises `UsageError` for what is none."""
    try:
        key = url_key(f"https://{name}/")
    except UrlError:
        key = ""
    host, _, path = key.partition("/")
    if not host or path or "/" in name or "@" in name:
        raise UsageError(
            f"{name!r} is no web address, article or host. Write an address in full (https://news.example/2026/05/tide), "
            "an article's id (a-3f7kq2m9x0ab), or a host (news.example)."
        )
    return host.removesuffix(":80")  # of http, which keys leave out; https is what is asked above


def _host(conn: sqlite3.Connection, name: str) -> Target:
    host = host_named(name)
    target = Target("host", hosts={host})
    stones = Tombstones(frozenset({host_hash(host)}))
    rows = conn.execute("SELECT pk, id, url_key FROM articles")
    target.articles = {pk: public for pk, public, key in rows if stones.covers_key(key)}
    rows = conn.execute("SELECT DISTINCT url, url_key FROM captures")
    target.urls = {url for url, key in rows if stones.covers_key(key)}
    return target


def _with_articles(conn: sqlite3.Connection, target: Target, articles: Collection[int]) -> Target:
    """Add everything under which the articles are known."""
    for pk in articles:
        public, key, url = conn.execute("SELECT id, url_key, url FROM articles WHERE pk = ?", (pk,)).fetchone()
        target.articles[pk] = public
        target.keys.add(key)
        target.urls.add(url)
        for sql in ("SELECT key FROM aliases WHERE article = ?", "SELECT url_key FROM captures WHERE article = ?"):
            target.keys.update(row[0] for row in conn.execute(sql, (pk,)))
    for key in target.keys:
        for table in ("captures", "discoveries"):
            rows = conn.execute(f"SELECT DISTINCT url FROM {table} WHERE url_key = ?", (key,))  # noqa: S608 - two words of ours
            target.urls.update(row[0] for row in rows)
    return target


def gone_of(conn: sqlite3.Connection, target: Target) -> Gone:
    """Return what is to go, with the words by which listings that quote it are found.

    What stands in articles of other stories too is the site's furniture, and tells nothing.
    """
    titles: set[str] = set()
    texts: list[str] = []
    if len(target.articles) <= _MOST_TEXTS:
        for pk in target.articles:
            for title, text in _said(conn, pk):
                titles.add(title or "")
                texts.append(text or "")
    gone = new_gone(target.scope, keys=target.keys, hosts=target.hosts, urls=target.urls, titles=titles, texts=texts)
    if not gone.phrases:
        return gone
    common = _common(conn, target.articles, gone.phrases)
    return Gone(scope=gone.scope, hashes=gone.hashes, urls=gone.urls, titles=gone.titles, phrases=gone.phrases - common)


def _said(conn: sqlite3.Connection, pk: int) -> Iterator[tuple[str | None, str | None]]:
    """Yield titles and texts of an article, of all its revisions, and what it says of itself in its head."""
    yield from conn.execute("SELECT title, text FROM articles WHERE pk = ?", (pk,)).fetchall()
    yield from conn.execute("SELECT title, text FROM revisions WHERE article = ?", (pk,)).fetchall()
    yield from conn.execute("SELECT NULL, description FROM articles WHERE pk = ?", (pk,)).fetchall()


def _common(conn: sqlite3.Connection, articles: Collection[int], phrases: frozenset[str]) -> set[str]:
    stories = {conn.execute("SELECT story FROM articles WHERE pk = ?", (pk,)).fetchone()[0] for pk in articles}
    found: set[str] = set()
    for story, text in conn.execute("SELECT story, text FROM articles"):
        if story not in stories:
            found.update(phrase for phrase in phrases_of(text) if phrase in phrases)
    return found
