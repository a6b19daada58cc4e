"""Reading WARC files: own ones, whole or cut anywhere, and those of other tools, with what is wrong in them."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warc_tools import OK, PAGE, REQUEST, T0, URL, exchange, fact, keep, read, writer
from warcio.archiveiterator import ArchiveIterator

from archive.errors import BrokenRecordError, MorgueError, NotAWarcError, RecordNotFoundError, ShelfError
from archive.model import Exchange, Role, Snapshot
from archive.payload import dechunk, is_chunked, parse_response_head, split_head
from archive.warc import (
    DISCOVERY_TYPE,
    IDENTICAL_PAYLOAD,
    MAX_FACTS,
    MAX_TEXT,
    NOT_MODIFIED,
    Offset,
    RevisitOf,
    complete_length,
    read_record,
    read_records,
    sha1_digest,
)

BIN = Path(sys.executable).parent


def only(path: Path) -> Snapshot:
    snapshots, _, _, broken = read(path)
    assert broken == []
    (snapshot,) = snapshots
    return snapshot


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "warc"


# what we write

EVERY_KIND: list[tuple[str, Exchange, RevisitOf | None]] = [
    ("plain", exchange(), None),
    ("chunked", exchange(OK[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"), None),
    ("gzip", exchange(OK[:-2] + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(PAGE, mtime=0)), None),
    ("cut", exchange(body=PAGE[:50], truncated="disconnect", error="disconnect"), None),
    ("cut in a chunk", exchange(OK[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", b"50\r\nhel", truncated="time"), None),
    ("odd reason", exchange(truncated="moon"), None),
    ("empty", exchange(body=b""), None),
    ("redirect", exchange(b"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", b""), None),
    ("same", exchange(), RevisitOf(url=URL, captured_at=T0, digest=sha1_digest(PAGE))),
    (
        "304",
        exchange(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', b""),
        RevisitOf(url=URL, captured_at=T0, digest=sha1_digest(PAGE), profile=NOT_MODIFIED),
    ),
    ("304 alone", exchange(b"HTTP/1.1 304 Not Modified\r\n\r\n", b""), None),
    ("no answer", exchange(b"", b"", error="dns", detail="no such host\r\nX: injected", peer=None), None),
    ("not HTTP", exchange(b"ICY 200 OK\r\n\r\n", b"\xff\xfb music"), None),
    ("HTTP/2", exchange(b"HTTP/2 200 \r\n\r\n", b"x"), None),
    ("head cut", exchange(b"HTTP/1.1 200 OK\r\nContent-Ty", b"", truncated="disconnect", error="disconnect"), None),
    ("bare line feeds", exchange(b"HTTP/1.0 200\nA: b\n\n"), None),
    ("blank header line", exchange(b"HTTP/1.1 200 OK\r\nA: b\r\n \t\r\nC: d\r\n\r\n"), None),
    ("NUL in a header", exchange(b"HTTP/1.1 200 OK\r\nA: \x00b\r\n\r\n"), None),
    ("IPv6", exchange(peer="2001:db8::1%eth0"), None),
    ("space in URL", exchange(url="https://news.example/a b\r\nX: y"), None),
]


@pytest.fixture
def every_kind(shelf: Path) -> Path:
    """Return a sealed file with every kind of record we write."""
    with writer(shelf, max_bytes=1) as to:
        for _, what, of in EVERY_KIND:
            keep(to, what, revisit_of=of, facts=[fact(title="Ebbe & Flut - „Hafen“")])
        to.append_facts([fact(published="Fri, 01 May 2026 05:00:00 +0100")], source=None)
    (path,) = shelf.iterdir()
    assert path.name == "morgue-20260501060000-0of1-k3f9.warc.gz"
    return path


def test_fastwarc_accepts_our_payload_digests(shelf: Path) -> None:
    """With -p it also looks at payload digests, and does not know that a revisit's payload is elsewhere."""
    with writer(shelf, max_bytes=1) as to:
        for _, what, of in EVERY_KIND:
            if of is None:
                keep(to, what)
    (path,) = shelf.iterdir()
    done = subprocess.run([BIN / "fastwarc", "check", "-qp", path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("command", [["warcio", "check"], ["fastwarc", "check", "-q"]])
def test_other_tools_accept_every_kind_we_write(every_kind: Path, command: list[str]) -> None:
    done = subprocess.run([BIN / command[0], *command[1:], every_kind], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_warcio_reads_the_same_bytes(every_kind: Path) -> None:
    blocks: dict[str, list[bytes]] = {"request": [], "response": [], "revisit": []}
    with every_kind.open("rb") as stream:
        for record in ArchiveIterator(stream, no_record_parse=True):
            blocks.setdefault(record.rec_type, []).append(record.raw_stream.read())
    answered = [kind for kind in EVERY_KIND if kind[0] not in ("no answer", "not HTTP", "HTTP/2")]
    assert blocks["request"] == [REQUEST] * len(EVERY_KIND)
    assert blocks["response"] == [what.response_head + what.body for _, what, of in answered if of is None]
    assert blocks["revisit"] == [OK, b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n']
    assert b"ICY 200 OK\r\n\r\n\xff\xfb music" in blocks["metadata"]


def test_what_comes_back_is_what_went_in(every_kind: Path) -> None:
    snapshots, facts, end, broken = read(every_kind)
    assert broken == []
    assert end == every_kind.stat().st_size
    answered = [kind for kind in EVERY_KIND if kind[0] not in ("no answer", "not HTTP", "HTTP/2")]
    assert len(snapshots) == len(answered)
    for snapshot, (name, what, of) in zip(snapshots, answered, strict=True):
        head = parse_response_head(what.response_head)
        assert (snapshot.status, snapshot.headers) == (head.status, head.headers), name
        body = dechunk(what.body) if is_chunked(head.headers) else what.body
        assert snapshot.body == (body if of is None else b""), name
        assert snapshot.record_type == ("response" if of is None else "revisit")
        assert (snapshot.source, snapshot.role) == ("Example News", Role.PAGE)
        assert snapshot.captured_at == T0
        assert (snapshot.refers_to_url, snapshot.refers_to_at) == ((of.url, of.captured_at) if of else (None, None))
    assert [(s.truncated, name) for s, (name, _, _) in zip(snapshots, answered, strict=True) if s.truncated] == [
        ("disconnect", "cut"),
        ("time", "cut in a chunk"),
        ("unspecified", "odd reason"),
        ("disconnect", "head cut"),
    ]
    assert [record.facts[0].title for record in facts[:-1]] == ["Ebbe & Flut - „Hafen“"] * len(EVERY_KIND)
    assert facts[-1].facts == (fact(published="Fri, 01 May 2026 05:00:00 +0100"),)
    assert facts[-1].source is None


def test_fields_of_the_records_we_write(every_kind: Path) -> None:
    with every_kind.open("rb") as stream:
        records = [
            (record.rec_type, dict(record.rec_headers.headers), record.content_stream().read())
            for record in ArchiveIterator(stream)
        ]
    kind, info, block = records[0]
    assert kind == "warcinfo"
    assert info["WARC-Filename"] == every_kind.name
    assert b"software: Morgue/0.1\r\n" in block
    assert b"operator: mailto:desk@paper.example\r\n" in block
    assert [kind for kind, _, _ in records[1:7]] == ["metadata", "request", "response"] * 2
    _, meta, discovery = records[1]
    _, request, _ = records[2]
    _, response, _ = records[3]
    assert meta["WARC-Concurrent-To"] == request["WARC-Concurrent-To"] == response["WARC-Record-ID"]
    assert {fields.get("WARC-Warcinfo-ID") for _, fields, _ in records[1:]} == {info["WARC-Record-ID"]}
    assert response["WARC-Date"] == "2026-05-01T06:00:00.250000Z"
    assert response["WARC-IP-Address"] == "192.0.2.7"
    assert response["WARC-Payload-Digest"] == sha1_digest(PAGE)
    data = json.loads(discovery)
    assert (data["source"], data["role"], data["seconds"]) == ("Example News", "page", 0.25)
    failed = next(json.loads(block) for _, fields, block in records if b'"dns"' in block)
    assert (failed["error"], failed["detail"]) == ("dns", "no such host\r\nX: injected")
    addresses = {fields.get("WARC-IP-Address") for _, fields, _ in records}
    assert addresses == {None, "192.0.2.7", "2001:db8::1"}
    assert {f["WARC-Target-URI"] for k, f, _ in records if k == "request"} == {
        URL,
        "https://news.example/a%20b%0D%0AX:%20y",
    }


def test_every_record_is_found_again_by_its_offset(every_kind: Path) -> None:
    snapshots, facts, _, _ = read(every_kind)
    for snapshot in snapshots:
        again = read_record(every_kind, snapshot.ref.offset)
        assert again.body == snapshot.body
        assert again.ref == snapshot.ref
        member = every_kind.read_bytes()[snapshot.ref.offset :][: snapshot.ref.length]
        assert gzip.decompress(member).startswith(b"WARC/1.1\r\nWARC-Type: re")
    for offset in (1, snapshots[0].ref.offset + 1, 10**9, facts[0].ref.offset):
        with pytest.raises(RecordNotFoundError):
            read_record(every_kind, offset)
    with pytest.raises(RecordNotFoundError):
        read_record(every_kind.with_name("missing.warc.gz"), 0)


def test_the_writer_returns_where_records_lie(shelf: Path) -> None:
    with writer(shelf) as to:
        refs = [keep(to, exchange()), keep(to, exchange(body=b"x"))]
        lost = keep(to, exchange(b"", b"", error="timeout"))
        name, length = to.flush()
    path = shelf / (name + ".open")
    assert [snapshot.ref for snapshot in read(path)[0]] == refs
    assert lost.offset + lost.length == length == path.stat().st_size


def test_the_same_input_gives_the_same_file(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        with writer(tmp_path / folder) as to:
            keep(to, exchange(), facts=[fact()])
    (one,), (two,) = (list((tmp_path / folder).iterdir()) for folder in ("a", "b"))
    assert one.read_bytes() == two.read_bytes()


HEADS = st.one_of(
    st.just(OK),
    st.binary(max_size=80).map(lambda noise: b"HTTP/1.1 200 OK\r\n" + noise + b"\r\n\r\n"),
    st.binary(max_size=80).map(lambda noise: b"HTTP/1.0 404 " + noise),
    st.binary(max_size=30),
    st.lists(
        st.tuples(st.sampled_from([b"A", b"Set-Cookie", b"transfer-encoding"]), st.sampled_from([b"x", b"chunked"]))
    ).map(lambda pairs: b"HTTP/1.1 500 \r\n" + b"".join(b"%b: %b\r\n" % pair for pair in pairs) + b"\r\n"),
)
BODIES = st.one_of(st.binary(max_size=200), st.just(b"3\r\nabc\r\n0\r\n\r\n"), st.just(b"\r\n\r\nWARC/1.1\r\n"))
EXCHANGES = st.lists(st.tuples(HEADS, BODIES), min_size=1, max_size=4)
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@RELAXED
@given(exchanges=EXCHANGES)
def test_any_exchange_comes_back(
    tmp_path_factory: pytest.TempPathFactory, exchanges: list[tuple[bytes, bytes]]
) -> None:
    shelf = tmp_path_factory.mktemp("shelf")
    with writer(shelf) as to:
        for head, body in exchanges:
            keep(to, exchange(head, body))
    (path,) = shelf.iterdir()
    snapshots, _, end, broken = read(path)
    assert broken == []
    assert end == path.stat().st_size
    expected = []
    for head, body in exchanges:
        try:
            parsed = parse_response_head(head)
        except MorgueError:
            continue
        sent = split_head(head + body)[1]
        parsed = parse_response_head(split_head(head + body)[0])
        expected.append((parsed.status, parsed.headers, dechunk(sent) if is_chunked(parsed.headers) else sent))
    assert [(s.status, s.headers, s.body) for s in snapshots] == expected
    with path.open("rb") as stream:
        checks = [
            r.digest_checker.passed
            for r in ArchiveIterator(stream, check_digests="raise")
            if r.content_stream().read() or 1
        ]
    assert all(passed is not False for passed in checks)


def test_a_file_cut_anywhere_gives_exactly_its_complete_records(shelf: Path) -> None:
    with writer(shelf) as to:
        for body in (b"one", b""):
            keep(to, exchange(body=body), facts=[fact()])
    (path,) = shelf.iterdir()
    whole = path.read_bytes()
    snapshots = read(path)[0]
    ends = [s.ref.offset + s.ref.length for s in snapshots]
    members = sorted({0, *_member_ends(whole)})
    near = {end + by for end in members for by in range(-20, 21)}
    for cut in sorted({*range(0, len(whole), 13), *near} & set(range(len(whole) + 1))):
        path.write_bytes(whole[:cut])
        got, _, position, broken = read(path)
        assert [s.ref for s in got] == [s.ref for s in snapshots if s.ref.offset + s.ref.length <= cut]
        assert broken == []
        complete = max(end for end in members if end <= cut)
        assert complete_length(path) == complete
        # A discovery record and its response are read together: reading goes on before both, or behind both.
        assert position == max([0, *(e for e in ends if e <= cut)]) or position == members[1]
        assert position <= complete
        rest = [s.ref for s in _restored(path, whole, position)]
        assert [s.ref for s in got] + rest == [s.ref for s in snapshots]


def _restored(path: Path, whole: bytes, position: int) -> list[Snapshot]:
    """Return what a reader finds from `position` on once the file is whole again; sources must be known."""
    path.write_bytes(whole)
    found = read(path, start=position)[0]
    assert all(snapshot.source == "Example News" for snapshot in found)
    return found


def _member_ends(data: bytes) -> Iterator[int]:
    import zlib

    at = 0
    while at < len(data):
        unpacker = zlib.decompressobj(31)
        unpacker.decompress(data[at:])
        at = len(data) - len(unpacker.unused_data)
        yield at


def test_a_reader_follows_a_file_that_grows(shelf: Path) -> None:
    to = writer(shelf)
    seen: list[bytes] = []
    position = 0
    for number in range(5):
        keep(to, exchange(body=b"%d" % number))
        name, length = to.flush()
        snapshots, _, position, _ = read(shelf / (name + ".open"), start=position)
        seen += [s.body for s in snapshots]
        assert position == length
    assert seen == [b"0", b"1", b"2", b"3", b"4"]


def test_a_torn_record_with_a_warc_in_its_body_is_not_searched(shelf: Path) -> None:
    """A server may send a WARC file, and deflate stores what it cannot compress: its members show through."""
    inner = gzip.compress(record("response", OK + os.urandom(3_000))) * 3
    with writer(shelf) as to:
        first = keep(to, exchange())
    (path,) = shelf.iterdir()
    end = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(gzip.compress(record("response", OK + inner), compresslevel=0)[:-9])
    assert inner in path.read_bytes()
    snapshots, _, position, _ = read(path)
    assert [s.ref for s in snapshots] == [first]
    assert position == complete_length(path) == end


# what others write


def record(kind: str, block: bytes, *, url: str | None = URL, version: str = "1.0", **fields: str | None) -> bytes:
    """Return a WARC record, not compressed; a field given as None is left out."""
    lines: dict[str, str | None] = {
        "WARC-Type": kind,
        "WARC-Record-ID": "<urn:uuid:10000000-0000-4000-8000-000000000001>",
        "WARC-Date": "2020-02-02T02:02:02Z",
        "WARC-Target-URI": url,
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block)),
    }
    lines |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"WARC/{version}\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def hexed(name: str, data: bytes) -> str:
    return f"{name}:{hashlib.new(name.replace('-', ''), data).hexdigest()}"


def based(name: str, data: bytes) -> str:
    return f"{name}:{base64.b32encode(hashlib.new(name, data).digest()).decode()}"


RESPONSE = OK + PAGE
CHUNKED = OK[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + b"5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (record("response", RESPONSE), {"body": PAGE, "status": 200}),
        (record("response", RESPONSE, version="0.18"), {"body": PAGE}),  # Heritrix 3.0
        (record("response", RESPONSE, url=f"<{URL}>"), {"url": URL}),  # wget 1.14 to 1.19
        (record("response", RESPONSE, WARC_Date="2020-02-02T02:02:02.123456789Z"), {"body": PAGE}),
        (record("response", RESPONSE, WARC_Date="2020"), {"captured_at": datetime(2020, 1, 1, tzinfo=UTC)}),
        (record("response", RESPONSE, WARC_Date="2020-02-02T04:02:02+02:00"), {"body": PAGE}),
        (record("response", RESPONSE).replace(b"\r\n", b"\n", 8), {"body": PAGE}),  # bare line feeds in the head
        (record("response", RESPONSE).replace(b"WARC-Date", b"warc-date"), {"body": PAGE}),
        (record("response", RESPONSE, X_Long="a\r\n\tb"), {"body": PAGE}),  # folded
        (record("response", CHUNKED), {"body": b"hello"}),
        (record("response", OK[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + PAGE), {"body": PAGE}),  # Common Crawl
        (record("response", b"HTTP/1.1 200\r\n\r\n"), {"body": b"", "headers": ()}),  # no reason phrase
        (
            record("resource", PAGE, Content_Type="text/html"),
            {"status": None, "headers": (("Content-Type", "text/html"),)},
        ),
        (record("resource", b"", Content_Type=None), {"headers": (), "body": b""}),
        (record("conversion", b"text", Content_Type="text/plain"), {"record_type": "conversion", "body": b"text"}),
        (record("response", b"HTTP/1.1 100 Continue\r\n\r\n" + RESPONSE), {"status": 200, "body": PAGE}),
        (
            record("response", b"HTTP/1.1 103 X\r\n\r\n" + RESPONSE, WARC_Payload_Digest=based("sha1", RESPONSE)),
            {"status": 200, "body": PAGE},  # hashed as warcio does, from the first empty line on
        ),
        (record("response", b"HTTP/1.1 100 Continue\r\n\r\n"), {"status": 100, "body": b""}),
        (record("revisit", OK), {"record_type": "revisit", "status": 200, "body": b""}),
        (record("revisit", b"", WARC_Payload_Digest="sha1:X"), {"status": None, "payload_digest": "sha1:X"}),
        (record("response", RESPONSE, WARC_Payload_Digest=based("sha1", PAGE)), {"body": PAGE}),
        (record("response", RESPONSE, WARC_Payload_Digest=based("sha1", PAGE).lower()), {"body": PAGE}),
        (record("response", RESPONSE, WARC_Payload_Digest=hexed("sha256", PAGE)), {"body": PAGE}),  # Browsertrix
        (record("response", RESPONSE, WARC_Payload_Digest=based("sha256", PAGE)), {"body": PAGE}),
        (record("response", RESPONSE, WARC_Payload_Digest=based("sha256", PAGE).rstrip("=")), {"body": PAGE}),
        (record("response", RESPONSE, WARC_Block_Digest=hexed("md5", RESPONSE)), {"body": PAGE}),
        (record("response", RESPONSE, WARC_Block_Digest=hexed("sha-256", RESPONSE)), {"body": PAGE}),
        (record("response", RESPONSE, WARC_Block_Digest="blake9:zz"), {"body": PAGE}),  # unknown: not checked
        (record("response", CHUNKED, WARC_Payload_Digest=based("sha1", b"hello")), {"body": b"hello"}),  # Heritrix
        (
            record("response", CHUNKED, WARC_Payload_Digest=based("sha1", b"5\r\nhello\r\n0\r\n\r\n")),
            {"body": b"hello"},
        ),
        (
            record("response", RESPONSE, WARC_Truncated="length", WARC_Payload_Digest=based("sha1", b"whole")),
            {"truncated": "length", "body": PAGE},  # the digest may be of what was not kept
        ),
    ],
)
def test_what_other_tools_write_is_read(tmp_path: Path, raw: bytes, expected: dict[str, object], packed: bool) -> None:
    path = tmp_path / ("x.warc.gz" if packed else "x.warc")
    info = record("warcinfo", b"software: other\r\n", url=None, Content_Type="application/warc-fields")
    parts = [info, raw, info]
    path.write_bytes(b"".join(gzip.compress(part) if packed else part for part in parts))
    snapshot = only(path)
    assert {name: getattr(snapshot, name) for name in expected} == expected
    assert snapshot.payload_digest is not None or snapshot.record_type == "revisit"
    assert snapshot.ref.warc == path.name
    assert read_record(path, snapshot.ref.offset) == snapshot


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (record("response", b"not http"), "no HTTP response"),
        (record("response", b"HTTP/1.1 100 Continue\r\n\r\n" * 9), "interim"),
        (record("response", RESPONSE, url=None), "no WARC-Target-URI"),
        (record("response", RESPONSE, WARC_Date="yesterday"), "is no date"),
        (record("response", RESPONSE, WARC_Date="2020-13-40T00:00:00Z"), "is no date"),
        (record("response", RESPONSE, WARC_Date="0001-01-01T00:00:00+14:00"), "is no date"),  # before the year 1 in UTC
        (record("response", RESPONSE, WARC_Type=None), "no WARC-Type"),
        (record("response", RESPONSE, WARC_Payload_Digest=based("sha1", b"other")), "payload digest"),
        (record("response", RESPONSE, WARC_Payload_Digest="sha1:garbage!"), "payload digest"),
        (record("response", RESPONSE, WARC_Block_Digest=hexed("sha256", b"other")), "block digest"),
        (record("resource", PAGE, WARC_Block_Digest=based("md5", b"other")), "block digest"),
        (record("response", RESPONSE, WARC_Segment_Number="1"), "segment"),
        (record("response", RESPONSE, Content_Length="many"), "Content-Length"),
        (record("response", RESPONSE, Content_Length=None), "Content-Length"),
        (record("response", RESPONSE, Content_Length="-5"), "Content-Length"),
        (record("response", RESPONSE, Content_Length="9" * 30), "Content-Length"),
        (record("response", RESPONSE, Content_Length="99999999"), "Content-Length"),
        (record("response", RESPONSE, Content_Length="30"), "Content-Length"),
        (b"<html>not a record</html>\r\n\r\n", ""),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_broken_record_is_named_and_the_rest_is_read(tmp_path: Path, raw: bytes, why: str, packed: bool) -> None:
    path = tmp_path / "x.warc"
    good = record("response", RESPONSE)
    parts = [gzip.compress(part) if packed else part for part in (good, raw, good)]
    path.write_bytes(b"".join(parts))
    snapshots, _, end, broken = read(path)
    if not packed and raw.startswith(b"<html>"):
        # The bytes after a plain record that are no record make its own length doubtful.
        assert [s.ref.offset for s in snapshots] == [len(good) + len(raw)]
        assert [b.offset for b in broken] == [0]
    else:
        assert [s.ref.offset for s in snapshots] == [0, len(parts[0]) + len(parts[1])]
        assert [b.offset for b in broken] == [len(parts[0])]
        assert why in broken[0].why
    assert str(path) in str(broken[0])
    assert end == path.stat().st_size


def damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


@pytest.mark.parametrize("where", [0, 3, 12, 40, 200, -9, -6, -1])  # magic, flags, data, checksum, length
def test_a_damaged_gzip_member_costs_one_record(shelf: Path, where: int) -> None:
    with writer(shelf, max_bytes=1) as to:
        refs = [keep(to, exchange(body=PAGE + b"%d" % number)) for number in range(3)]
    (path,) = shelf.iterdir()
    data = path.read_bytes()
    middle = data[refs[1].offset :][: refs[1].length]
    path.write_bytes(damaged(data, refs[1].offset + where % refs[1].length))
    snapshots, _, end, broken = read(path)
    if where == -1:  # the length field: the checksum has said already that the data are right
        assert len(snapshots) == 3
        return
    assert [s.ref for s in snapshots] == [refs[0], refs[2]], middle[:4]
    assert [b.offset for b in broken] == [refs[1].offset]
    assert end == len(data)
    with pytest.raises(RecordNotFoundError):
        read_record(path, refs[1].offset)


def test_a_wrong_digest_is_an_error_on_random_access_too(tmp_path: Path) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(record("response", RESPONSE, WARC_Block_Digest=based("sha1", b"other")))
    with pytest.raises(BrokenRecordError, match="block digest"):
        read_record(path, 0)


def test_gzip_headers_with_names_are_read_across_buffers(tmp_path: Path) -> None:
    """Heritrix and wget write extra fields; isal loses its place if input ends behind such a header."""
    import io

    buffer = io.BytesIO()
    with gzip.GzipFile("a-long-file-name.warc", "wb", fileobj=buffer) as packer:
        packer.write(record("response", RESPONSE))
    path = tmp_path / "x.warc.gz"
    path.write_bytes(buffer.getvalue() * 3)
    assert [s.body for s in read(path)[0]] == [PAGE] * 3


def test_several_records_in_one_member_cannot_be_referred_to(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(gzip.compress(record("response", RESPONSE) * 2) + gzip.compress(record("response", RESPONSE)))
    snapshots, _, _, broken = read(path)
    assert len(snapshots) == 1
    assert [("shares" in b.why, b.offset) for b in broken] == [(True, 0), (True, 0)]
    with pytest.raises(RecordNotFoundError):
        read_record(path, 0)


@pytest.mark.parametrize("packed", [False, True])
def test_a_giant_record_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    monkeypatch.setattr("archive.warc.raw.MAX_RECORD", 5_000)
    path = tmp_path / "x.warc.gz"
    giant = record("response", OK + bytes(6 * 2**20))
    parts = [gzip.compress(p) if packed else p for p in (giant, record("response", RESPONSE))]
    path.write_bytes(b"".join(parts))
    snapshots, _, _, broken = read(path)
    assert [s.ref.offset for s in snapshots] == [len(parts[0])]
    assert "over the limit" in broken[0].why


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("response", "dns:news.example"),  # Heritrix
        ("resource", "urn:pageinfo:https://news.example/"),  # Browsertrix
        ("request", URL),
        ("continuation", URL),
        ("metadata", URL),
        ("unheard-of", URL),
    ],
)
def test_records_of_no_interest_are_passed_over(tmp_path: Path, kind: str, url: str) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(record(kind, b"x", url=url) + record("response", RESPONSE))
    assert only(path).body == PAGE


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"filedesc://x.arc 0.0.0.0 20200101000000 text/plain 200\n1 0 x\n", "an ARC file"),
        (gzip.compress(b"filedesc://x.arc 0.0.0.0 20200101000000 text/plain 200\n", mtime=0), "gzipped ARC"),
        (b"PK\x03\x04 a zip", "begins with"),
        (gzip.compress(b"<html>", mtime=0), "begins with"),
        (record("response", RESPONSE)[:-50], "not one whole"),
        (gzip.compress(record("response", RESPONSE), mtime=0)[:-9], "not one whole"),
        (bytes(5_000), "begins with"),
    ],
)
def test_what_is_not_a_warc_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(data)
    with pytest.raises(NotAWarcError, match=why):
        list(read_records(path))
    begun = path.rename(tmp_path / "x.warc.gz.open")
    if why in ("empty", "not one whole") or not any(data):
        assert list(read_records(begun)) == [Offset(0)]


def test_a_missing_file_is_a_shelf_error(tmp_path: Path) -> None:
    with pytest.raises(ShelfError, match="cannot be opened"):
        list(read_records(tmp_path / "none.warc.gz"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_stays_within_the_tree(tmp_path: Path, data: st.DataObject) -> None:
    packed = data.draw(st.booleans())
    parts = [
        record("response", RESPONSE),
        record("revisit", OK),
        record("metadata", b"{}", Content_Type=DISCOVERY_TYPE),
    ]
    whole = b"".join(gzip.compress(part, mtime=0) if packed else part for part in parts)
    at = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(at, len(whole)))
    path = tmp_path / data.draw(st.sampled_from(["x.warc", "x.warc.gz.open"]))
    path.write_bytes(whole[:at] + data.draw(st.binary(max_size=40)) + whole[end:])
    with contextlib.suppress(MorgueError):
        list(read_records(path))
    assert 0 <= complete_length(path) <= path.stat().st_size


# discovery records


def discovery_record(block: bytes) -> bytes:
    return record("metadata", block, Content_Type=DISCOVERY_TYPE)


GOOD_FACT = {"url": URL, "via": "feed", "found_on": "", "seen_at": "2026-05-01T06:00:00+00:00"}


@pytest.mark.parametrize(
    ("block", "count"),
    [
        (b"", 0),
        (b"\xff\xfe", 0),
        (b"[" * 100_000, 0),  # nesting
        (b"[]", 0),
        (b'{"facts": 7}', 0),
        (b'{"facts": [7, null, {}, {"url": 5}]}', 0),
        (json.dumps({"facts": [GOOD_FACT], "source": 3, "role": ["x"], "seconds": "1"}).encode(), 1),
        (json.dumps({"facts": [GOOD_FACT | {"via": "telepathy"}, GOOD_FACT]}).encode(), 1),
        (json.dumps({"facts": [GOOD_FACT | {"seen_at": "long ago"}]}).encode(), 0),
        (json.dumps({"facts": [GOOD_FACT | {"seen_at": "0001-01-01T00:00:00+14:00"}]}).encode(), 0),
        (json.dumps({"facts": [GOOD_FACT | {"title": 5, "found_on": None}]}).encode(), 1),
        (json.dumps({"facts": [GOOD_FACT | {"url": "https://x.example/" + "a" * 9_000}]}).encode(), 0),
        (json.dumps({"facts": [GOOD_FACT] * (MAX_FACTS + 50)}).encode(), MAX_FACTS),
        (json.dumps({"facts": [GOOD_FACT], "filler": "x" * 2**24}).encode(), 0),
        (b'{"facts": [], "seconds": ' + b"9" * 6_000 + b"}", 0),
    ],
)
def test_a_strangers_discovery_record_does_no_harm(tmp_path: Path, block: bytes, count: int) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(discovery_record(block) + record("response", RESPONSE))
    snapshots, facts, _, broken = read(path)
    assert len(snapshots) == 1
    assert sum(len(record.facts) for record in facts) == count
    assert broken == []


def test_texts_of_facts_are_limited_and_storable(shelf: Path) -> None:
    long = fact(title="x" * (MAX_TEXT + 9), summary="half a pair: \ud83d", author="ل" * 3)
    dropped = fact(url="https://news.example/" + "y" * 9_000)
    with writer(shelf) as to:
        to.append_facts([long, dropped, *[fact()] * MAX_FACTS], source="s")
    (path,) = shelf.iterdir()
    _, records, _, _ = read(path)
    assert [len(r.facts) for r in records] == [MAX_FACTS - 1, 2]
    first = records[0].facts[0]
    assert first.title == "x" * MAX_TEXT
    assert first.summary == "half a pair: ?"
    assert first.author == "ل" * 3


def test_a_discovery_record_whose_response_never_came_is_not_waited_for(shelf: Path) -> None:
    """The crawl was killed between the two; the next one wrote on."""
    with writer(shelf) as to:
        keep(to, exchange(), facts=[fact()])
    (path,) = shelf.iterdir()
    snapshots, facts, _, _ = read(path)
    with path.open("r+b") as stream:
        stream.truncate(facts[0].ref.offset + facts[0].ref.length)
    with writer(shelf, run_id="next") as to:
        keep(to, exchange(), source="Other")
        to.append_facts([fact()], source=None)
        to.append_facts([fact()], source=None)
        _, length = to.flush()
    snapshots, _, end, broken = read(path)
    assert [s.source for s in snapshots] == ["Other"]
    assert (end, broken) == (length, [])


def test_revisit_profiles_are_known_words() -> None:
    assert RevisitOf(url=URL, captured_at=T0, digest=None).profile == IDENTICAL_PAYLOAD
    with pytest.raises(ValueError, match="unknown revisit profile"):
        RevisitOf(url=URL, captured_at=T0, digest=None, profile="uri-agnostic")


def test_importing_the_reader_stays_light() -> None:
    code = (
        "import sys, archive.warc; heavy = {'trafilatura', 'sqlite_utils', 'scrapy', 'lxml', 'warcio', 'brotli'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# the archives of others (91 files of many writers, sound and broken)

_WARC_SUFFIXES = (".warc", ".warc.gz", ".wet", ".wet.gz", ".wat", ".wat.gz", ".arc", ".arc.gz", ".wacz", ".bad")


@pytest.mark.corpus
def test_no_archive_of_others_raises_outside_the_tree(corpus: Path) -> None:
    files = [p for p in sorted((corpus / "suites" / "warc").rglob("*")) if p.name.endswith(_WARC_SUFFIXES)]
    assert len(files) > 80
    sound = 0
    for path in files:
        broken: list[BrokenRecordError] = []
        try:
            items = list(read_records(path, on_broken=broken.append))
        except NotAWarcError:
            continue
        if broken:
            continue
        sound += 1
        snapshots = [item for item in items if isinstance(item, Snapshot)]
        with path.open("rb") as stream:
            theirs = [
                (record.rec_type, record.length)
                for record in ArchiveIterator(stream, no_record_parse=True)
                if record.rec_type in ("response", "revisit", "resource", "conversion")
                and (record.rec_headers.get_header("WARC-Target-URI") or "").startswith("http")
            ]
        assert [s.record_type for s in snapshots] == [kind for kind, _ in theirs], path
    assert sound > 50
