"""What a server sends is what the record holds, byte for byte; what is asked is what the request record holds.

The whole line: `morgue save` and `morgue crawl` against servers whose every byte is known. The files are read with warcio.
"""

from __future__ import annotations

import gzip
import hashlib
import socket
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import brotli
import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.fidelity import CODINGS, Kept, compare_with, crawled, failures_in, kept_in, sha1, wrong_digests
from tests.line import DAY_1, DAY_2, SECONDS_LATER, new_archive
from tests.rawserver import CLOSE, HANG, RawServer, Script, Step, certificates, chunked, page
from tests.replay import big_hosts
from tests.tap import Asked, Wire

OK = b"HTTP/1.1 200 OK\r\n"
TYPE = b"Content-Type: text/html; charset=utf-8\r\n"
PAGE = b"<!DOCTYPE html><title>Ebbe</title><p>Der Hafen \xc3\xb6ffnet am Montag wieder.</p>" * 20


def plain(*lines: bytes, body: bytes = PAGE, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """Return an answer with a Content-Length."""
    return b"\r\n".join([status, *lines, b"Content-Length: %d" % len(body)]) + b"\r\n\r\n" + body


def coded(name: bytes, body: bytes) -> bytes:
    return plain(TYPE[:-2], b"Content-Encoding: " + name, body=body)


IN_CHUNKS = OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n"
IN_GZIP = chunked(gzip.compress(PAGE, mtime=0))
SHORT = OK + TYPE + b"Content-Length: 9\r\n\r\n"
PART = b"Content-Range: bytes 0-99/5000"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
# name, what is sent, what the record holds (None: just that), WARC-Truncated
CASES: list[tuple[str, Script, bytes | None, str | None]] = [
    ("plain", [plain(TYPE[:-2])], None, None),
    ("case-and-order", [plain(b"x-B: 1", b"X-a:2", b"CONTENT-TYPE:  text/html  ", b"x-b: 3")], None, None),
    ("repeated", [plain(b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"Set-Cookie: a=1", TYPE[:-2])], None, None),
    ("no-reason", [plain(TYPE[:-2], status=b"HTTP/1.1 200")], None, None),
    ("long-reason", [plain(TYPE[:-2], status=b"HTTP/1.1 200  It's  all \xe4\xff good ")], None, None),
    ("odd-status", [plain(TYPE[:-2], status=b"HTTP/1.1 299 Nearly")], None, None),
    ("8-bit", [plain(b"X-Titel: Stra\xdfe \xe2\x82\xac \xff", TYPE[:-2])], None, None),
    ("blank-before-colon", [plain(b"X-Old : 1", TYPE[:-2])], None, None),
    ("empty-values", [plain(b"X-Empty:", b"X-Blank:   ", TYPE[:-2])], None, None),
    ("tabs", [plain(b"X-Tab:\t1\t", TYPE[:-2])], None, None),
    ("bare-line-feeds", [OK.replace(b"\r", b"") + b"X: 1\nContent-Length: 3\n\nabc"], None, None),
    ("large-head", [plain(*(b"X-Pad-%d: %s" % (i, b"x" * 900) for i in range(60)))], None, None),
    # RFC 9112 section 5.2: obsolete, and the one place where libcurl does not give the bytes as sent: it joins the lines.
    ("folded", [plain(b"X: a\r\n\t  b\r\n c", TYPE[:-2])], plain(b"X: a b c", TYPE[:-2]), None),
    ("hints", [HINTS, 0.01, HINTS, plain(TYPE[:-2])], plain(TYPE[:-2]), None),  # 1xx: not the answer yet
    ("continue", [b"HTTP/1.1 100 Continue\r\n\r\n", plain(TYPE[:-2])], plain(TYPE[:-2]), None),
    ("chunked", [IN_CHUNKS + chunked(PAGE[:100], PAGE[100:])], None, None),
    ("chunk-extensions", [IN_CHUNKS + b'5;a=b;c="d"\r\nhello\r\n0;x\r\n\r\n'], None, None),
    ("trailers", [IN_CHUNKS, b"5\r\nhel", 0.01, b"lo\r\n0\r\nExpires: 0\r\nX-Sum: y\r\n\r\n"], None, None),
    ("chunked-gzip", [OK + b"Content-Encoding: gzip\r\n" + IN_CHUNKS[len(OK) :] + IN_GZIP], None, None),
    ("gzip-as-transfer", [OK + TYPE + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + IN_GZIP], None, None),
    ("cut-in-a-chunk", [IN_CHUNKS + b"5\r\nhello\r\nff\r\nhalf", CLOSE], None, "disconnect"),
    ("http-1.0", [b"HTTP/1.0 200 OK\r\n" + TYPE + b"\r\n" + PAGE, CLOSE], None, None),
    ("until-close", [OK + b"Connection: close\r\n" + TYPE + b"\r\n" + PAGE, CLOSE], None, None),
    ("no-length", [OK + TYPE + b"\r\n" + PAGE, 0.01, PAGE, CLOSE], None, None),
    ("length-too-long", [OK + TYPE + b"Content-Length: 9000\r\n\r\n" + PAGE, CLOSE], None, "disconnect"),
    ("length-too-short", [SHORT + PAGE, CLOSE], SHORT + PAGE[:9], None),
    ("gzip", [coded(b"gzip", gzip.compress(PAGE))], None, None),
    ("gzip-broken", [coded(b"gzip", gzip.compress(PAGE)[:-9] + b"?")], None, None),
    ("deflate", [coded(b"deflate", zlib.compress(PAGE))], None, None),
    ("br", [coded(b"br", brotli.compress(PAGE))], None, None),
    ("zstd", [coded(b"zstd", b"\x28\xb5\x2f\xfd" + PAGE)], None, None),
    ("unknown-coding", [coded(b"x-secret", PAGE[::-1])], None, None),
    ("empty", [plain(TYPE[:-2], body=b"")], None, None),
    ("empty-chunked", [IN_CHUNKS + chunked()], None, None),
    ("204", [b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"], None, None),
    ("304-unasked", [b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5000\r\n\r\n'], None, None),
    ("206", [plain(PART, body=PAGE[:100], status=b"HTTP/1.1 206 Partial Content")], None, None),
    ("redirect", [plain(b"Location: /plain", body=b"moved", status=b"HTTP/1.1 302 Found")], None, None),
    ("404", [plain(TYPE[:-2], status=b"HTTP/1.1 404 Nicht gefunden")], None, None),
    ("500", [plain(TYPE[:-2], status=b"HTTP/1.1 500 Oh")], None, None),
]  # fmt: skip


# What libcurl takes for no HTTP at all.
REFUSED: dict[str, Script] = {
    "no-colon": [plain(b"this line has none", TYPE[:-2])],
    "nul": [plain(b"X: a\0b", TYPE[:-2])],
}
WITHOUT_PAYLOAD_DIGEST = {"bare-line-feeds"}  # tools disagree where its head ends (`archive.warc.build.payload_of`)


@dataclass(frozen=True)
class Shelf:
    """What was kept, and what was asked."""

    folder: Path
    by_path: dict[str, list[Kept]]
    asked: dict[str, list[bytes]]  # heads of requests as they arrived
    failures: dict[str, str]  # by URL


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    routes: dict[str, list[Step]] = {f"/2026/{name}": list(script) for name, script, _, _ in CASES}
    routes |= {f"/2026/{name}": list(script) for name, script in REFUSED.items()}
    with RawServer({"/robots.txt": page(b"User-agent: *\nDisallow:\n"), **routes}) as server:
        archive = new_archive(tmp_path_factory.mktemp("fidelity") / "a", {"paper": server.url("/")})
        path = archive.path / "sources.toml"
        path.write_text(path.read_text() + 'headers = { X-Key = "s3cret", Accept-Language = "de" }\n')
        archive.run("save", "--allow-private", *(server.url(path) for path in routes), code=1)
        by_path: dict[str, list[Kept]] = {}
        for kept in kept_in(archive.path / "warc"):
            by_path.setdefault("/" + kept.url.split("/", 3)[3], []).append(kept)
        asked: dict[str, list[bytes]] = {}
        for seen in server.seen:
            asked.setdefault(seen.head.split(b" ")[1].decode(), []).append(seen.head)
        yield Shelf(archive.path / "warc", by_path, asked, failures_in(archive.path / "warc"))


@pytest.mark.parametrize(("name", "sent", "held", "cut"), CASES, ids=[case[0] for case in CASES])
def test_the_record_holds_what_was_sent(
    shelf: Shelf, name: str, sent: Script, held: bytes | None, cut: str | None
) -> None:
    (kept,) = shelf.by_path[f"/2026/{name}"][:1]
    assert kept.block == (held or b"".join(step for step in sent if isinstance(step, bytes)))
    assert kept.fields.get("WARC-Truncated") == cut
    assert kept.fields["WARC-IP-Address"] == "127.0.0.1"
    assert kept.fields["WARC-Block-Digest"] == sha1(kept.block)
    assert kept.fields.get("WARC-Payload-Digest") == (None if name in WITHOUT_PAYLOAD_DIGEST else sha1(kept.body))


def test_what_libcurl_refuses_is_told(shelf: Shelf) -> None:
    """A head with a line that is no header, or with a NUL: no answer can be kept, the metadata record says why."""
    for name in ("no-colon", "nul"):
        (kept,) = shelf.by_path[f"/2026/{name}"]
        assert kept.kind == "none"
        assert shelf.failures[kept.url] == "protocol"


def test_the_request_is_kept_as_it_arrived_but_for_what_is_withheld(shelf: Shelf) -> None:
    for path, heads in shelf.asked.items():
        kept = shelf.by_path[path]
        assert len(heads) == len(kept), path
        for head, one in zip(heads, kept, strict=True):
            hidden = head.replace(b"X-Key: s3cret", b"X-Key: [withheld]")
            assert one.request == hidden.replace(b"Accept-Language: de", b"Accept-Language: [withheld]")
            assert (hidden == head) == (path == "/robots.txt")


def test_warcio_computes_the_same_digests(shelf: Shelf) -> None:
    assert list(wrong_digests(shelf.folder)) == []


def test_a_run_tells_its_software_contact_and_settings(shelf: Shelf) -> None:
    with next(shelf.folder.iterdir()).open("rb") as stream:
        info = next(iter(ArchiveIterator(stream))).raw_stream.read().decode().splitlines()
    fields = dict(line.split(": ", 1) for line in info)
    assert fields["software"].startswith("Morgue/")
    assert fields["operator"] == "mailto:desk@paper.example"
    assert fields["http-header-user-agent"] in shelf.asked["/2026/plain"][0].decode()
    assert (fields["robots"], fields["addresses"], fields["route"]) == ("RFC 9309", "private ones too", "direct")
    assert fields["limits"].startswith("16777216 bytes of body, 65536 bytes of headers, 10 s to connect")


@dataclass(frozen=True)
class Failed:
    """What became of addresses that gave no answer."""

    robots: dict[str, str]  # by why: what was asked first; without an answer nothing else is
    kept: list[tuple[str, str]]
    failures: dict[str, str]


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Failed:
    folder = tmp_path_factory.mktemp("failures")
    context, _ = certificates(folder, "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    with RawServer({"/robots.txt": [HANG]}) as silent, RawServer({}, tls=context) as unknown:
        asked = {
            "dns": "http://nothing.onion/a",  # refused without a query (RFC 7686)
            "refused": f"http://127.0.0.1:{closed}/a",
            "tls": unknown.url("/a"),  # a certificate that nobody signed whom we believe
            "timeout": silent.url("/a"),
            "private-address": "http://10.0.0.1/a",
        }
        archive = new_archive(folder / "a", {"paper": asked["dns"]})
        path = archive.path / "sources.toml"
        path.write_text("limits = { first_byte = 1 }\n" + path.read_text())
        archive.run("save", asked["private-address"], code=1)
        archive.run("save", "--allow-private", *(url for why, url in asked.items() if why != "private-address"), code=1)
    shelf = archive.path / "warc"
    kept = [(one.url, one.kind) for one in kept_in(shelf)]
    return Failed({why: urljoin(url, "/robots.txt") for why, url in asked.items()}, kept, failures_in(shelf))


@pytest.mark.parametrize("why", ["dns", "refused", "tls", "timeout", "private-address"])
def test_a_failure_is_a_metadata_record(failed: Failed, why: str) -> None:
    assert [kind for url, kind in failed.kept if url == failed.robots[why]] == ["none"]
    assert failed.failures[failed.robots[why]] == why


def test_the_same_body_is_kept_once_however_the_runs_and_files_are_cut(tmp_path: Path) -> None:
    """Without validators the server sends it again each time: then its digest tells. Redirects and robots.txt are kept too."""
    routes: dict[str, list[Step]] = {
        "/robots.txt": page(b"User-agent: *\nDisallow:\n"),
        "/": page(b'<a href="/2026/05/01/a">A</a><a href="/2026/05/01/b">B</a>'),
        "/2026/05/01/a": [plain(TYPE[:-2])],
        "/2026/05/01/b": [plain(b"Location: /2026/05/01/a", body=b"moved", status=b"HTTP/1.1 301 Moved")],
    }
    with RawServer(routes) as server:
        archive = new_archive(tmp_path / "a", {"paper": server.url("/")})
        for now in (DAY_1, SECONDS_LATER, DAY_2):  # one run, another into the same file, one after the file was sealed
            archive.crawl("--due", "all", "--no-ingest", now=now)
    first, second = archive.warcs()
    assert (first.name[-8:], second.name[-5:]) == (".warc.gz", ".open")
    kinds: dict[str, list[str]] = {}
    first_body: dict[str, bytes] = {}
    for kept in kept_in(archive.path / "warc"):
        kinds.setdefault("/" + kept.url.split("/", 3)[3], []).append(kept.kind)
        first_body.setdefault(kept.url, kept.body)
        if kept.kind == "revisit":
            assert kept.fields["WARC-Profile"].endswith("/identical-payload-digest")
            assert kept.fields["WARC-Refers-To-Target-URI"] == kept.url
            assert kept.fields["WARC-Payload-Digest"] == sha1(first_body[kept.url])
            assert kept.block.endswith(b"\r\n\r\n")  # the head as it was sent this time, and no body
    assert kinds["/2026/05/01/a"] == ["response", "revisit", "revisit"]
    assert kinds["/"] == ["response", "revisit", "revisit"]
    assert kinds["/2026/05/01/b"][0] == "response"
    assert kinds["/robots.txt"][0] == "response"


def test_records_have_one_order_and_a_member_each(shelf: Shelf) -> None:
    (path,) = shelf.folder.iterdir()
    data, kinds = path.read_bytes(), []
    while data:
        member = zlib.decompressobj(31)
        text = member.decompress(data)
        assert text.count(b"WARC/1.1\r\n") == 1
        assert text.endswith(b"\r\n\r\n")
        kinds.append(text.split(b"\r\n")[1].removeprefix(b"WARC-Type: ").decode())
        data = member.unused_data
    assert kinds[0] == "warcinfo"
    exchanges = " ".join(kinds[1:]).split("metadata ")[1:]
    assert {exchange.strip() for exchange in exchanges} == {"request response", "request"}


@pytest.mark.parametrize("change", ["a byte of a body", "a byte of a head", "a byte of a request", "the log"])
def test_a_difference_is_found(shelf: Shelf, change: str) -> None:
    """Of the comparison that the corpus is held to."""
    kept = shelf.by_path["/2026/plain"][0]
    asked, answer = kept.request.replace(b"GET ", b"GET http://" + kept.url.split("/")[2].encode()), kept.block
    log = {
        "host": kept.url.split("/")[2],
        "target": "/2026/plain",
        "status": 200,
        "bytes": len(PAGE),
        "sha256": hashlib.sha256(PAGE).hexdigest(),
        "truncated": False,
    }

    def differences(answer: bytes, asked: bytes, sha256: object) -> list[str]:
        wire = Wire([Asked(1.0, asked)], bytearray(answer))
        return compare_with([kept], [wire], [{**log, "sha256": sha256}]).wrong

    assert differences(answer, asked, log["sha256"]) == []
    if change == "a byte of a body":
        assert differences(answer[:-1] + b"?", asked, log["sha256"])
    elif change == "a byte of a head":
        assert differences(answer.replace(b"Content-Type", b"content-type"), asked, log["sha256"])
    elif change == "a byte of a request":
        assert differences(answer, asked.replace(b"gzip", b"GZIP"), log["sha256"])
    else:
        assert differences(answer, asked, hashlib.sha256(b"x").hexdigest())


@pytest.mark.corpus
@pytest.mark.parametrize("coding", CODINGS)
def test_a_crawl_of_real_pages_equals_the_wire(corpus: Path, tmp_path: Path, coding: str) -> None:
    """Two small hosts; `scripts/check-long fidelity` takes fifty."""
    pages = big_hosts(corpus)
    hosts = sorted(pages, key=lambda host: (pages[host], host))[:2]
    told = crawled(corpus, tmp_path, hosts, coding, again=coding == "gzip")
    assert told.wrong == []
    assert len(told.hosts) == len(hosts)
    assert sum(number for name, number in told.codings.items() if coding in name.split()) > 5
