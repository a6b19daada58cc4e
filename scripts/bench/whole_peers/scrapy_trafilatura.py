"""Scrapy, trafilatura and sqlite-utils in forty lines, as one would write them: python scrapy_trafilatura.py FOLDER HOSTS."""

import sys
from pathlib import Path

import scrapy
import sqlite_utils
import trafilatura
from scrapy.crawler import CrawlerProcess

folder, hosts = Path(sys.argv[1]), Path(sys.argv[2]).read_text().split()
db = sqlite_utils.Database(folder / "articles.db")
articles = db["articles"]
if not articles.exists():
    articles.create({"url": str, "title": str, "author": str, "date": str, "text": str}, pk="url")
    articles.enable_fts(["title", "text"], create_triggers=True)
known = {row["url"] for row in articles.rows_where(select="url")}


class News(scrapy.spiders.SitemapSpider):  # noqa: D101 - as one would write it
    name = "news"
    sitemap_urls = [f"http://{host}/sitemap.xml" for host in hosts]  # noqa: RUF012

    def sitemap_filter(self, entries):  # noqa: D102
        return (entry for entry in entries if entry["loc"] not in known)

    def parse(self, response):  # noqa: D102
        document = trafilatura.bare_extraction(response.text, url=response.url, with_metadata=True)
        if document and document.text:
            articles.upsert(
                {
                    "url": response.url,
                    "title": document.title,
                    "author": document.author,
                    "date": document.date,
                    "text": document.text,
                },
                pk="url",
            )


process = CrawlerProcess({"LOG_LEVEL": "ERROR", "CONCURRENT_REQUESTS": 32, "DOWNLOAD_DELAY": 0})
process.crawl(News)
process.start()
