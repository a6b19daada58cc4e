"""Takedown in WARC files made for the purpose: revisits, redirects, facts, other tools' records, broken ones."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from warc_tools import OK, PAGE, T0, Clock, exchange, fact, keep, read, writer

from archive.commands.takedown import _WORDS
from archive.folder import ArchiveFolder
from archive.model import Rendering, Role, Via
from archive.reading import take_reports
from archive.store import open_store
from archive.takedown.foreign import clean_file
from archive.takedown.gone import Gone, bare, new_gone, phrases_of
from archive.takedown.records import redacted, with_fields, without_lines
from archive.takedown.reports import REPLACED, clean_reports
from archive.takedown.rewrite import rewrite
from archive.takedown.survey import Act, Place, Plan, Row, RowAt, Survey
from archive.takedown.target import host_named
from archive.tombstones import Tombstones, decoded_text, host_hash, key_hash, links_in, tells_of, tombstones_of
from archive.urls import url_key
from archive.warc import IDENTICAL_PAYLOAD, NOT_MODIFIED, RawReader, RawRecord, RevisitOf, sha1_digest
from archive.warc.build import pack, redacted_head
from archive.warc.facts import DISCOVERY_TYPE
from archive.warc.fields import ABOUT

GONE_URL = "https://news.example/2026/05/secret-tide"
OTHER = "https://news.example/2026/05/harbour"
TEXT = "Nobody was to know that the old lighthouse keeper had sold the whole tide to strangers."
STORY = f"<!DOCTYPE html><title>The keeper sold the tide</title><p>{TEXT}</p>".encode()
LINK = f'<html><a href="{GONE_URL}">more</a></html>'.encode()


def gone(scope: str = "url", url: str = GONE_URL) -> Gone:
    return new_gone(scope, keys=[url_key(url)], urls=[url], titles=["The keeper sold the tide"], texts=[TEXT])


def article_rows(_offset: int) -> Row:
    return Row("a-other", None)


def clean(folder: Path, what: Gone, row_at: RowAt = lambda _offset: None) -> Plan:
    """Take down what is on a shelf, as `archive.takedown.main` does; return the first plan."""
    first: Plan | None = None
    for _ in range(5):
        survey = Survey(what)
        files = {path.name: path for path in sorted(folder.iterdir())}
        for name, path in files.items():
            survey.look(path, name, row_at)
        plan = survey.settled()
        first = first or plan
        todo = plan.bodies_only() or plan.changes
        if not todo:
            return first

        def record_at(place: Place, files: dict[str, Path] = files) -> RawRecord:
            with RawReader(files[place.name]) as reader:
                found = reader.read_at(place.offset)
            assert found is not None
            return found

        for name, changes in todo.items():
            rewrite(files[name], changes, what, record_at=record_at, before_replacing=lambda: None)
    raise AssertionError("it never ends")


def raw(folder: Path) -> list[RawRecord]:
    found = []
    for path in sorted(folder.iterdir()):
        with RawReader(path) as reader:
            found += list(reader)
    return found


def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "warc"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def at(seconds: float) -> dict[str, object]:
    return {"started_at": T0 + timedelta(seconds=seconds)}


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


# Revisits


def test_a_revisit_of_another_address_gets_the_body_and_further_ones_refer_to_it(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    digest = sha1_digest(STORY)
    of = RevisitOf(url=GONE_URL, captured_at=T0, digest=digest, profile=IDENTICAL_PAYLOAD)
    with writer(folder) as out:
        keep(out, exchange(OK, STORY, url=GONE_URL))
        keep(out, exchange(OK, STORY, url=OTHER, **at(60)), revisit_of=of)
        keep(out, exchange(OK, STORY, url=OTHER, **at(120)), revisit_of=of)
        keep(out, exchange(OK, STORY, url=GONE_URL, **at(180)), revisit_of=of)
    plan = clean(folder, gone(), article_rows)
    assert (plan.count(Act.BODY), plan.count(Act.POINT)) == (1, 1)
    snapshots, _, _, broken = read(only_file(folder))
    assert broken == []  # digests and lengths fit
    assert [(s.url, s.record_type, s.body) for s in snapshots] == [(OTHER, "response", STORY), (OTHER, "revisit", b"")]
    assert (snapshots[0].payload_digest, snapshots[0].captured_at) == (digest, T0 + timedelta(seconds=60))
    assert (snapshots[1].refers_to_url, snapshots[1].refers_to_at) == (OTHER, T0 + timedelta(seconds=60))
    assert not any(GONE_URL.encode() in record.head for record in raw(folder))


def test_the_body_is_found_in_another_file(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    of = RevisitOf(url=GONE_URL, captured_at=T0, digest=sha1_digest(STORY))
    with writer(folder, run_id="aaaa") as out:
        keep(out, exchange(OK, STORY, url=GONE_URL))
    later = Clock(T0 + timedelta(hours=2))
    with writer(folder, later, run_id="bbbb", shard="1of2") as out:
        keep(out, exchange(OK, STORY, url=OTHER, **at(7200)), revisit_of=of)
    clean(folder, gone(), article_rows)
    bodies = [s.body for path in sorted(folder.iterdir()) for s in read(path)[0]]
    assert bodies == [STORY]


def test_a_revisit_without_a_head_gets_that_of_the_capture_it_refers_to(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    head = OK.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    body = gzip.compress(STORY)
    of = RevisitOf(url=GONE_URL, captured_at=T0, digest=sha1_digest(body))
    with writer(folder) as out:
        keep(out, exchange(head, body, url=GONE_URL))
        keep(out, exchange(OK, body, url=OTHER, **at(60)), revisit_of=of)  # its head says nothing of gzip
    clean(folder, gone(), article_rows)
    (snapshot,) = read(only_file(folder))[0]
    assert ("Content-Encoding", "gzip") in snapshot.headers
    assert gzip.decompress(snapshot.body) == STORY


def test_a_304_of_another_address_only_forgets_the_address(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    of = RevisitOf(url=GONE_URL, captured_at=T0, digest=sha1_digest(STORY), profile=NOT_MODIFIED)
    with writer(folder) as out:
        keep(out, exchange(OK, STORY, url=GONE_URL))
        keep(out, exchange(b"HTTP/1.1 304 Not Modified\r\n\r\n", b"", url=OTHER, **at(60)), revisit_of=of)
    clean(folder, gone(), article_rows)
    (snapshot,) = read(only_file(folder))[0]
    assert (snapshot.url, snapshot.record_type, snapshot.status, snapshot.refers_to_url) == (
        OTHER,
        "revisit",
        304,
        None,
    )


# Listings, other articles, redirects, facts


@pytest.mark.parametrize(
    ("role", "row", "body", "act"),
    [
        (Role.HOME, None, LINK, Act.REDACT),
        (Role.FEED, Row(None, "feed"), LINK, Act.REDACT),
        (Role.SITEMAP, None, gzip.compress(GONE_URL.encode()), Act.REDACT),  # sitemap.xml.gz
        (Role.SECTION, None, f"<p>{TEXT}</p>".encode(), Act.REDACT),  # eight of its words, and no link
        (Role.SECTION, None, b"<b>Nobody</b> was to know that the old <i>lighthouse</i> keeper", Act.REDACT),  # markup between
        (Role.SECTION, None, b"Nobody was to know that the old tower", None),  # seven words prove nothing
        (Role.PAGE, Row(None, "listing"), LINK, Act.REDACT),  # an author's page
        (Role.PAGE, Row("a-other", None), LINK, None),  # another article: it may link
        (Role.PAGE, Row(None, "error-timeout"), LINK, None),  # nobody knows what it is
        (Role.PAGE, None, LINK, None),  # nor here
        (Role.ROBOTS, None, f"Disallow: {GONE_URL}".encode(), None),
        (Role.HOME, None, b'<a href="/2026/05/secret-tide-two">another</a>', None),
    ],
)  # fmt: skip
def test_what_becomes_of_a_page_that_tells(
    role: Role, row: Row | None, body: bytes, act: Act | None, tmp_path: Path
) -> None:
    folder = shelf(tmp_path)
    with writer(folder) as out:
        keep(out, exchange(OK, body, url="https://news.example/front"), role=role)
    before = raw(folder)
    plan = clean(folder, gone(), lambda _offset: row)
    assert [change.act for each in plan.changes.values() for change in each.values()] == ([act] if act else [])
    if act is None:
        assert raw(folder) == before
    else:
        (snapshot,) = read(only_file(folder))[0]
        assert (snapshot.body, snapshot.truncated, snapshot.role) == (b"", "unspecified", role)


def test_another_article_that_quotes_its_title_is_named(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    with writer(folder) as out:
        keep(out, exchange(OK, b"<p>As we wrote: The keeper sold\n the tide.</p>", url=OTHER))
    assert clean(folder, gone(), article_rows).quoting == {"a-other": "quotes its title"}


def test_what_a_browser_made_of_a_listing_goes_with_its_body(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    with writer(folder) as out:
        made = Rendering(dom=LINK, browser="Browser 1")
        keep(out, exchange(OK, b"<script>1</script>", url="https://news.example/"), role=Role.HOME, rendering=made)
        keep(out, exchange(OK, b"<script>1</script>", url=GONE_URL), rendering=made)
    clean(folder, gone())
    kinds = [record.fields.record_type for record in raw(folder)]
    assert kinds == ["warcinfo", "metadata", "request", "response"]
    assert not any(GONE_URL.encode() in record.block for record in raw(folder))


def test_a_redirect_to_it_goes_whole_and_is_named_if_a_page_does_it(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    moved = f"HTTP/1.1 301 Moved\r\nLocation: {GONE_URL}?utm_source=x\r\n\r\n".encode()
    with writer(folder) as out:
        keep(out, exchange(moved, b"", url="https://news.example/?p=17"))
        keep(out, exchange(moved, b"", url="https://news.example/latest"), role=Role.SECTION)
    plan = clean(folder, gone())
    assert plan.redirects == ["https://news.example/?p=17"]  # a section that leads there today has its own life
    assert [record.fields.record_type for record in raw(folder)] == ["warcinfo"]


def test_facts_that_tell_of_it_go_and_the_others_stay(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    kept = fact(OTHER, title="Harbour reopens", summary="Boats are back.")
    doomed = [
        fact(GONE_URL, title="The keeper sold the tide"),
        fact(OTHER, via=Via.LINK, found_on=GONE_URL),
        fact(OTHER, summary=f"Also: {TEXT}"),
    ]
    with writer(folder) as out:
        keep(out, exchange(OK, PAGE, url=OTHER), facts=[kept, *doomed])
        out.append_facts([doomed[0]], source="Example News")
        out.append_facts(
            [doomed[1]], source="Example News"
        )  # about another address: the record has nothing left to say
        out.append_facts([kept, doomed[0]], source="Example News")
        out.append_facts([doomed[0], kept, doomed[1]], source="Example News")  # stands under the address that is to go
    clean(folder, gone(), article_rows)
    snapshots, facts, _, broken = read(only_file(folder))
    assert broken == []
    assert [record.facts for record in facts] == [(kept,), (kept,), (kept,)]
    assert [record.fields.about for record in raw(folder)][-2:] == [OTHER, OTHER]
    assert [record.fields.record_type for record in raw(folder)].count("metadata") == len(facts)
    assert (snapshots[0].source, snapshots[0].role) == (
        "Example News",
        Role.PAGE,
    )  # its discovery record is still there


@pytest.mark.parametrize(
    ("facts", "about"),
    [
        ([{"via": "feed"}, {"url": OTHER}], OTHER),  # the first has no address
        ([{"via": "feed"}], None),
        ([{"url": GONE_URL}, [], {"url": 7}], None),
        ([{"url": f"urn:morgue:about:{GONE_URL}"}, {"url": OTHER}], OTHER),
        ({}, None),
    ],
)
def test_what_a_stranger_put_into_a_discovery_record_is_cleaned_in_one_go(
    facts: object, about: str | None, tmp_path: Path
) -> None:
    path = shelf(tmp_path) / "x.warc.gz"
    block = json.dumps({"facts": facts}).encode()
    path.write_bytes(pack(made("metadata", ABOUT + GONE_URL, block, content_type=DISCOVERY_TYPE)) + pack(FOREIGN[5]))
    clean(path.parent, gone(), article_rows)
    left = raw(path.parent)
    assert [record.fields.about for record in left] == [*([about] if about else []), OTHER]
    assert not any(GONE_URL.encode() in record.head + record.block for record in left)


def test_an_exchange_that_failed_goes_too(tmp_path: Path) -> None:
    folder = shelf(tmp_path)
    with writer(folder) as out:
        keep(out, exchange(b"", b"", url=GONE_URL, error="timeout"))
        keep(out, exchange(b"SSH-2.0-x\r\n", b"", url=GONE_URL, **at(5)))
    clean(folder, gone())
    assert [record.fields.record_type for record in raw(folder)] == ["warcinfo"]


# Other tools' files


def made(record_type: str, url: str, block: bytes, *more: str, content_type: str = "application/http") -> bytes:
    lines = [
        "WARC/1.0", f"WARC-Type: {record_type}", f"WARC-Target-URI: {url}", "WARC-Date: 2026-05-01T06:00:00Z",
        f"WARC-Record-ID: <urn:uuid:{abs(hash((record_type, url, block))):032x}>", *more,
        f"Content-Type: {content_type}", f"Content-Length: {len(block)}",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


REFERRED = f"GET /style.css HTTP/1.1\r\nReferer: {GONE_URL}\r\nHost: x\r\n\r\n".encode()
FEED = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<link>" + GONE_URL.encode() + b"</link>"
VIA = f"via: {GONE_URL}\r\nhopsFromSeed: L\r\n".encode()
FOREIGN = [
    made("response", f"<{GONE_URL}>", OK + STORY),  # old wget
    made("resource", f"urn:pageinfo:{GONE_URL}", b"{}", content_type="application/json"),  # Browsertrix
    made("request", "https://news.example/style.css", REFERRED),
    made("metadata", OTHER, VIA, content_type="application/warc-fields"),  # Heritrix
    made("response", "https://news.example/feed", FEED),
    made("response", OTHER, OK + PAGE),
]


@pytest.mark.parametrize("packing", ["one member each", "one member for all", "plain"])
def test_a_foreign_file_is_cleaned_by_hashes_alone(packing: str, tmp_path: Path) -> None:
    path = tmp_path / ("foreign.warc" if packing == "plain" else "foreign.warc.gz")
    whole = b"".join(FOREIGN)
    data = {"one member each": b"".join(map(pack, FOREIGN)), "one member for all": pack(whole), "plain": whole}
    path.write_bytes(data[packing])
    assert clean_file(path, Tombstones(frozenset({key_hash(url_key(GONE_URL))})))
    with RawReader(path) as reader:
        left = list(reader)
    assert not any(GONE_URL.encode() in record.head + record.block for record in left)
    assert [record.fields.record_type for record in left] == ["request", "metadata", "response", "response"]
    assert left[0].block == b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"
    assert left[1].block == b"hopsFromSeed: L\r\n"
    assert left[-1].block == OK + PAGE
    assert not read(path)[3]


@pytest.mark.parametrize(
    ("kind", "block", "left"),
    [
        ("request", b"POST /x HTTP/1.1\r\nHost: x\r\n\r\na=1\nu=%b\n", b"POST /x HTTP/1.1\r\nHost: x\r\n\r\na=1\n"),  # a form
        ("metadata", b"a: b\r\n\r\noutlink: %b L a/@href\r\nc: d\r\n", b"a: b\r\n\r\nc: d\r\n"),  # behind an empty line
        ("metadata", b"via: http://other.example/\x0b%b?utm_source=x\r\nc: d\r\n", b"c: d\r\n"),  # no line's end to a WARC
        ("metadata", b'{"a": "http://other.example/", "b": "%b"}', b""),  # one line, two addresses
        ("metadata", b"u: https%%3A%%2F%%2Fnews.example%%2F2026%%2F05%%2Fsecret-tide\nd: %.0b", b"d: "),  # shared
    ],
)  # fmt: skip
def test_lines_that_name_it_go_wherever_they_stand_and_it_ends(
    kind: str, block: bytes, left: bytes, tmp_path: Path
) -> None:
    path = shelf(tmp_path) / "x.warc.gz"
    path.write_bytes(pack(made(kind, OTHER, block % GONE_URL.encode(), content_type="text/plain")))
    assert clean_file(path, Tombstones(frozenset({key_hash(url_key(GONE_URL))})))
    (record,) = raw(path.parent)
    assert record.block == left


def test_more_lines_than_are_looked_through_are_told_of(tmp_path: Path) -> None:
    path = shelf(tmp_path) / "x.warc.gz"
    lines = b"outlink: http://other.example/\r\n"
    path.write_bytes(pack(made("metadata", OTHER, lines * (2**24 // len(lines) + 1), content_type="text/plain")))
    plan = clean(path.parent, gone())
    assert [(error.path, error.offset, "not looked through" in error.why) for error in plan.unread] == [
        (str(path), 0, True)
    ]


def test_the_parts_of_a_segmented_listing_go_with_its_body(tmp_path: Path) -> None:
    """What names it may stand in the first part, what it says in another."""
    path = shelf(tmp_path) / "x.warc.gz"
    listing, page = (made("response", OTHER, OK + body) for body in (LINK, PAGE))
    ids = [record.split(b"WARC-Record-ID: ")[1].split(b"\r\n")[0].decode() for record in (listing, page)]
    parts = [made("continuation", OTHER, STORY, f"WARC-Segment-Origin-ID: {one}") for one in ids]
    path.write_bytes(b"".join(map(pack, (listing, parts[0], page, parts[1]))))
    clean(path.parent, gone(), lambda _offset: Row(None, "not-an-article"))
    left = raw(path.parent)
    assert [record.fields.record_type for record in left] == ["response", "response", "continuation"]
    assert LINK not in left[0].block
    assert left[2].fields.get("warc-segment-origin-id") == ids[1]  # another record's


def test_a_file_of_nothing_else_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "foreign.warc.gz"
    path.write_bytes(pack(FOREIGN[0]))
    assert not clean_file(path, Tombstones(frozenset({host_hash("news.example")})))
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_copied_unless_its_head_names_it(tmp_path: Path) -> None:
    folder = shelf(tmp_path)

    def damaged(record: bytes) -> bytes:
        member = bytearray(pack(record))
        member[-8:-4] = b"\0\0\0\0"  # the checksum: the head can still be read
        return bytes(member)

    lost, doomed = damaged(made("response", OTHER, OK + PAGE * 3)), damaged(made("response", GONE_URL, OK + STORY))
    path = folder / "x.warc.gz"
    path.write_bytes(b"".join([pack(FOREIGN[5]), lost, pack(FOREIGN[0]), doomed, pack(FOREIGN[5])]))
    plan = clean(folder, gone(), article_rows)
    assert len(plan.unread) == 2
    assert path.read_bytes() == pack(FOREIGN[5]) + lost + pack(FOREIGN[5])


def test_a_torn_tail_of_an_open_file_is_cut_and_that_of_a_sealed_one_is_not(tmp_path: Path) -> None:
    for name, tail in (("x.warc.gz.open", b""), ("y.warc.gz", pack(FOREIGN[5])[:50])):
        folder = shelf(tmp_path / name)
        path = folder / name
        path.write_bytes(pack(FOREIGN[5]) + pack(FOREIGN[0]) + pack(FOREIGN[5])[:50])
        clean(folder, gone(), article_rows)
        assert path.read_bytes() == pack(FOREIGN[5]) + tail


@pytest.mark.parametrize("apart", [False, True])
def test_a_body_in_a_member_of_several_records_is_not_lost_to_a_revisit(apart: bool, tmp_path: Path) -> None:
    path = shelf(tmp_path) / "x.warc.gz"
    digest = sha1_digest(STORY)
    fields = (f"WARC-Refers-To-Target-URI: {GONE_URL}", "WARC-Refers-To-Date: 2026-05-01T06:00:00Z")
    records = [
        made("response", GONE_URL, OK + STORY, f"WARC-Payload-Digest: {digest}"),
        made("response", OTHER, OK + PAGE),
        made("revisit", OTHER, OK, f"WARC-Payload-Digest: {digest}", *fields),
    ]
    untouched = pack(FOREIGN[5] + FOREIGN[3].replace(GONE_URL.encode(), OTHER.encode()))
    members = [b"".join(records[:2]), records[2]] if apart else [b"".join(records)]
    path.write_bytes(b"".join(map(pack, members)))
    (path.parent / "y.warc.gz").write_bytes(untouched)
    clean(path.parent, gone(), article_rows)
    assert [(s.record_type, s.body) for s in read(path)[0]] == [("response", PAGE), ("response", STORY)]
    assert (path.parent / "y.warc.gz").read_bytes() == untouched


def test_the_command_has_words_for_whatever_becomes_of_a_record() -> None:
    assert set(_WORDS) == {act.name.lower() for act in Act}


RUSSIAN = "Никто не должен был знать что старый смотритель маяка продал прилив"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (LINK.decode(), "utf-16"),  # with its mark
        (LINK.decode(), "utf-16-le"),
        (LINK.decode(), "utf-16-be"),
        (f'<?xml version="1.0" encoding="windows-1251"?><description>{RUSSIAN}</description>', "windows-1251"),
    ],
)
def test_a_feed_is_looked_through_whatever_it_is_written_in(text: str, encoding: str, tmp_path: Path) -> None:
    path = shelf(tmp_path) / "x.warc.gz"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n"
    path.write_bytes(pack(made("response", OTHER, head + text.encode(encoding))))
    clean(path.parent, new_gone("url", keys=[url_key(GONE_URL)], urls=[GONE_URL], texts=[RUSSIAN]))
    assert [snapshot.body for snapshot in read(path)[0]] == [b""]


HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"


def test_an_interim_response_hides_neither_a_listing_nor_a_redirect(tmp_path: Path) -> None:
    listing = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(
        LINK
    )
    moved = f"HTTP/1.1 301 Moved\r\nLocation: {GONE_URL}\r\n\r\n".encode()
    path = shelf(tmp_path) / "x.warc.gz"
    path.write_bytes(b"".join(pack(made("response", OTHER, HINTS + block)) for block in (listing, moved)))
    clean(path.parent, gone())
    ((snapshot,), _, _, broken) = read(path)
    assert (snapshot.status, snapshot.body, snapshot.truncated, broken) == (200, b"", "unspecified", [])


def test_a_revisit_gets_the_body_behind_an_interim_response(tmp_path: Path) -> None:
    path = shelf(tmp_path) / "x.warc.gz"
    digest = sha1_digest(STORY)
    fields = (f"WARC-Refers-To-Target-URI: {GONE_URL}", "WARC-Refers-To-Date: 2026-05-01T06:00:00Z")
    removed = made("response", GONE_URL, HINTS + OK + STORY, f"WARC-Payload-Digest: {digest}")
    revisit = made("revisit", OTHER, OK, f"WARC-Payload-Digest: {digest}", *fields)
    path.write_bytes(pack(removed) + pack(revisit))
    clean(path.parent, gone(), article_rows)
    assert [(s.url, s.record_type, s.body) for s in read(path)[0]] == [(OTHER, "response", STORY)]


# Reports


def test_a_report_nested_without_end_stops_neither_an_ingest_nor_a_takedown(tmp_path: Path) -> None:
    """A merge brings reports of strangers."""
    folder = ArchiveFolder(tmp_path)
    folder.reports.mkdir()
    depths = {1: True, 40: True, 60: False, 500: False, 900: False, 100_000: False}
    for depth in depths:
        nested = "[" * depth + f'"{GONE_URL}"' + "]" * depth
        (folder.reports / f"run-{depth}.json").write_text(f'{{"problems": {nested}}}')
    with open_store(folder, clock=Clock()) as store:
        take_reports(folder, store)
        assert store.runs() == {f"run-{depth}" for depth, taken in depths.items() if taken}
    clean_reports(folder.reports, gone().tells)
    left = {path.name for path in folder.reports.iterdir() if GONE_URL in path.read_text()}
    assert left <= {"run-900.json", "run-100000.json"}  # no JSON to this Python


def test_the_log_of_an_earlier_takedown_forgets_what_stayed_then(tmp_path: Path) -> None:
    log = {
        "hashes": ["0a"],
        "files": {"x.warc.gz": {"before": {"size": 1}}},
        "articles_that_stay": {GONE_URL: "links to it"},
    }
    path = tmp_path / "takedown-20260501060000000000-0a.json"
    path.write_text(json.dumps(log | {"listings_redacted": [GONE_URL, "https://news.example/"]}))
    assert clean_reports(tmp_path, gone().tells) == [path.name]
    told = json.loads(path.read_text())
    assert (told["articles_that_stay"], told["listings_redacted"]) == (
        {REPLACED: "links to it"},
        ["https://news.example/"],
    )
    assert {name: told[name] for name in ("hashes", "files")} == {name: log[name] for name in ("hashes", "files")}


# Small parts


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('<a href="/2026/05/secret-tide?utm_source=front#top">', True),
        ("<a href=secret-tide>", True),  # relative to the page
        ('{"url":"https:\\/\\/www.news.example\\/2026\\/05\\/secret-tide\\/"}', True),  # JSON
        ("https://social.example/share?u=https%3A%2F%2Fnews.example%2F2026%2F05%2Fsecret-tide&t=x", True),
        ("<loc>http://news.example/2026/05/secret-tide</loc>", True),
        ("Read https://news.example/2026/05/secret-tide.", True),  # a full stop behind it
        ('<a href="/2026/05/secret-tide/amp">', True),  # its AMP spelling
        ('<base href="https://news.example/2026/"><a href="05/secret-tide">', True),
        ('<a href="/2026/05/secret-tides">', False),
        ('<a href="https://other.example/2026/05/secret-tide">', False),
        ("no link at all", False),
    ],
)
def test_links_are_found_however_they_are_written(written: str, found: bool) -> None:
    stones = Tombstones(frozenset({key_hash(url_key(GONE_URL))}))
    assert tells_of(written, "https://news.example/2026/05/", stones) is found


def test_a_link_to_the_front_page_of_a_host_that_went_tells_nothing() -> None:
    stones = Tombstones(frozenset({host_hash("news.example")}))
    assert not tells_of('<a href="https://www.news.example/">', "https://other.example/", stones)
    assert tells_of('<a href="https://www.news.example/a">', "https://other.example/", stones)
    assert stones.covers("https://www.news.example:8080/")
    assert not stones.covers("https://m.news.example/")  # a host is that name alone


def test_hostile_markup_costs_linear_time() -> None:
    hostile = '<a href="' * 40_000 + "<base href=" * 20_000 + "&amp;" * 100_000 + '"/' * 100_000
    assert list(links_in(hostile, GONE_URL)) is not None
    assert list(phrases_of(bare("<" * 200_000))) == []


def test_lines_that_are_no_takedown_cover_nothing() -> None:
    class Line:
        kind = "takedown"
        data = {"hashes": ["not a hash", 3, key_hash("news.example/a")], "scope": "url"}  # noqa: RUF012 - read alone

    stones = tombstones_of([Line()])
    assert stones.hashes == {key_hash("news.example/a")}
    assert stones.covers("https://www.news.example/a/?utm_source=x")
    assert not tombstones_of([]).covers("https://news.example/a")


def test_a_field_that_is_folded_goes_whole() -> None:
    head = b"WARC/1.0\r\nX-A: 1\r\n  more\r\nX-B: 2\r\n\r\n"
    assert with_fields(head, {"X-A": None}) == b"WARC/1.0\r\nX-B: 2\r\n\r\n"
    folded = b"HTTP/1.1 200 OK\r\nLink: <https://news.example/>;\r\n rel=x\r\nDate: now\r\n\r\n"
    assert redacted_head(folded) == b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n"


def test_a_resource_record_is_blanked_whole_and_a_first_line_never_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(pack(made("resource", OTHER, LINK, content_type="text/html")) + pack(FOREIGN[2]))
    with RawReader(path) as reader:
        resource, request = list(reader)
    assert redacted(resource).endswith(b"Content-Length: 0\r\n\r\n\r\n\r\n") or b"\r\n\r\n\r\n\r\n" in redacted(
        resource
    )
    assert without_lines(replace(request), lambda _line: True).split(b"\r\n\r\n", 1)[1].startswith(b"GET /style.css")


@pytest.mark.parametrize(
    ("spelling", "covered"),
    [
        ("http://NEWS.example:80/2026/05/secret-tide#top", True),
        ("https://news.example./2026/05/secret-tide", True),  # the root's dot
        ("https://news.example//2026/./05/secret%2Dtide/?utm_source=x", True),
        ("HTTPS:\\\\www.news.example\\2026\\05\\secret-tide", True),  # as browsers read it
        ("https://me:pw@news.example/2026/05/secret-tide", True),  # as a crawler of others wrote it down
        ("https://amp.news.example/2026/05/secret-tide", True),
        ("https://news.example:8080/2026/05/secret-tide", False),  # another server
        ("https://news.example@elsewhere.example/2026/05/secret-tide", False),
        ("https://elsewhere.example/@news.example/2026/05/secret-tide", False),
    ],
)
def test_which_spellings_of_an_address_are_covered(spelling: str, covered: bool) -> None:
    assert Tombstones(frozenset({key_hash(url_key(GONE_URL))})).covers(spelling) is covered


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("WWW.News.example.", "news.example"),
        ("news.example:80", "news.example"),
        ("news.example:443", "news.example"),
        ("news.example:8080", "news.example:8080"),
        ("zeitung-\u00fc.example", "xn--zeitung--e6a.example"),
    ],
)
def test_how_a_host_may_be_named(name: str, host: str) -> None:
    assert host_named(name) == host


@pytest.mark.parametrize("label", ["idna", "undefined", "base64", "punycode", "nothing", "utf-8"])
def test_a_listing_in_an_encoding_that_is_none_is_looked_through_all_the_same(label: str) -> None:
    body = f"<?xml version='1.0' encoding='{label}'?>".encode() + b"<loc>https://paper.example/gone</loc>\xff"
    assert "https://paper.example/gone" in decoded_text(body, f"text/xml; charset={label}")
