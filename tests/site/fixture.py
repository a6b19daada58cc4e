"""The pytest fixture `news_sites`; tests/conftest.py passes it on.

    def test_something(news_sites):
        news_sites.sites["courier"]      # "http://127.0.0.11:40123/"; also bote, sada, shiori
        news_sites.set_day(2)            # the next morning
        news_sites.log                   # what was asked: list of server.LogEntry
        news_sites.reset()               # day 1, empty log (done before each test, too)

The server runs once a session, in a thread; what an archive must contain says `tests.site.expected`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.site.server import NewsSites


@pytest.fixture(scope="session")
def _news_sites_server() -> Iterator[NewsSites]:
    with NewsSites() as sites:
        yield sites


@pytest.fixture
def news_sites(_news_sites_server: NewsSites) -> NewsSites:
    """Four small papers on loopback, on day 1 and with an empty log."""
    _news_sites_server.reset()
    return _news_sites_server
