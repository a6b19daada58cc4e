"""newspaper4k by itself: a Source for each site, its articles one after another: python newspaper4k.py FOLDER HOSTS PROXY.

No images, and no memory of which addresses a Source told before: what is kept already is passed over instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

import newspaper
from shelf import Shelf


def main() -> None:
    """Fetch and keep."""
    folder, hosts, proxy = Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8").split(), sys.argv[3]
    shelf = Shelf(folder)
    known = shelf.known()
    config = newspaper.Config()
    config.fetch_images = False
    config.memorize_articles = False
    config.proxies = {"http": proxy, "https": proxy}
    for host in hosts:
        site = newspaper.Source(f"http://{host}/", config=config)
        site.build()
        for article in site.articles:
            if article.url in known:
                continue
            try:
                article.download()
                article.parse()
            except (newspaper.ArticleException, ImportError):  # Japanese needs a package that it does not bring
                continue
            shelf.add(article.url, article.title, article.authors, article.publish_date, article.text)


main()
