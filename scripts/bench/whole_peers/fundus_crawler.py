"""Fundus with its parsers for the publishers that are there: python fundus_crawler.py FOLDER HOSTS PROXY.

Its publishers name addresses of sitemaps that the server does not have: the parsers and filters are Fundus's, the sitemap is
the server's. What it has no publisher for is left out.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

from fundus import Crawler, PublisherCollection
from fundus.publishers.base_objects import Publisher
from fundus.scraping.url import Sitemap
from shelf import Shelf


def publishers(hosts: list[str]) -> list[Publisher]:
    """Return Fundus's publishers of these hosts, with sources that the server has."""
    theirs = {_bare(urlsplit(one.domain).hostname or ""): one for one in PublisherCollection}
    found = []
    for host in hosts:
        one = theirs.get(_bare(host))
        if one is not None:
            home = f"http://{host}/"
            sources = [Sitemap(f"{home}sitemap.xml")]
            found.append(Publisher(f"{one.name} ({host})", home, type(one.parser), sources, url_filter=one.url_filter))
            found[-1].__name__ = host.replace(".", "_")
    return found


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def main() -> None:
    """Fetch and keep."""
    folder, hosts = Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8").split()
    shelf = Shelf(folder)
    known = shelf.known()
    crawler = Crawler(*publishers(hosts), delay=0.0, ignore_crawl_delay=True)
    for article in crawler.crawl(only_complete=False, url_filter=lambda url: url in known):
        shelf.add(
            article.html.requested_url,
            article.title,
            article.authors,
            article.publishing_date,
            str(article.body) if article.body else None,
        )


if __name__ == "__main__":
    main()
