"""Scrapy's settings for a crawl. scrapy.cfg names this module; `morgue crawl` adds what the run's options say.

What is switched off here is done by ourselves, exchange by exchange, so that each is seen, kept and has its reason:
robots.txt, redirects, retries, cookies, the HTTP cache, compression.
"""

from __future__ import annotations

BOT_NAME = "morgue"
SPIDER_MODULES = ["crawler.spiders"]
USER_AGENT = "Morgue"  # each request has a fuller one, see `crawler.run.user_agent`

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
DOWNLOAD_HANDLERS = {
    "http": "crawler.rendering.handler.RenderingHandler",
    "https": "crawler.rendering.handler.RenderingHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
# None of the stock middlewares and extensions: an empty base is shorter than a list of what is off, and what a later
# Scrapy switches on by default (as 2.19 did with RemoteControl) stays off.
DOWNLOADER_MIDDLEWARES_BASE: dict[str, int] = {}
SPIDER_MIDDLEWARES_BASE: dict[str, int] = {}
EXTENSIONS_BASE: dict[str, int] = {}
TELNETCONSOLE_ENABLED = False
COOKIES_ENABLED = False
RETRY_ENABLED = False
REDIRECT_ENABLED = False
ROBOTSTXT_OBEY = False  # the pump asks robots.txt before it leases; Scrapy's middleware takes a 5xx for consent

CONCURRENT_REQUESTS = 32
CONCURRENT_REQUESTS_PER_DOMAIN = 32  # the pump keeps one at a time per politeness key
CONCURRENT_ITEMS = 4  # 100, Scrapy's default, costs a quarter of the CPU
DOWNLOAD_DELAY = 0
DOWNLOAD_DELAY_JITTER = 0  # delays are the pump's
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"
LOG_LEVEL = "WARNING"
LOG_STDOUT = False
