"""SURT keys: those that pywb and cdxj-indexer compute, or they do not find the page."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from archive.export.surt import surt

# Expected values: the Internet Archive's surt 0.3.1.
CASES = [
    ("https://news.example/", "example,news)/"),
    ("http://www.news.example", "example,news)/"),  # no path is the path /
    ("http://www2.news.example/a", "example,news)/a"),  # the Wayback Machine's www, with a number
    ("http://wwwx.news.example/a", "example,news,wwwx)/a"),  # … and no www
    ("https://news.example:443/a", "example,news)/a"),
    ("http://news.example:443/a", "example,news:443)/a"),  # the other scheme's port is not the default
    ("http://127.0.0.11:40123/A/", "11,0,0,127:40123)/a"),
    ("http://127.1/", "1,0,0,127)/"),  # one address, another spelling
    ("https://News.Example/Story/?B=2&a=1", "example,news)/story?a=1&b=2"),
    ("https://news.example/a?a-b=1&a=2", "example,news)/a?a=2&a-b=1"),  # by name, not by character
    ("https://news.example/a?", "example,news)/a"),
    ("https://news.example/a?#x", "example,news)/a"),
    ("https://news.example/a//b/./c/../d/", "example,news)/a/b/d"),
    ("https://news.example/../a", "example,news)/../a"),
    ("https://news.example/%2541%20b%2f", "example,news)/a%20b"),  # escapes of escapes, and a slash that was one
    ("https://news.example/a%zz", "example,news)/a%25zz"),
    ("https://news.example/zür%C3%BCck?q=ü", "example,news)/z%c3%bcr%c3%bcck?q=%c3%bc"),
    ("https://münchen.example/", "example,xn--mnchen-3ya)/"),
    ("https://me:pw@news.example/a", "example,news)/a"),
    ("https://news.example/a?sid=0123456789abcdef0123456789ABCDEF&x=1", "example,news)/a?x=1"),
    ("https://news.example/a?x=1&phpsessid=0123456789abcdef0123456789abcdef", "example,news)/a?&x=1"),
    ("https://news.example/(S(abcdefghijklmnopqrstuvwx))/p.aspx", "example,news)/p.aspx"),
    ("http://https://news.example/a", "example,news)/a"),
    ("https://news.example/a\tb\nc", "example,news)/abc"),
    ("https://news.example/a b", "example,news)/a%20b"),
]


@pytest.mark.parametrize(("url", "key"), CASES)
def test_a_key_is_that_of_the_tools_that_read_the_index(url: str, key: str) -> None:
    assert surt(url) == key


@pytest.mark.parametrize(
    "url", ["", "http://", "https://news.example:port/ a", "http://[::1/", "https://\udcff.example/"]
)
def test_what_is_no_usable_address_still_makes_a_line_of_an_index(url: str) -> None:
    assert " " not in surt(url)
    assert surt(url).isascii()


@pytest.mark.parametrize(
    "path",
    [
        "%" + "25" * 200_000,  # an escape in an escape in an escape
        "?" + "cfid=" * 50_000 + "1&cftoken=",
        ".aspx" + "/(abcdefghijklmnopqrstuvwx)" * 10_000,
        "?" + "&" * 200_000,
        "a/" * 100_000 + "../" * 100_000,
    ],
    ids=["escapes", "sessions in the query", "sessions in the path", "parameters", "steps up"],
)
def test_a_stranger_cannot_make_a_key_expensive(path: str) -> None:
    began = time.process_time()
    surt(f"https://news.example/{path}")
    assert time.process_time() - began < 3  # in the square of the length it would be minutes


PEER = Path(os.environ.get("MORGUE_PEERS", "/nowhere")) / "venv" / "bin" / "python"
BITS = [
    *(
        "/",
        "//",
        "/./",
        "/../",
        "%41",
        "%2541",
        "%zz",
        "%",
        "?",
        "&",
        "=",
        "a=1",
        "b",
        "#x",
        " ",
        "ü",
        "%C3%BC",
        "index.html",
    ),
    *("sid=0123456789abcdef0123456789abcdef", "jsessionid=0123456789abcdef0123456789abcdef", "cfid=1&cftoken=2"),
    *(";jsessionid=1", "/(S(0123456789abcdefghijklmn))/p.aspx", "\t", "%20", "%23", "+", ",", "A", "http://", "-", "~"),
]
HOSTS = [
    "news.example",
    "www.News.example",
    "127.0.0.11:4012",
    "a.example:8080",
    "ü.example",
    "me:pw@news.example",
    "1.2.3.4",
]


@pytest.mark.skipif(not PEER.exists(), reason="MORGUE_PEERS is not set (scripts/peers DIR makes the folder)")
def test_keys_of_random_addresses_are_those_of_the_internet_archive() -> None:
    pick = random.Random(5)
    urls = [
        f"{pick.choice(['http', 'https', 'HTTP'])}://{pick.choice(HOSTS)}/{''.join(pick.choices(BITS, k=pick.randint(0, 7)))}"
        for _ in range(20_000)
    ]
    code = "import json, sys, surt; json.dump([surt.surt(url) for url in json.load(sys.stdin)], sys.stdout)"
    done = subprocess.run(
        [PEER, "-W", "ignore", "-c", code],
        input=json.dumps(urls),
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    theirs = json.loads(done.stdout)
    assert [(url, key, surt(url)) for url, key in zip(urls, theirs, strict=True) if surt(url) != key] == []
