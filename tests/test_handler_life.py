"""The download handler over time: cancelling, closing, TLS, proxies, the guard, many at once, and a real crawl."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pycurl
import pytest
from handler_tools import fetch, handler
from hypothesis import given, settings
from hypothesis import strategies as st
from rawserver import CLOSE, CUT, HANG, RESET, RawServer, Script, Tls, certificates, chunked, page
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError
from scrapy.http import Request, Response
from scrapy.settings import Settings

from archive.clock import SystemClock
from archive.errors import UsageError
from crawler.handler import route_from
from crawler.transfer import Engine, engine

OK = b"HTTP/1.1 200 OK\r\n"
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts memory or files in /proc")


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something in another thread has happened."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within five seconds")


async def test_a_cancelled_request_ends_at_once_and_the_others_go_on() -> None:
    half = [OK + b"Content-Length: 9\r\n\r\nhell", HANG]
    with RawServer({"/hang": [HANG], "/half": half, "/slow": [0.5, *page(b"slow")]}) as server:
        async with handler() as made:
            asked = [Request(server.url(path)) for path in ("/hang", "/half", "/slow")]
            tasks = [asyncio.ensure_future(made.download_request(request)) for request in asked]
            await until(lambda: len(server.seen) == 3)
            await asyncio.sleep(0.05)
            for task in tasks[:2]:
                task.cancel()
            ended = await asyncio.gather(*tasks[:2], return_exceptions=True)
            assert [type(error) for error in ended] == [asyncio.CancelledError] * 2
            exchanges = [request.meta["exchange"] for request in asked[:2]]
            assert [exchange.error for exchange in exchanges] == ["cancelled", "cancelled"]
            assert [exchange.body for exchange in exchanges] == [b"", b"hell"]
            assert [exchange.truncated for exchange in exchanges] == [None, "unspecified"]
            await until(lambda: server.ended == 2)  # long before any time-out
            assert (await tasks[2]).body == b"slow"


async def test_close_ends_what_is_in_flight() -> None:
    with RawServer({"/hang": [HANG], "/half": [OK + b"\r\nhalf", HANG], "/": page(b"x")}) as server:
        async with handler() as made:
            await fetch(made, server.url("/"))  # leaves an idle connection
            tasks = [asyncio.ensure_future(fetch(made, server.url(path))) for path in ("/hang", "/half")]
            await until(lambda: len(server.seen) == 3)
            await asyncio.sleep(0.05)
            await made.close()
            for result, exchange in await asyncio.gather(*tasks):
                assert isinstance(result, DownloadCancelledError)
                assert exchange.error == "cancelled"
            await until(lambda: server.open_now == 0)
            result, exchange = await fetch(made, server.url("/"))
            assert (type(result), exchange.error) == (DownloadCancelledError, "cancelled")
            await made.close()  # a second time does nothing


async def test_close_does_not_wait_for_a_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libcurl joins its resolver threads when it is freed: 8 s were seen with a name server that does not answer."""

    class Stuck:
        def __init__(self, real: pycurl.CurlMulti) -> None:
            self._real = real

        def close(self) -> None:
            time.sleep(3)
            self._real.close()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    async with handler() as made:
        monkeypatch.setattr(made._engine, "_multi", Stuck(made._engine._multi))
        begun = time.monotonic()
        await made.close()
        assert time.monotonic() - begun < 2


async def test_a_connection_that_the_server_closed_meanwhile_costs_no_request() -> None:
    with RawServer({"/": [*page(b"x"), CLOSE]}) as server:
        async with handler() as made:
            for _ in range(5):
                _, exchange = await fetch(made, server.url("/"))
                assert (exchange.body, exchange.error) == (b"x", None)


async def test_500_at_once() -> None:
    count = 500
    routes = {
        f"/{n}": [0.3, OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"%d," % n * 300)] for n in range(count)
    }
    with RawServer(dict(routes)) as server:
        async with handler(MORGUE_TIMEOUT=60, MORGUE_CONNECT_TIMEOUT=60) as made:
            results = await asyncio.gather(*(fetch(made, server.url(f"/{n}")) for n in range(count)))
        assert server.connections == count
    for number, (_, exchange) in enumerate(results):
        assert (exchange.error, exchange.body) == (None, chunked(b"%d," % number * 300))


def rss() -> int:
    """Return this process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """Return how many file descriptors this process has."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a plain count


async def test_an_idle_handle_holds_nothing_of_the_last_page() -> None:
    with RawServer({"/": page(b"x" * 1000)}) as server:
        async with handler() as made:
            await fetch(made, server.url("/"))
            (easy,) = made._engine._idle
            assert (easy.chunks, easy.head, made._engine.in_flight) == ([], b"", 0)


@needs_proc
async def test_1500_transfers_take_no_more_memory_nor_files_than_500() -> None:
    body = [OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 20_000)]
    with RawServer({"/": body, "/cut": [OK + b"Content-Length: 9\r\n\r\n1234", CLOSE], "/gone": [CLOSE]}) as server:
        async with handler() as made:
            sizes, files = [], []
            for _ in range(3):
                for _ in range(50):
                    paths = ["/"] * 8 + ["/cut", "/gone"]
                    await asyncio.gather(*(fetch(made, server.url(path)) for path in paths))
                server.seen.clear()
                sizes.append(rss())
                files.append(open_files())
            assert sizes[-1] - sizes[0] < 4 * 2**20
            assert files[-1] <= files[0] + 4


@pytest.mark.parametrize(
    ("name", "trusted", "error"),
    [
        ("127.0.0.1", True, None),
        ("127.0.0.1", False, "tls"),  # a CA that nobody knows
        ("news.example", True, "tls"),  # somebody else's certificate
    ],
)
async def test_certificates_are_verified(tmp_path: Path, name: str, trusted: bool, error: str | None) -> None:
    context, ca_file = certificates(tmp_path, name)
    with RawServer({"/": page(b"x")}, tls=context) as server:
        async with handler(**({"MORGUE_CA_FILE": str(ca_file)} if trusted else {})) as made:
            results = [await fetch(made, server.url("/")) for _ in range(3)]
        for result, exchange in results:
            assert exchange.error == error
            assert isinstance(result, DownloadFailedError if error else Response)
            assert exchange.body == (b"" if error else b"x")
        assert len(server.seen) == (0 if error else 3)
        assert error or server.connections == 1


async def test_tls_that_ends_without_farewell(tmp_path: Path) -> None:
    """RFC 9112 section 9.8: without a length, a body is whole only if the closure alert came."""
    context, ca_file = certificates(tmp_path, "127.0.0.1")
    routes: dict[str, Script] = {
        "/length": [OK + b"Content-Length: 9\r\n\r\nhello", 0.1, CUT],
        "/whole": [OK + b"Content-Length: 5\r\n\r\nhello", 0.1, CUT],
        "/close": [OK + b"\r\nhello", 0.1, CUT],
        "/polite": [OK + b"\r\nhello", 0.1, CLOSE],
    }
    with RawServer(dict(routes), tls=context) as server:
        async with handler(MORGUE_CA_FILE=str(ca_file)) as made:
            errors = {}
            for path in routes:
                _, exchange = await fetch(made, server.url(path))
                assert exchange.body == b"hello"
                errors[path] = exchange.error
    assert errors == {"/length": "disconnect", "/whole": None, "/close": "disconnect", "/polite": None}


async def test_http_through_a_proxy() -> None:
    with RawServer({"http://news.example:81/a?b": page(b"x")}) as proxy:
        async with handler(MORGUE_PROXY=f"http://me:secret@127.0.0.1:{proxy.port}", MORGUE_ALLOW_PRIVATE=False) as made:
            _, exchange = await fetch(made, "http://news.example:81/a?b#c", headers={"X-A": "1"})
    assert (exchange.body, exchange.error, exchange.peer) == (b"x", None, None)
    assert exchange.request_head == b"GET /a?b HTTP/1.1\r\nHost: news.example:81\r\nX-A: 1\r\n\r\n"
    assert proxy.seen[0].head == (
        b"GET http://news.example:81/a?b HTTP/1.1\r\nHost: news.example:81\r\n"
        b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\nX-A: 1\r\n\r\n"
    )


async def test_https_through_a_proxy_keeps_nothing_of_the_tunnel(tmp_path: Path) -> None:
    context, ca_file = certificates(tmp_path, "news.example")
    established = b"HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n"
    routes: dict[str, Script] = {
        "news.example:443": [established, Tls(context)],
        "/a": page(b"x"),
        "other.example:443": [b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"],
        "gone.example:443": [CLOSE],
    }
    with RawServer(dict(routes)) as proxy:
        url = f"http://me:secret@127.0.0.1:{proxy.port}"
        async with handler(MORGUE_PROXY=url, MORGUE_CA_FILE=str(ca_file), MORGUE_ALLOW_PRIVATE=False) as made:
            for _ in range(2):
                _, exchange = await fetch(made, "https://news.example/a", headers={"X-A": "1"})
                assert (exchange.body, exchange.error, exchange.peer) == (b"x", None, None)
                assert exchange.response_head == OK + b"Content-Length: 1\r\n\r\n"
                assert exchange.request_head == b"GET /a HTTP/1.1\r\nHost: news.example\r\nX-A: 1\r\n\r\n"
            for name in ("other", "gone"):
                result, exchange = await fetch(made, f"https://{name}.example/a")
                assert isinstance(result, DownloadFailedError)
                assert (exchange.error, exchange.response_head, exchange.body) == ("proxy", b"", b"")
    heads = [seen.head.split(b"\r\n")[0] for seen in proxy.seen[:3]]
    assert heads == [b"CONNECT news.example:443 HTTP/1.1", b"GET /a HTTP/1.1", b"GET /a HTTP/1.1"]
    assert b"secret" not in proxy.seen[1].head
    assert b"X-A" not in proxy.seen[0].head  # a source's own headers are no business of the proxy's
    assert b"Proxy-Auth" not in proxy.seen[1].head


async def test_a_proxy_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with handler(MORGUE_PROXY=f"http://127.0.0.1:{port}") as made:
        for url in ("http://news.example/", "https://news.example/"):
            assert (await fetch(made, url))[1].error == "proxy"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "localhost", "a.localhost.", "0"]
)
async def test_private_hosts_are_refused_before_anything_is_sent(host: str) -> None:
    with RawServer({"/": page(b"x")}) as server:
        for extra in ({}, {"MORGUE_PROXY": f"http://127.0.0.1:{server.port}"}):
            async with handler(MORGUE_ALLOW_PRIVATE=False, **extra) as made:
                result, exchange = await fetch(made, server.url("/", host))
                assert isinstance(result, DownloadFailedError)
                assert (exchange.error, exchange.peer) == ("private-address", None)
                assert host.strip("[]") in (exchange.detail or "")
        assert server.connections == 0


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
    ],
)
async def test_the_address_itself_is_judged_at_connect(
    monkeypatch: pytest.MonkeyPatch, host: str, address: str
) -> None:
    """With the look at the spelling switched off, as for a name that resolves to such an address."""
    monkeypatch.setattr(engine, "literal_private_host", lambda _: False)
    with RawServer({"/": page(b"x")}) as server:
        async with handler(MORGUE_ALLOW_PRIVATE=False) as made:
            result, exchange = await fetch(made, server.url("/", host))
            assert isinstance(result, DownloadFailedError)
            assert (exchange.error, exchange.peer) == ("private-address", None)
            assert address in (exchange.detail or "")
        assert server.connections == 0


@needs_proc
async def test_a_public_address_passes_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.transfer.easy.is_public", lambda _: True)  # loopback stands in for a public host
    monkeypatch.setattr(engine, "literal_private_host", lambda _: False)
    with RawServer({"/": page(b"x"), "/close": [*page(b"x", b"Connection: close"), CLOSE]}) as server:
        async with handler(MORGUE_ALLOW_PRIVATE=False) as made:
            for _ in range(2):
                _, exchange = await fetch(made, server.url("/"))
                assert (exchange.body, exchange.peer) == (b"x", "127.0.0.1")
            assert server.connections == 1
            before = open_files()
            for _ in range(40):  # each on a connection of its own, on a socket of our own making
                await fetch(made, server.url("/close"))
            assert open_files() <= before + 4


async def test_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / ".curlrc").write_text('user-agent = "curlrc"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    with RawServer({"/": page(b"x"), "http://news.example/": page(b"y")}) as server:
        async with handler() as made:
            assert (await fetch(made, server.url("/")))[1].body == b"x"
        monkeypatch.setenv("no_proxy", "*")
        async with handler(MORGUE_PROXY=f"http://127.0.0.1:{server.port}") as made:
            assert (await fetch(made, "http://news.example/"))[1].body == b"y"
    assert server.seen[0].head == b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port


names = st.from_regex(rb"\A[A-Za-z][A-Za-z0-9-]{0,12}\Z")
values = st.binary(max_size=20).filter(lambda value: not set(value) & {0, 10, 13})
targets = st.from_regex(r"\A/[!-\"$-\[\]-~]{0,30}\Z")


def test_the_request_kept_is_the_request_sent() -> None:
    with RawServer() as server:

        @settings(max_examples=60, deadline=None)
        @given(st.lists(st.tuples(names, values), max_size=6, unique_by=lambda pair: pair[0].lower()), targets)
        def sent_as_kept(headers: list[tuple[bytes, bytes]], target: str) -> None:
            async def once() -> None:
                made = Engine(route_from(Settings({"MORGUE_ALLOW_PRIVATE": True})), SystemClock())
                exchange = await made.start(server.url(target), headers=headers).wait()
                assert server.seen[-1].head == exchange.request_head
                await made.close()

            asyncio.run(once())

        sent_as_kept()


USUAL = {
    "User-Agent": "Morgue/1 (+mailto:desk@paper.example)", "Accept": "text/html", "Accept-Encoding": "gzip, br",
    "If-None-Match": '"x"', "If-Modified-Since": "Sat, 01 Jan 2022 00:00:00 GMT", "Cookie": "a=b; c=d",
    "Range": "bytes=0-9", "Authorization": "Basic x", "Referer": "http://x.example/", "Content-Type": "x/y",
    "X-Empty": "", "Cache-Control": "no-cache",
}  # fmt: skip


async def test_usual_headers_are_sent_in_the_order_given() -> None:
    with RawServer() as server:
        async with handler() as made:
            _, exchange = await fetch(made, server.url("/"), headers=USUAL)
        lines = [f"{name}: {value}".rstrip() if value else f"{name}:" for name, value in USUAL.items()]
        head = "\r\n".join(["GET / HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines]) + "\r\n\r\n"
        assert server.seen[0].head == exchange.request_head == head.encode()


@pytest.mark.parametrize(
    "bad",
    [
        {"MORGUE_PROXY": "127.0.0.1:8080"},
        {"MORGUE_PROXY": "ftp://127.0.0.1"},
        {"MORGUE_PROXY": "socks5://127.0.0.1"},  # would resolve names here
        {"MORGUE_CA_FILE": "/no/such/file.pem"},
    ],
)
def test_settings_that_cannot_be_used(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"Write it like|Name a PEM"):
        route_from(Settings(bad))


def test_libcurl_resolves_names_in_a_thread() -> None:
    assert pycurl.version_info()[4] & pycurl.VERSION_ASYNCHDNS  # else a slow name server would stop the whole crawl


SPIDER = """
import json, sys
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

class Small(Spider):
    name = "small"
    custom_settings = {{
        "DOWNLOAD_HANDLERS": {{"http": "crawler.handler.CurlHandler", "https": "crawler.handler.CurlHandler"}},
        "MORGUE_ALLOW_PRIVATE": True, "LOG_LEVEL": "WARNING", "TELNETCONSOLE_ENABLED": False, "RETRY_ENABLED": False,
        "MORGUE_TIMEOUT": 1, "DOWNLOADER_MIDDLEWARES": {{
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
            "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": None,
            "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None}},
        "HTTPERROR_ALLOW_ALL": True,
    }}
    async def start(self):
        for path in sys.argv[2:]:
            yield Request(sys.argv[1] + path, callback=self.got, errback=self.failed, dont_filter=True)
    def got(self, response):
        self.tell(response.request, response.status)
    def failed(self, failure):
        self.tell(failure.request, type(failure.value).__name__)
    def tell(self, request, what):
        exchange = request.meta["exchange"]
        print(json.dumps([exchange.url.rpartition("/")[2], what, exchange.error, exchange.body.decode("latin-1")]))

process = AsyncCrawlerProcess()
process.crawl(Small)
process.start()
""".replace("{{", "{").replace("}}", "}")


def test_a_real_crawl(tmp_path: Path) -> None:
    script = tmp_path / "small.py"
    script.write_text(SPIDER)
    gone: Script = [HANG]
    routes: dict[str, Script] = {
        "/page": [OK + b"Transfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n" + chunked(b"<p>hello")],
        "/304": [b"HTTP/1.1 304 Not Modified\r\n\r\n"],
        "/cut": [OK + b"Content-Length: 9\r\n\r\nhello", CLOSE],
        "/hang": gone,
        "/moved": page(b"", b"Location: /page", status=b"302 Found"),
    }
    with RawServer(dict(routes)) as server:
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, script, server.url(""), *routes],
            capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parent.parent,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 40
    told = {line[0]: line[1:] for line in map(json.loads, done.stdout.splitlines())}
    assert told["304"] == [304, None, ""]
    assert told["cut"] == [200, "disconnect", "hello"]
    assert told["hang"] == ["DownloadTimeoutError", "timeout", ""]
    assert told["page"] == [200, None, "8\r\n<p>hello\r\n0\r\n\r\n"]
    assert "Traceback" not in done.stderr


async def test_a_page_that_resets_connections_is_asked_for_twice_at_most() -> None:
    """Libcurl would go on as long as it has connections that were used before: six requests within milliseconds."""
    with RawServer({"/": [0.2, *page(b"x")], "/dies": [RESET]}) as server:
        async with handler() as made:
            await asyncio.gather(*(fetch(made, server.url("/")) for _ in range(8)))
            _, exchange = await fetch(made, server.url("/dies"))
        assert exchange.error == "disconnect"
        assert [seen.head.split()[1] for seen in server.seen].count(b"/dies") == 2


async def test_a_site_with_a_delay_is_not_asked_twice_when_a_used_connection_dies() -> None:
    """Libcurl would send the request again at once; without `send_once` it may."""
    with RawServer({"/": page(b"x"), "/dies": [RESET]}) as server:
        async with handler() as made:
            for path, error, meta in (("/", None, {}), ("/dies", "disconnect", {"send_once": True})):
                _, exchange = await fetch(made, server.url(path), meta=meta)
                assert exchange.error == error
        assert [seen.head.split()[1] for seen in server.seen] == [b"/", b"/dies"]
