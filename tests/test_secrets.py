"""What `headers` in sources.toml holds (a cookie, a key) goes to the site alone: nothing that is kept or printed has it."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.errors import SourcesError
from archive.sources import Source, parse_sources
from archive.warc import build
from crawler.crawl import headers_for
from tests.line import Archive, Done, new_archive
from tests.rawserver import RawServer, page

SECRET = "key-7f3a91"
ARTICLE = (
    b"<html lang=en><head><title>Harbour reopens</title><meta property='article:published_time' content='2026-05-01'></head>"
    b"<body><article><h1>Harbour reopens</h1>"
    b"<p>The harbour of the town was opened again on Friday, after the storm of last winter had broken its outer wall.</p>"
    b"<p>Ferries to the islands go out twice a day, said the harbour master, and from June on every two hours until dusk.</p>"
    b"<p>The repair took five months and cost less than the council had feared, because divers found the old piles whole.</p>"
    b"<p>Fishermen had to land their catch forty miles up the coast, and many of them sold their boats before the spring.</p>"
    b"</article></body></html>"
)
FEED = (
    b'<rss version="2.0"><channel><title>Paper</title><item><title>Harbour reopens</title><link>%s</link></item>'
    b"</channel></rss>"
)


@dataclass(frozen=True)
class Used:
    """An archive whose site wants a secret, and all that its commands said."""

    archive: Archive
    said: tuple[Done, ...]
    heads: tuple[bytes, ...]  # of the requests that the site got


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    routes = {"/robots.txt": page(b"User-agent: *\nDisallow: /private\n"), "/": page(b'<a href="/2026/05/01/a">A</a>')}
    with RawServer(routes) as server:
        routes |= {
            "/2026/05/01/a": page(ARTICLE),
            "/2026/05/01/b": page(ARTICLE),
            "/feed": page(FEED % b"/2026/05/01/a"),
        }
        server.routes.update(routes)
        archive = new_archive(tmp_path_factory.mktemp("secrets") / "archive", {"paper": server.url("/")})
        path = archive.path / "sources.toml"
        path.write_text(
            path.read_text() + f'feeds = ["/feed"]\nheaders = {{ Cookie = "id={SECRET}", x-key = "{SECRET}" }}\n'
        )
        said = (
            archive.run("crawl", "--allow-private", "--jobs", "1"),
            archive.run("sources", "check", "--allow-private"),
            archive.run("sources", "check", "--allow-private", "--json"),
            archive.run("save", "--allow-private", server.url("/2026/05/01/b")),
            archive.run("save", "--allow-private", server.url("/2026/05/01/c"), code=1),
            archive.run("sources", "list", "--json"),
            archive.run("status", "--json"),
            archive.run("show", server.url("/2026/05/01/a"), "--json"),
        )
        yield Used(archive, said, tuple(seen.head for seen in server.seen))


def kept(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each file of the archive but sources.toml, unpacked where it is packed."""
    for path in sorted(archive.rglob("*")):
        if path.is_file() and path.name != "sources.toml":
            body = path.read_bytes()
            yield path.name, gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def test_the_site_gets_it(used: Used) -> None:
    with_key = [head for head in used.heads if SECRET.encode() in head]
    assert {head.split()[1] for head in with_key} >= {b"/", b"/feed", b"/2026/05/01/a", b"/2026/05/01/b"}
    assert not any(head.split()[1] == b"/robots.txt" for head in with_key)


def test_no_file_of_the_archive_has_it(used: Used) -> None:
    files = dict(kept(used.archive.path))
    assert {"archive.db", "crawl.db"} <= files.keys()
    assert [name for name, body in files.items() if SECRET.encode() in body] == []


def test_nothing_that_was_printed_has_it(used: Used) -> None:
    assert [done for done in used.said if SECRET in done.out + done.err] == []


def test_no_export_and_no_backup_has_it(used: Used, tmp_path: Path) -> None:
    for kind in ("wacz", "cdxj", "jsonl", "pywb"):
        used.archive.run("export", kind, tmp_path / f"x.{kind}")
    used.archive.run("backup", tmp_path / "backup")
    with zipfile.ZipFile(tmp_path / "x.wacz") as package:
        package.extractall(tmp_path / "unpacked")
    files = list(kept(tmp_path))
    assert {"x.cdxj", "x.jsonl", "datapackage.json", "crawl.db"} <= {name for name, _ in files}
    assert any(ARTICLE in body for _, body in files)
    assert [
        name for name, body in files if SECRET.encode() in body
    ] == []  # the backup's sources.toml has it, as it must


def test_the_request_record_says_so_and_is_otherwise_as_sent(used: Used) -> None:
    warc = b"".join(body for name, body in kept(used.archive.path) if ".warc" in name)
    asked = warc.partition(b"GET /2026/05/01/a HTTP/1.1\r\n")[2].partition(b"\r\n\r\n")[0].lower()
    assert b"\r\ncookie: [withheld]" in asked
    assert b"\r\nx-key: [withheld]" in asked
    assert b"accept-encoding: gzip" in asked
    assert b'"withheld":["Cookie","X-Key"]' in warc
    robots = warc.partition(b"GET /robots.txt HTTP/1.1\r\n")[2].partition(b"\r\n\r\n")[0]
    assert b"[withheld]" not in robots


@pytest.mark.parametrize(
    ("written", "named"),
    [
        (f'headers = "Cookie: {SECRET}"', "must be a table"),  # of another form
        (f'headers = {{ Cookie = ["{SECRET}"] }}', "headers"),
        (f'headers = {{ "Cookie: {SECRET}" = "x" }}', "no HTTP header"),  # it stands in the name
        (f'headers = {{ Cookie = "{SECRET}\\n" }}', "on one line"),  # a line break that cannot be sent
        (f'headers = {{ Cookie = "{SECRET}', "not valid TOML"),  # a quote that is missing
        (f'headers = {{ Cookie = "a", Cookie = "{SECRET}" }}', "not valid TOML"),
        (f'cookie = "{SECRET}"', "'cookie'"),  # no key of ours
    ],
)
def test_a_wrong_entry_is_named_without_it(written: str, named: str) -> None:
    with pytest.raises(SourcesError) as caught:
        parse_sources(f'[[source]]\nname = "paper"\nurl = "https://paper.example/"\n{written}\n')
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_source_shows_it_to_no_log() -> None:
    assert SECRET not in repr(Source(name="a", url="https://paper.example/", headers={"Cookie": SECRET}))


@pytest.mark.parametrize(
    ("head", "names", "kept", "found"),
    [
        (b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n", ["b"], b"GET / HTTP/1.1\r\nA: 1\r\nB: [withheld]\r\n\r\n", ("B",)),
        (
            b"GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\n\r\n",
            ["A"],
            b"GET / HTTP/1.1\r\nA: [withheld]\r\nA: [withheld]\r\n\r\n",
            ("A",),
        ),
        (b"GET /a: HTTP/1.1\r\n\r\n", ["GET /a"], b"GET /a: HTTP/1.1\r\n\r\n", ()),  # the request line is no header
        (b"GET / HTTP/1.1\r\nA:\r\n\r\n", ["a"], b"GET / HTTP/1.1\r\nA: [withheld]\r\n\r\n", ("A",)),
        (b"", ["a"], b"", ()),  # a request that was never sent
        (b"GET / HTTP/1.1\r\nAb: 1\r\n\r\n", ["a"], b"GET / HTTP/1.1\r\nAb: 1\r\n\r\n", ()),
    ],
)
def test_a_head_without_values(head: bytes, names: list[str], kept: bytes, found: tuple[str, ...]) -> None:
    assert build.withhold(head, names) == (kept, found)


@pytest.mark.parametrize(
    ("source", "url", "sent"),
    [
        ("https://paper.example/", "https://www.paper.example/a", True),
        ("https://paper.example/", "http://paper.example/a", False),  # a feed wrote http: anybody could read along
        ("http://paper.example/", "http://paper.example/a", True),  # it was never a secret on the way
        ("http://paper.example/", "https://paper.example/a", True),
        ("https://paper.example/", "https://other.example/a", False),
    ],
)
def test_it_goes_to_the_site_alone_and_not_in_clear(source: str, url: str, sent: bool) -> None:
    paper = Source(name="paper", url=source, headers={"Cookie": SECRET})
    assert (headers_for(paper, url, "Morgue").get("Cookie") == SECRET) is sent
