"""Manners: robots.txt, gaps, pauses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.politeness import MAX_ROBOTS_BYTES, Verdict, gap, pause, retry_after, robots_fresh_for, rules

SITE = "https://news.example"


@pytest.mark.parametrize(
    ("status", "verdict", "allowed"),
    [
        (200, Verdict.RULES, False),
        (204, Verdict.RULES, False),  # any 2xx is read
        (404, Verdict.ALLOW_ALL, True),
        (401, Verdict.ALLOW_ALL, True),  # RFC 9309 2.3.1.3: "unavailable" covers 400 to 499
        (403, Verdict.ALLOW_ALL, True),
        (429, Verdict.DISALLOW_ALL, False),  # "not now"
        (500, Verdict.DISALLOW_ALL, False),
        (503, Verdict.DISALLOW_ALL, False),
        (None, Verdict.DISALLOW_ALL, False),  # no answer
        (100, Verdict.DISALLOW_ALL, False),  # no final status
        (304, Verdict.ALLOW_ALL, True),  # without a text of ours to which it could refer
    ],
)
def test_what_a_status_means(status: int | None, verdict: Verdict, *, allowed: bool) -> None:
    read = rules(status, b"User-agent: *\nDisallow: /\n")
    assert read.verdict is verdict
    assert read.allowed(f"{SITE}/a") is allowed


@pytest.mark.parametrize(
    ("body", "url", "allowed"),
    [
        (b"\xef\xbb\xbfUser-agent: *\nDisallow: /a", "/a", False),  # BOM: the first group would be lost
        ("\ufeffUser-agent: *\nDisallow: /a".encode("utf-16"), "/a", False),  # Windows Notepad's "Unicode"
        (b"\xef\xbb\xbf\xef\xbb\xbfUser-agent: *\nDisallow: /a", "/a", False),  # concatenated by a build script
        (b"User-agent: morgue\nDisallow: /a\n\nUser-agent: *\nDisallow: /", "/b", True),  # our own group alone counts
        (b"User-agent: Morgue\nDisallow: /a\nUser-agent: *\nDisallow:", "/a", False),  # case does not matter
        (b"User-agent: morgue/1.0\nDisallow: /a\n\nUser-agent: *\nDisallow:", "/a", False),  # with a version
        (b"User-agent: morgue/2 (news)\nDisallow: /a\n\nUser-agent: *\nDisallow:", "/a", False),
        (b"User-agent: *\nDisallow: /\nAllow: /a", "/a/b", True),  # the longest match wins
        (b"User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),  # of equals, allow
        (b"User-agent: *\nDisallow: /*.pdf$", "/x.pdf", False),
        (b"User-agent: *\nDisallow: /*.pdf$", "/x.pdf?a", True),
        (b"User-agent: *\rDisallow: /a\r", "/a", False),  # CR alone ends a line
        (b"User-agent: *\nDisallow: /caf\xc3\xa9", "/caf%C3%A9", False),
        (b"User-agent: *\nDisallow: /caf\xe9", "/caf%C3%A9", False),  # Latin-1
        (b"User-agent: *\nDisallow: /a\x00", "/a", False),
        (b"<html><body>Not found</body></html>", "/a", True),  # an error page with status 200
        (b"", "/a", True),
        (b"User-agent: *\nDisallow: /", "/robots.txt", True),  # RFC 9309 2.2.2
        (b"User-agent: *\nDisallow: /a\n\nSitemap: https://n.example/s.xml\nDisallow: /b", "/b", False),
    ],
)
def test_rules(body: bytes, url: str, *, allowed: bool) -> None:
    assert rules(200, body).allowed(SITE + url) is allowed


def test_what_is_over_500_kib_is_cut_between_lines() -> None:
    head = b"User-agent: *\nDisallow: /first\n"
    filler = b"# filler\n" * ((MAX_ROBOTS_BYTES - len(head)) // 9 - 1)
    left = MAX_ROBOTS_BYTES - len(head) - len(filler)
    body = head + filler + b"#" * (left - len(b"\nDisallow: /")) + b"\nDisallow: /only-this\nDisallow: /late\n"
    assert body[:MAX_ROBOTS_BYTES].endswith(b"\nDisallow: /")  # the cut would close the whole site
    read = rules(200, body)
    assert not read.allowed(f"{SITE}/first")
    assert read.allowed(f"{SITE}/late")
    assert read.allowed(f"{SITE}/news")


def test_delay_and_sitemaps() -> None:
    read = rules(
        200, b"User-agent: *\nCrawl-delay: 2.5\nSitemap: /s.xml\nSitemap: /s.xml\nSitemap: https://n.example/t.xml\n"
    )
    assert read.delay == 2.5
    assert read.sitemaps == ("/s.xml", "https://n.example/t.xml")
    assert rules(200, b"User-agent: *\nCrawl-delay: soon\n").delay is None
    assert rules(200, b"User-agent: *\nCrawl-delay: 99999999\n").delay == 86400


@given(st.binary(max_size=300), st.text(max_size=60))
def test_rules_never_raise(body: bytes, path: str) -> None:
    assert rules(200, b"User-agent: *\nDisallow: " + body).allowed(f"{SITE}/{path}") in (True, False)


@pytest.mark.parametrize("url", ["http://[x/", "http://news.example:port/", "", "//", "\ud800"])
def test_odd_urls_do_not_raise(url: str) -> None:
    assert rules(200, b"User-agent: *\nDisallow: /a\n").allowed(url) in (True, False)


@pytest.mark.parametrize(
    ("source", "crawl_delay", "expected"),
    [
        (None, None, 1.0),  # the default
        (0, None, 0.0),  # one's own server
        (0, 3.0, 3.0),  # the site's word counts more than ours
        (5, 3.0, 5.0),
        (None, 0.0, 1.0),
        (-4, None, 0.0),
    ],
)
def test_gap(source: float | None, crawl_delay: float | None, expected: float) -> None:
    assert gap(source, crawl_delay) == expected


DATE = "Fri, 01 May 2026 06:00:00 GMT"
NOW = datetime(2026, 5, 1, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "date", "now", "expected"),
    [
        ("120", None, None, 120.0),
        (" 7 ", None, None, 7.0),
        ("1.5", None, None, 1.5),  # against the RFC, and sent
        ("0", None, None, 0.0),
        ("-5", None, None, None),
        ("99999999999", None, None, 86400.0),  # a day at most
        ("Fri, 01 May 2026 06:02:00 GMT", DATE, NOW, 120.0),  # against the response's Date, not our clock
        ("Friday, 01-May-26 06:02:00 GMT", DATE, NOW, 120.0),  # RFC 850
        ("Fri May  1 06:02:00 2026", DATE, NOW, 120.0),  # asctime
        ("Fri, 01 May 2026 07:00:30 GMT", None, NOW, 30.0),  # no Date header: our clock
        ("Fri, 01 May 2026 07:00:30 GMT", "garbage", NOW, 30.0),
        ("Fri, 01 May 2026 05:00:00 GMT", DATE, NOW, 0.0),  # in the past
        ("Fri, 01 May 2026 06:02:00 GMT", None, None, None),
        ("soon", DATE, NOW, None),
        ("", DATE, NOW, None),
        ("٣", DATE, NOW, None),  # digits, but not ASCII ones
        ("Fri, 99 May 2026 99:99:99 GMT", DATE, NOW, None),
        (None, DATE, NOW, None),
    ],
)
def test_retry_after(value: str | None, date: str | None, now: datetime | None, expected: float | None) -> None:
    assert retry_after(value, date=date, now=now) == expected


def test_pauses() -> None:
    assert pause(503, [("Retry-After", "7")]).seconds == 7
    assert pause(429, [("retry-after", "Fri, 01 May 2026 06:00:09 GMT"), ("DATE", DATE)]).seconds == 9
    assert [pause(429, failures=n).seconds for n in range(5)] == [60, 300, 1800, 7200, 7200]
    assert [pause(None, error="timeout", failures=n).seconds for n in range(6)] == [5, 30, 300, 1800, 7200, 7200]
    assert pause(None, error="private-address", failures=3).failures == 3  # says nothing of the host
    assert pause(200, failures=3).failures == 0
    assert pause(500, [("Retry-After", "5")]).seconds == 5
    assert pause(200, [("Retry-After", "5")]).seconds == 0


def test_robots_is_read_daily_and_sooner_after_a_failure() -> None:
    assert robots_fresh_for(404, 0) == 86400
    assert [robots_fresh_for(503, n) for n in (1, 2, 3, 4, 9)] == [600, 3600, 21600, 86400, 86400]


@pytest.mark.corpus
def test_every_real_robots_txt_parses(corpus: Path) -> None:
    files = [
        path
        for path in (corpus / "suites" / "robots").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".go")
    ]
    assert len(files) > 1000
    for path in files:
        read = rules(200, path.read_bytes())
        assert read.verdict is Verdict.RULES
        read.allowed(f"{SITE}/2026/05/01/a-story?id=1")
