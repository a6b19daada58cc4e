"""A crawl's WARC files held against the wire: every byte that was asked and answered, as a relay before the server kept it.

Read with warcio, not with our own reader. Short in tests/test_fidelity.py, on 50 hosts of real pages in
scripts/check-long.d/fidelity.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator

from archive.payload import dechunk, is_chunked, parse_response_head
from archive.warc.build import WITHHELD
from archive.warc.fields import ABOUT
from tests.replay import replay_server, sources_toml
from tests.tap import Tap, Wire

BIN = Path(sys.executable).parent
# How the server is asked to send, and what it has to be told. Of two pages one comes in chunks, the other does not.
CODINGS: Mapping[str, tuple[str, ...]] = {
    "gzip": ("--no-brotli",),
    "br": (),
    "identity": ("--no-gzip",),
    "chunked": ("--no-gzip", "--fault", "chunked=1", "--fault-all"),
}
_ASK_FOR = {"br": "br"}  # the crawler itself asks for gzip alone


@dataclass(frozen=True)
class Kept:
    """One exchange as the WARC files hold it."""

    url: str
    date: str
    request: bytes
    kind: str  # response, revisit, or none: no answer came
    block: bytes
    fields: Mapping[str, str]

    @property
    def head(self) -> bytes:
        return self.block[: len(self.block) - len(self.body)]

    @property
    def body(self) -> bytes:
        return self.block.partition(b"\r\n\r\n")[2]


@dataclass
class Compared:
    """What a comparison found."""

    requests: int = 0
    answers: int = 0
    body_bytes: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    codings: Counter[str] = field(default_factory=Counter)  # of bodies
    kinds: Counter[str] = field(default_factory=Counter)
    hosts: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.answers} answers of {len(self.hosts)} hosts, {self.body_bytes:,} bytes of bodies, "
            f"status {dict(sorted(self.statuses.items()))}, {dict(self.kinds)}, {dict(self.codings)}: {len(self.wrong)} wrong"
        )


def crawled(corpus: Path, folder: Path, hosts: list[str], coding: str, *, again: bool = True) -> Compared:
    """Crawl hosts of the corpus, then (`again`) ask for everything once more, and compare what lies on the shelf."""
    archive = folder / "archive"
    morgue(archive, "init")
    text = sources_toml(hosts)
    if coding in _ASK_FOR:
        text = text.replace("delay = 0\n", f'delay = 0\nheaders = {{ Accept-Encoding = "{_ASK_FOR[coding]}" }}\n')
    (archive / "sources.toml").write_text(text)
    options = ("--scheme", "http", "--robots", "open", "--no-tls", *CODINGS[coding])
    with replay_server(corpus, folder, *options) as server, Tap(urlsplit(server.proxy).port or 0) as tap:
        for due in ("now", "all") if again else ("now",):
            morgue(archive, "crawl", "--no-ingest", "--due", due, "--proxy", f"http://127.0.0.1:{tap.port}")
        log = server.requests()
    return compare(archive / "warc", tap.wires, log)


def morgue(archive: Path, *words: str) -> None:
    """Run a command; it must succeed."""
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "-a", str(archive), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env={**os.environ, "PYTHONPATH": "."})
    assert done.returncode == 0, done.stderr[-2000:]


def kept_in(shelf: Path) -> list[Kept]:
    """Return all exchanges of the shelf's files, in the order of their records."""
    found = []
    for path in sorted(shelf.iterdir()):
        asked: dict[str, bytes] = {}
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, no_record_parse=True):
                fields = dict(record.rec_headers.headers)
                block = record.raw_stream.read()
                if record.rec_type == "request" and "WARC-Concurrent-To" in fields:
                    asked[fields["WARC-Concurrent-To"]] = block
                elif record.rec_type == "request":
                    found.append(Kept(fields["WARC-Target-URI"], fields["WARC-Date"], block, "none", b"", fields))
                elif record.rec_type in ("response", "revisit"):
                    request = asked.pop(fields["WARC-Record-ID"])
                    found.append(
                        Kept(fields["WARC-Target-URI"], fields["WARC-Date"], request, record.rec_type, block, fields)
                    )
    return found


def failures_in(shelf: Path) -> dict[str, str]:
    """Return why an exchange failed, by its URL, as the metadata records say."""
    found = {}
    for path in sorted(shelf.iterdir()):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type == "metadata":
                    said = json.loads(record.raw_stream.read())
                    url = record.rec_headers.get_header("WARC-Target-URI").removeprefix(ABOUT)
                    found |= {url: said["error"]} if "error" in said else {}
    return found


def compare(shelf: Path, wires: list[Wire], log: list[dict[str, Any]]) -> Compared:
    """Hold records against the wire and against the server's log of what it sent, and have warcio compute their digests."""
    told = compare_with(kept_in(shelf), wires, log)
    told.wrong += wrong_digests(shelf)
    if not any(
        "br" in coding.split() for coding in told.codings
    ):  # warcio 1.8 fails on it with today's `brotli` module
        command = [BIN / "warcio", "check", *sorted(shelf.iterdir())]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if (done.returncode, done.stdout, done.stderr) != (0, "", ""):
            told.wrong.append(f"warcio check: {done.returncode} {done.stdout[-500:]}{done.stderr[-500:]}")
    return told


def compare_with(shelf: list[Kept], wires: list[Wire], log: list[dict[str, Any]]) -> Compared:
    """Hold records against the wire and against the server's log."""
    told = Compared()
    by_url: dict[str, list[Kept]] = defaultdict(list)
    for one in sorted(shelf, key=lambda kept: kept.date):
        by_url[one.url].append(one)
    bodies = {(one.url, one.date): one.body for some in by_url.values() for one in some if one.kind == "response"}
    sent: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in log:
        sent[entry["host"], entry["target"]].append(entry)
    # What a proxy passes through a tunnel is not to be seen here, and this one opens none.
    turns = iter_turns([wire for wire in wires if not _is_tunnel(wire)], by_url)
    for wire, kept in turns:
        expected = bytearray()
        for one, asked in kept:
            _request(told, one, asked)
            if one.kind != "none":
                _answer(told, one, sent, bodies)
            else:
                told.wrong.append(f"{one.url}: no answer was kept")
            expected += one.head + _body(one, bodies)
        if expected != wire.answered:
            at = next((i for i, (a, b) in enumerate(zip(expected, wire.answered, strict=False)) if a != b), -1)
            told.wrong.append(
                f"a connection's {len(wire.answered)} bytes differ at {at}: {[one.url for one, _ in kept]}"
            )
    for url, left in by_url.items():
        if left and not (url.startswith("https:") and all(one.kind == "none" for one in left)):
            told.wrong.append(f"{url}: {len(left)} kept, but never asked")
    return told


def _is_tunnel(wire: Wire) -> bool:
    return any(asked.head.startswith(b"CONNECT ") for asked in wire.asked)


def iter_turns(wires: list[Wire], by_url: dict[str, list[Kept]]) -> Iterator[tuple[Wire, list[tuple[Kept, bytes]]]]:
    """Yield each connection with what was kept of it. A URL is asked for once at a time, so both have one order."""
    order = sorted((asked.at, number, at) for number, wire in enumerate(wires) for at, asked in enumerate(wire.asked))
    found: dict[tuple[int, int], Kept] = {}
    for _, number, at in order:
        url = wires[number].asked[at].head.split(b" ", 2)[1].decode()
        assert by_url[url], f"{url} was asked for and is not on the shelf"
        found[number, at] = by_url[url].pop(0)
    for number, wire in enumerate(wires):
        yield wire, [(found[number, at], asked.head) for at, asked in enumerate(wire.asked)]


def _request(told: Compared, one: Kept, asked: bytes) -> None:
    told.requests += 1
    # A proxy is asked in absolute form, and the record has the origin form (RFC 9112 section 3.2).
    parts = urlsplit(one.url)
    origin = asked.replace(f"{parts.scheme}://{parts.netloc}".encode(), b"", 1)
    lines, kept = origin.split(b"\r\n"), one.request.split(b"\r\n")
    same = len(lines) == len(kept) and all(
        a == b or b == a.partition(b":")[0] + b": " + WITHHELD for a, b in zip(lines, kept, strict=True)
    )
    if not same:
        told.wrong.append(f"{one.url}: asked {asked!r}, kept {one.request!r}")


def _answer(
    told: Compared,
    one: Kept,
    sent: dict[tuple[str, str], list[dict[str, Any]]],
    bodies: Mapping[tuple[str, str], bytes],
) -> None:
    """Against the server's log: SHA-256 and length of the body before its transfer-coding; and the record's own digests."""
    parts = urlsplit(one.url)
    told.answers += 1
    told.hosts.add(parts.netloc)
    told.kinds[one.kind] += 1
    entry = sent[parts.netloc, parts.path + (f"?{parts.query}" if parts.query else "")].pop(0)
    head = parse_response_head(one.head)
    told.statuses[head.status] += 1
    body = _body(one, bodies)
    plain = dechunk(body) if is_chunked(head.headers) else body
    told.body_bytes += len(body)
    if plain:
        names = {name.lower(): value for name, value in head.headers}
        told.codings[f"{names.get('transfer-encoding', '')} {names.get('content-encoding', 'identity')}".strip()] += 1
    log = (entry["status"], entry["bytes"], entry["sha256"] or hashlib.sha256(b"").hexdigest(), entry["truncated"])
    if log != (head.status, len(plain), hashlib.sha256(plain).hexdigest(), False):
        told.wrong.append(f"{one.url}: the server sent {entry}, kept are {len(plain)} bytes with status {head.status}")
    if one.fields["WARC-Block-Digest"] != sha1(one.block):
        told.wrong.append(f"{one.url}: block digest")
    if "WARC-Payload-Digest" in one.fields and head.status != 304 and one.fields["WARC-Payload-Digest"] != sha1(body):
        told.wrong.append(f"{one.url}: payload digest")


def _body(one: Kept, bodies: Mapping[tuple[str, str], bytes]) -> bytes:
    if one.kind == "revisit" and one.fields["WARC-Profile"].endswith("identical-payload-digest"):
        return bodies[one.fields["WARC-Refers-To-Target-URI"], one.fields["WARC-Refers-To-Date"]]
    return one.body


def sha1(data: bytes) -> str:
    """Return a digest as WARC files have it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()  # noqa: S324 - WARC's usual digest


def wrong_digests(shelf: Path) -> Iterator[str]:
    """Have warcio compute every digest of every record; yield those that it does not agree with."""
    for path in sorted(shelf.iterdir()):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests=True):
                record.raw_stream.read()
                if record.digest_checker.passed is False:  # None: nothing to compare, a revisit's body is elsewhere
                    yield f"{path.name}: {record.rec_headers}: {record.digest_checker.problems}"
