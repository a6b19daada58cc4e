"""HTTP/1.1 exchanges through libcurl, exactly as they went over the wire. Knows nothing of Scrapy.

`Engine.start(url)` gives a `Transfer`; `await transfer.wait()` gives the `archive.model.Exchange`.
"""

from crawler.transfer.easy import Route
from crawler.transfer.engine import Engine, Transfer
from crawler.transfer.request import Limits

__all__ = ["Engine", "Limits", "Route", "Transfer"]
