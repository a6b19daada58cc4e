"""Other people's web archives: ARC, zstd, gzip as a whole, WACZ; what is broken in them; what an import says and keeps."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.clock import SystemClock
from archive.console import Progress
from archive.decisions import read_decisions
from archive.errors import BrokenRecordError, MorgueError, NotAWarcError, ShelfError
from archive.folder import ArchiveFolder
from archive.importing import Import, import_files
from archive.report import IngestReport, kind_of_fault
from archive.sources import SOURCES_TEMPLATE
from archive.store import open_store
from archive.warc import RawRecord, foreign_records, form_of, repack
from archive.warc.arc import parse_line
from archive.warc.fields import sha1_digest
from archive.zstandard import zstd
from crawler.cli import group
from tests.warc_tools import OK, PAGE, read

HOST = "http://news.example"
WORDS = " ".join(f"The harbour of town number {n} reopened on Monday after long works." for n in range(30))
PAGE_OF = (
    "<html><head><title>Tide turns</title></head><body><article><h1>Tide turns</h1>"
    f"<p>{WORDS}</p></article></body></html>"
)


def body(number: int) -> bytes:
    return PAGE_OF.replace("harbour", f"harbour{number}").encode()


def warc(number: int, block: bytes | None = None, **fields: str) -> bytes:
    block = OK + body(number) if block is None else block
    known = {
        "WARC-Type": "response",
        "WARC-Record-ID": f"<urn:uuid:10000000-0000-4000-8000-{number:012d}>",
        "WARC-Date": f"2020-02-02T02:{number % 60:02d}:02Z",
        "WARC-Target-URI": f"{HOST}/tide-{number}",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block)),
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in known.items())
    return f"WARC/1.0\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def arc(
    number: int, block: bytes | None = None, line: str = "{url} 192.0.2.7 20200202021502 text/html {length}"
) -> bytes:
    block = OK + body(number) if block is None else block
    return line.format(url=f"{HOST}/tide-{number}", length=len(block)).encode() + b"\n" + block + b"\n"


VERSION = b"1 0 Example\nURL IP-address Archive-date Content-type Archive-length\n"
FILEDESC = b"filedesc://x.arc 0.0.0.0 20200202020202 text/plain %d\n" % len(VERSION) + VERSION + b"\n"
WARCS = [warc(number) for number in range(5)]
ARCS = [FILEDESC, *(arc(number) for number in range(5))]
SAMPLES = [record * 3 for record in (*WARCS, *ARCS)] * 10
DICTIONARY = zstd.train_dict(SAMPLES, 2_000)


def in_members(parts: list[bytes]) -> bytes:
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def as_a_whole(parts: list[bytes]) -> bytes:
    return gzip.compress(b"".join(parts), mtime=0)


def across_members(parts: list[bytes]) -> bytes:
    """Pack as tools do that know nothing of records: a member every 700 bytes."""
    data = b"".join(parts)
    return b"".join(gzip.compress(data[at : at + 700], mtime=0) for at in range(0, len(data), 700))


def frames(parts: list[bytes], dictionary: zstd.ZstdDict | None = None) -> bytes:
    check = {int(zstd.CompressionParameter.checksum_flag): 1}
    return b"".join(zstd.compress(part, options=check, zstd_dict=dictionary) for part in parts)


def with_dictionary(parts: list[bytes], *, packed: bool) -> bytes:
    content = DICTIONARY.dict_content
    content = zstd.compress(content) if packed else content
    return b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content + frames(parts, DICTIONARY)


def wacz(parts: list[bytes], name: str = "archive/data.warc.gz", method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        made.writestr("datapackage.json", "{}")
        made.writestr("indexes/index.cdx.gz", gzip.compress(b"com,example)/ 2020 {}\n"))
        half = len(parts) // 2
        made.writestr(name, in_members(parts[:half]))
        made.writestr(name.replace("data", "more"), in_members(parts[half:]))
        made.writestr("pages/pages.jsonl", "not read")
    return out.getvalue()


FORMS = {
    "plain": b"".join(WARCS),
    "after blank lines": b"\r\n\r\n" + b"".join(WARCS),
    "members": in_members(WARCS),
    "several records in a member": in_members([b"".join(WARCS[:2]), b"".join(WARCS[2:])]),
    "a whole": as_a_whole(WARCS),
    "across members": across_members(WARCS),
    "zstd frames": frames(WARCS),
    "zstd as a whole": frames([b"".join(WARCS)]),
    "zstd with a dictionary": with_dictionary(WARCS, packed=False),
    "zstd with a packed dictionary": with_dictionary(WARCS, packed=True),
    "wacz": wacz(WARCS),
    "wacz, deflated": wacz(WARCS, method=zipfile.ZIP_DEFLATED),
    "wacz with another folder": wacz(WARCS, "x/data.warc.gz"),
    "arc": b"".join(ARCS),
    "arc in members": in_members(ARCS),
    "arc as a whole": as_a_whole(ARCS),
    "arc in zstd": frames(ARCS),
    "wacz of arc": wacz(ARCS, "archive/data.arc.gz"),
}


def records_of(path: Path, tmp_path: Path) -> tuple[list[RawRecord], list[BrokenRecordError]]:
    broken: list[BrokenRecordError] = []
    return list(foreign_records(path, scratch=tmp_path, on_broken=broken.append)), broken


def written(tmp_path: Path, data: bytes, name: str = "theirs") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_pages(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, FORMS[form])
    repack(path, tmp_path / "copy.warc.gz")
    snapshots, _, _, broken = read(tmp_path / "copy.warc.gz")
    assert broken == []
    assert [(s.url, s.status, s.body) for s in snapshots] == [(f"{HOST}/tide-{n}", 200, body(n)) for n in range(5)]
    assert all(s.record_type == "response" for s in snapshots)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy.warc.gz", "theirs"]  # nothing unpacked is left


@pytest.mark.parametrize(
    ("form", "can_stay"), [(name, name in ("plain", "after blank lines", "members")) for name in FORMS]
)
def test_only_what_has_a_place_for_each_record_can_stay(tmp_path: Path, form: str, can_stay: bool) -> None:
    assert form_of(written(tmp_path, FORMS[form])).can_stay is can_stay


def test_an_arc_record_becomes_the_warc_record_that_it_would_be(tmp_path: Path) -> None:
    dns = b"20200202020202\nnews.example. 60 IN A 192.0.2.7\n"
    parts = [FILEDESC, arc(1), arc(2, dns, "dns:news.example 192.0.2.1 20200202020202 text/dns {length}")]
    parts.append(arc(3, b"<html>as Alexa kept it"))
    records, broken = records_of(written(tmp_path, b"".join(parts)), tmp_path)
    assert broken == []
    assert [r.fields.record_type for r in records] == ["warcinfo", "response", "resource", "resource"]
    assert [r.fields.target for r in records] == ["", f"{HOST}/tide-1", "dns:news.example", f"{HOST}/tide-3"]
    fields = records[1].fields.values
    assert fields["warc-ip-address"] == "192.0.2.7"
    assert fields["warc-date"] == "2020-02-02T02:15:02Z"
    assert fields["warc-block-digest"] == sha1_digest(records[1].block)
    assert records[3].fields.content_type == "text/html"
    assert len({r.fields.get("warc-record-id") for r in records}) == 4
    again, _ = records_of(tmp_path / "theirs", tmp_path)
    assert [r.head for r in again] == [r.head for r in records]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/ 192.0.2.7 20010203040506 text/html 12", ("/", "20010203040506", "text/html", 12)),
        ("/a b 192.0.2.7 20010203040506 text/html 12", ("/a b", "20010203040506", "text/html", 12)),
        ("/ 192.0.2.7 20010203040506  12", ("/", "20010203040506", "", 12)),  # no type
        ("/ 192.0.2.7 20010203040506 12", ("/", "20010203040506", "", 12)),
        ("/ 192.0.2.7 20010203040506 a/b; charset=x 12", ("/", "20010203040506", "a/b; charset=x", 12)),
        ("/ 192.0.2.7 20010203040506 a/b 200 AAA - 0 x.arc 12", ("/", "20010203040506", "a/b", 12)),  # version 2
        ("/ 192.0.2.7 200102030405 text/html 12", ("/", "200102030405", "text/html", 12)),  # no seconds
        ("/ 2001:db8::7 2001020304050678 text/html 12", ("/", "2001020304050678", "text/html", 12)),
        ("/ - 20010203040506 text/html 12", ("/", "20010203040506", "text/html", 12)),
        ("/ 192.0.2.7 20010203040506 text/html -1", ("/", "20010203040506", "text/html", None)),
        ("/ 192.0.2.7 yesterday text/html 12", None),
        (" 192.0.2.7 is 20010203040506 bytes", None),
        ("", None),
    ],
)  # fmt: skip
def test_lines_of_arc_records(line: str, expected: tuple[str, str, str, int] | None) -> None:
    found = parse_line(b"http://a.example" + line.encode())
    told = found and (found.url.removeprefix("http://a.example"), found.stamp, found.content_type, found.length)
    assert told == expected
    assert parse_line(b"<html>" + line.encode()) is None


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


MIDDLE = [b"".join(parts[:2]) for parts in (WARCS, ARCS)]


@pytest.mark.parametrize(
    ("data", "sound", "where", "why"),
    [
        (b"".join([*WARCS[:2], WARCS[2][:400], *WARCS[3:]]), "0134", len(MIDDLE[0]), "no record follows"),
        (b"".join(WARCS)[:-30], "0123", sum(map(len, WARCS[:4])), "ends within"),
        (b"".join([*ARCS[:2], ARCS[2][:400], b"\n", *ARCS[3:]]), "0234", len(MIDDLE[1]), "is wrong: no record follows"),
        (b"".join([*ARCS[:2], arc(9, line="{url} 192.0.2.7 20200202021502 text/html -1"), *ARCS[3:]]), "0234",
         len(MIDDLE[1]), "no number of bytes"),
        (b"".join([*ARCS[:2], arc(9, line="{url} 192.0.2.7 20209902021502 text/html {length}"), *ARCS[3:]]), "0234",
         len(MIDDLE[1]), "no date"),
        (b"".join(ARCS)[:-30], "0123", sum(map(len, ARCS[:5])), "beyond the end"),
        (b"".join([*map(gzip.compress, ARCS[:2]), gzip.compress(ARCS[2])[:200], *map(gzip.compress, ARCS[3:])]), "0234",
         sum(len(gzip.compress(part)) for part in ARCS[:2]), "damaged"),
        (b"".join([*map(gzip.compress, ARCS[:2]), flipped(gzip.compress(ARCS[2]), -7), *map(gzip.compress, ARCS[3:])]),
         "0234", sum(len(gzip.compress(part)) for part in ARCS[:2]), "checksum"),
        (frames(WARCS[:2]) + frames(WARCS[2:3])[:200] + frames(WARCS[3:]), "0134", len(frames(WARCS[:2])), "zstd frame"),
        (frames(WARCS[:2]) + flipped(frames(WARCS[2:3]), -2) + frames(WARCS[3:]), "0134", len(frames(WARCS[:2])),
         "zstd frame"),
        (frames(WARCS)[:-9], "0123", len(frames(WARCS[:4])), "ends within"),
        (as_a_whole(WARCS)[:-9], "01234", 0, "ends within"),
        (as_a_whole(WARCS)[:-8] + bytes(8), "01234", 0, "checksum"),  # each record is sound as far as anyone can tell
    ],
)  # fmt: skip
def test_what_is_broken_is_named_once_and_the_rest_is_read(
    tmp_path: Path, data: bytes, sound: str, where: int, why: str
) -> None:
    path = written(tmp_path, data)
    records, broken = records_of(path, tmp_path)
    found = [r.fields.target.rpartition("-")[2] for r in records if r.fields.record_type == "response"]
    assert found == list(sound)
    assert [(b.path, b.offset) for b in broken] == [(str(path), where)]
    assert why in broken[0].why


def test_a_wacz_whose_directory_is_lost_is_looked_through(tmp_path: Path) -> None:
    path = written(tmp_path, wacz(WARCS)[:-200])
    records, broken = records_of(path, tmp_path)
    assert [r.fields.target for r in records] == [f"{HOST}/tide-{n}" for n in range(5)]
    assert "ZIP directory" in broken[0].why


def test_a_damaged_file_in_a_wacz_is_named_by_both_names(tmp_path: Path) -> None:
    data = wacz(WARCS)
    at = data.index(b"\x1f\x8b", data.index(b"archive/data.warc.gz")) + 100
    records, broken = records_of(written(tmp_path, flipped(data, at)), tmp_path)
    assert [r.fields.target[-1] for r in records] == ["1", "2", "3", "4"]
    assert {b.path for b in broken} == {f"{tmp_path}/theirs/archive/data.warc.gz"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"<html>", "begins with"),
        (zstd.compress(b"<html>"), "unpacked it begins with"),
        (gzip.compress(b"<html>", mtime=0), "begins with"),
        (frames(WARCS)[:5], "not one whole"),
        (b"\x5d\x2a\x4d\x18\xff\xff\xff\xff", "dictionary"),
        (with_dictionary(WARCS, packed=False)[:500], "ends within"),
        (wacz([], "data.txt"), "no WACZ"),
        (b"PK\x03\x04 and nothing", "not one whole"),
        (FILEDESC[:60], "not one whole"),
    ],
)
def test_what_is_no_web_archive_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(NotAWarcError, match=why):
        records_of(written(tmp_path, data), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["theirs"]


def test_a_payload_digest_that_fits_nothing_is_no_damage_if_the_blocks_does(tmp_path: Path) -> None:
    """Tools that hash the decoded body, or that of another record: the bytes are as they were written."""
    block = OK + PAGE
    fields = {"WARC_Payload_Digest": sha1_digest(b"other"), "WARC_Block_Digest": sha1_digest(block)}
    path = written(tmp_path, warc(1, block, **fields))
    snapshots, _, _, broken = read(path)
    assert broken == []
    assert snapshots[0].payload_digest == sha1_digest(PAGE)


def test_a_record_that_could_never_be_read_is_named_where_it_came_from_and_not_copied(tmp_path: Path) -> None:
    bad = warc(7, OK + PAGE, WARC_Block_Digest=sha1_digest(b"other"))
    path = written(tmp_path, as_a_whole([WARCS[0], bad, WARCS[1]]))
    broken: list[BrokenRecordError] = []
    done = repack(path, tmp_path / "copy.warc.gz", on_broken=broken.append)
    assert (done.records, [(b.path, "block digest" in b.why) for b in broken]) == (2, [(str(path), True)])
    assert read(tmp_path / "copy.warc.gz")[3] == []


# hostile files


def hostile_files() -> dict[str, tuple[bytes, bytes]]:
    """Return of each kind a small file and one four times as large."""
    nested = b"".join(b"\x1f\x8b\x08\0\0\0\0\0\0\0" for _ in range(20_000))
    lines = b"WARC/1.0\r\nA: b\r\n" * 20_000
    arcs = b"http://a.example/ 192.0.2.7 20010203040506 text/html 99999999\n" * 4_000
    spaces = b"http://a.example/" + b" 1.1.1.1" * 2_000 + b" 12\n"
    frame = frames([WARCS[0]])[:40]
    return {
        "gzip magic": (in_members(WARCS) + nested, in_members(WARCS) + nested * 4),
        "heads without an end": (WARCS[0] + lines, WARCS[0] + lines * 4),
        "lengths without an end": (FILEDESC + arcs, FILEDESC + arcs * 4),
        "a long line": (FILEDESC + spaces * 10, FILEDESC + spaces * 40),
        "torn frames": (frames(WARCS) + frame * 2_000, frames(WARCS) + frame * 8_000),
        "carriage returns": (WARCS[0] + b"WARC/1.0" + b"\r" * 100_000, WARCS[0] + b"WARC/1.0" + b"\r" * 400_000),
    }


@pytest.mark.parametrize("kind", hostile_files())
def test_time_grows_with_the_size_and_not_with_its_square(tmp_path: Path, kind: str) -> None:
    taken = []
    for number, data in enumerate(hostile_files()[kind]):
        path = written(tmp_path, data, f"f{number}")
        begun = time.process_time()
        records_of(path, tmp_path)
        taken.append(time.process_time() - begun)
    assert taken[1] < max(1.0, 9 * taken[0])  # the square would be 16


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_bomb_ends_early_and_costs_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: object
) -> None:
    monkeypatch.setattr("archive.warc.unpack._LEAST", 2**22)
    monkeypatch.setattr("archive.warc.unpack._TIMES", 2)
    bomb = WARCS[0] + warc(1, bytes(2**26))
    path = written(tmp_path, pack(FILEDESC + arc(1, bytes(2**26)) if pack is gzip.compress else bomb))  # type: ignore[operator]
    tracemalloc.start()
    _, broken = records_of(path, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert any("unpacks to more than" in b.why for b in broken)
    assert peak < 2**25


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_raises_outside_the_tree(data: st.DataObject) -> None:
    whole = FORMS[data.draw(st.sampled_from(sorted(FORMS)))]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(len(whole) - 1, 0)))
        match data.draw(st.sampled_from(["cut", "flip", "splice", "zeros"])):
            case "cut":
                whole = whole[:at]
            case "flip" if whole:
                whole = flipped(whole, at)
            case "splice":
                other = FORMS[data.draw(st.sampled_from(sorted(FORMS)))]
                whole = whole[:at] + other[data.draw(st.integers(0, len(other))) :]
            case _:
                whole = whole[:at] + bytes(40) + whole[at + 40 :]
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), whole)
        try:
            repack(path, Path(folder) / "copy.warc.gz", on_broken=[].append)
        except ShelfError:
            assert [p.name for p in Path(folder).iterdir()] == ["theirs"]


# the import


@pytest.fixture
def folder(tmp_path: Path) -> ArchiveFolder:
    made = ArchiveFolder(tmp_path / "a")
    for path in (made.root, made.warc, made.reports):
        path.mkdir()
    made.sources.write_text(SOURCES_TEMPLATE)
    return made


def take(folder: ArchiveFolder, *paths: Path | str, **options: object) -> IngestReport:
    wanted = Import(paths=paths, **options)  # type: ignore[arg-type]
    return import_files(folder, wanted, clock=SystemClock(), jobs=0, progress=Progress("x", quiet=True))


def everything(folder: ArchiveFolder) -> list[tuple[object, ...]]:
    with open_store(folder, SystemClock()) as store:
        sql = "SELECT url, captured_at, payload_digest, record_type FROM captures ORDER BY 1, 2"
        return list(store.db.conn.execute(sql).fetchall())


def test_a_folder_of_every_form_is_one_set_of_articles(folder: ArchiveFolder, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    names = {"plain": "a.warc", "a whole": "b.warc.gz", "zstd with a dictionary": "c.warc.zst", "wacz": "d.wacz"}
    for form, name in {**names, "arc in members": "e.arc.gz"}.items():
        (theirs / name).write_bytes(FORMS[form])
    (theirs / "notes.txt").write_text("not looked at")
    report = take(folder, theirs)
    assert (report.new, report.captures, report.known, report.is_sound) == (5, 10, 15, True)  # ARC has times of its own
    assert report.no_pages == {"warcinfo": 1}
    before = everything(folder)
    kept = sorted(p.name for p in (folder.warc / "imported").iterdir())
    again = take(folder, theirs)
    assert (again.new, again.captures, again.known, again.copied) == (0, 0, 25, 0)
    assert everything(folder) == before
    assert sorted(p.name for p in (folder.warc / "imported").iterdir()) == kept
    assert len(list(read_decisions(folder.decisions))) == 5


def test_what_a_killed_import_left_is_removed(folder: ArchiveFolder, tmp_path: Path) -> None:
    shelf = folder.warc / "imported"
    shelf.mkdir()
    for name in ("unpacking-abc.part", "x-0123456789ab.warc.gz.part", "fetching-1-2.part"):
        (shelf / name).touch()
    take(folder, written(tmp_path, FORMS["arc"], "x.arc"))
    left = sorted(p.name.split("-")[0] for p in shelf.iterdir())
    assert left == ["fetching", "x"]  # what was fetched is gone on with


def test_files_without_a_wanted_host_leave_nothing(folder: ArchiveFolder, tmp_path: Path) -> None:
    path = written(tmp_path, b"".join(ARCS), "x.arc")
    with pytest.raises(ShelfError, match=r"none of 5 records is of www\.other\.example"):
        take(folder, path, hosts=("www.other.example",))
    assert list((folder.warc / "imported").iterdir()) == []
    assert not folder.decisions.exists() or not list(read_decisions(folder.decisions))
    report = take(folder, path, prefixes=(f"{HOST}/tide-1", f"{HOST}/tide-3"))
    assert (report.captures, report.left_out, report.copied) == (2, 3, 3)


@pytest.mark.parametrize("form", ["a whole", "zstd frames", "wacz", "arc"])
def test_what_cannot_stay_in_place_says_why(folder: ArchiveFolder, tmp_path: Path, form: str) -> None:
    with pytest.raises(MorgueError, match=r"cannot stay in place.*Leave out --in-place"):
        take(folder, written(tmp_path, FORMS[form], "x.warc.gz"), in_place=True)


def test_the_command_names_broken_records_and_sums_them_up(folder: ArchiveFolder, tmp_path: Path) -> None:
    parts = [FILEDESC, arc(1), *(arc(n, line="{url} 192.0.2.7 20200202021502 text/html x%d" % n) for n in (2, 3))]  # noqa: UP031
    path = written(tmp_path, b"".join(parts), "x.arc")
    done = CliRunner().invoke(group, ["-a", str(folder.root), "ingest", str(path), "--jobs", "0"], prog_name="morgue")
    assert done.exit_code == 3, done.output
    assert f"{path}:{len(FILEDESC) + len(parts[1])} (its length 'x2' is no number of bytes)" in done.stderr
    assert "2 broken records: 2 x its length … is no number of bytes." in done.stderr
    assert "2 records copied (no pages: 1 warcinfo)." in done.stdout
    again = ["-a", str(folder.root), "ingest", str(path), "--jobs", "0", "--json"]
    told = CliRunner().invoke(group, again, prog_name="morgue")
    assert json.loads(told.stdout)["known"] == 1


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        ("its Content-Length 974 is wrong: no record follows", "its Content-Length … is wrong: no record follows"),
        ("byte 7 unpacked: it begins with b'<html', which", "it begins with …, which"),
        ("its block digest is not the sha1:ABC it claims", "its block digest is not the … it claims"),
    ],
)
def test_reasons_are_summed_up_without_what_is_each_ones_own(why: str, kind: str) -> None:
    assert kind_of_fault(why) == kind
