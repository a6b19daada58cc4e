"""Which records of a WARC file an export copies for a capture: whatever tool wrote them, in whatever order."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.errors import BrokenRecordError, ShelfError
from archive.export.records import Piece, pieces
from archive.warc.build import pack
from archive.warc.fields import format_fields

# type and name of a record, and the fields that tie it to others; the names stand for record ids
Told = tuple[str, str, dict[str, str]]
INFO: Told = ("warcinfo", "info", {})
REQUEST: Told = ("request", "req-a", {"WARC-Concurrent-To": "res-a"})
RESPONSE: Told = ("response", "res-a", {"WARC-Warcinfo-ID": "info"})
OTHER_REQUEST: Told = ("request", "req-b", {"WARC-Concurrent-To": "res-b"})
OTHER: Told = ("response", "res-b", {"WARC-Warcinfo-ID": "info"})
RENDERED: Told = ("conversion", "dom-a", {"WARC-Refers-To": "res-a"})
OTHER_RENDERED: Told = ("conversion", "dom-b", {"WARC-Refers-To": "res-b"})
FACTS: Told = ("metadata", "facts", {"WARC-Concurrent-To": "res-a"})


@dataclass
class Made:
    """A WARC file, where its captures lie, and what was broken."""

    path: Path
    places: dict[str, tuple[int, int]]
    broken: list[BrokenRecordError] = field(default_factory=list)

    def copied(self, *names: str) -> list[Piece]:
        known = sorted(place for name, place in self.places.items() if name.startswith("res-"))
        wanted = {self.places[name][0]: number for number, name in enumerate(names)}
        return list(pieces(self.path, wanted, known, self.broken.append))


def make(path: Path, records: Sequence[Told], *, plain: bool = False) -> Made:
    data, places = b"", {}
    for kind, name, ties in records:
        head = {"request": b"GET / HTTP/1.1\r\n\r\n", "response": b"HTTP/1.1 200 OK\r\n\r\n"}.get(kind, b"")
        block = head + name.encode() * 50
        fields = [("WARC-Type", kind), ("WARC-Record-ID", f"<urn:{name}>"), ("WARC-Date", "2026-05-01T06:00:00Z")]
        fields += [("WARC-Target-URI", "https://news.example/")] if kind != "warcinfo" else []
        fields += [(tie, f"<urn:{other}>") for tie, other in ties.items()]
        record = format_fields([*fields, ("Content-Length", str(len(block)))]) + block + b"\r\n\r\n"
        record = record if plain else pack(record)
        places[name] = (len(data), len(record))
        data += record
    path.write_bytes(data)
    return Made(path, places)


def names(found: Sequence[Piece]) -> list[str]:
    """Return the records as warcio reads them, when all are put into one file."""
    file = io.BytesIO(b"".join(piece.data for piece in found))
    return [r.rec_headers.get_header("WARC-Record-ID")[5:-1] for r in ArchiveIterator(file, no_record_parse=True)]


@pytest.mark.parametrize(
    ("records", "wanted", "copied"),
    [
        # as Morgue and Common Crawl write: request, response
        ([INFO, REQUEST, RESPONSE, OTHER_REQUEST, OTHER], ["res-a"], ["info", "req-a", "res-a"]),
        ([INFO, REQUEST, RESPONSE, OTHER_REQUEST, OTHER], ["res-b"], ["info", "req-b", "res-b"]),
        # as Heritrix and Browsertrix write: response, request
        ([INFO, RESPONSE, REQUEST, OTHER, OTHER_REQUEST], ["res-a"], ["info", "res-a", "req-a"]),
        ([INFO, RESPONSE, REQUEST, OTHER, OTHER_REQUEST], ["res-b"], ["info", "res-b", "req-b"]),
        # as wget writes: the response names its request
        (
            [INFO, ("request", "req-a", {}), ("response", "res-a", {"WARC-Concurrent-To": "req-a"}), OTHER],
            ["res-a"],
            ["info", "req-a", "res-a"],
        ),
        # a request without any tie is nobody's
        ([INFO, ("request", "req-a", {}), RESPONSE], ["res-a"], ["info", "res-a"]),
        # what a browser made of the page, and not what it made of another
        ([REQUEST, RESPONSE, RENDERED, OTHER, OTHER_RENDERED], ["res-a"], ["req-a", "res-a", "dom-a"]),
        ([REQUEST, RESPONSE, RENDERED, OTHER, OTHER_RENDERED], ["res-b"], ["res-b", "dom-b"]),
        # … which stands right behind it, or is somebody's text version
        ([RESPONSE, REQUEST, RENDERED], ["res-a"], ["res-a", "req-a"]),
        # discovery facts stay: a listing's speak of other articles
        ([FACTS, REQUEST, RESPONSE], ["res-a"], ["req-a", "res-a"]),
        # the warcinfo that a record names, once; else the last one before it
        ([INFO, ("warcinfo", "info-2", {}), RESPONSE, OTHER], ["res-a", "res-b"], ["info", "res-a", "res-b"]),
        ([INFO, ("warcinfo", "info-2", {}), ("response", "res-a", {})], ["res-a"], ["info-2", "res-a"]),
        ([RESPONSE], ["res-a"], ["res-a"]),
    ],
)
@pytest.mark.parametrize("plain", [False, True], ids=["gzip", "plain"])
def test_a_capture_is_copied_with_what_belongs_to_it(
    tmp_path: Path, records: list[Told], wanted: list[str], copied: list[str], plain: bool
) -> None:
    made = make(tmp_path / "x.warc", records, plain=plain)
    found = made.copied(*wanted)
    assert names(found) == copied
    assert [piece.capture for piece in found if piece.capture is not None] == list(range(len(wanted)))
    assert made.broken == []
    for piece in found:
        assert piece.sha256 == hashlib.sha256(piece.data).hexdigest()
        assert gzip.decompress(piece.data).startswith(b"WARC/")


def test_records_are_the_bytes_that_lay_in_the_file(tmp_path: Path) -> None:
    made = make(tmp_path / "x.warc.gz", [INFO, REQUEST, RESPONSE])
    assert b"".join(piece.data for piece in made.copied("res-a")) == made.path.read_bytes()


def test_a_damaged_record_is_told_and_the_next_is_copied(tmp_path: Path) -> None:
    made = make(tmp_path / "x.warc.gz", [INFO, REQUEST, RESPONSE, OTHER_REQUEST, OTHER])
    data = bytearray(made.path.read_bytes())
    offset, length = made.places["res-a"]
    data[offset + length // 2] ^= 1
    made.path.write_bytes(data)
    assert names(made.copied("res-a", "res-b")) == ["info", "req-b", "res-b"]
    assert [error.offset for error in made.broken] == [offset]


def test_damage_between_captures_costs_no_capture(tmp_path: Path) -> None:
    made = make(tmp_path / "x.warc.gz", [INFO, REQUEST, RESPONSE])
    data = bytearray(made.path.read_bytes())
    data[made.places["req-a"][0] + 12] ^= 1
    made.path.write_bytes(data)
    assert names(made.copied("res-a")) == ["info", "res-a"]


def test_a_place_where_no_record_begins_is_told(tmp_path: Path) -> None:
    made = make(tmp_path / "x.warc.gz", [INFO, RESPONSE])
    made.places["res-a"] = (made.places["res-a"][0] + 1, made.places["res-a"][1])
    assert made.copied("res-a") == []
    assert len(made.broken) == 1


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ShelfError, match=r"gone\.warc"):
        list(pieces(tmp_path / "gone.warc", {0: 0}, [(0, 10)], lambda _: None))
