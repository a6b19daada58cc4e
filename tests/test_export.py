"""`morgue export`: what is in an export, what is left out, and what comes of errors."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.errors import UsageError
from archive.export.cdxj import cdxj_line
from archive.export.choose import Choice
from archive.export.output import whole_file
from archive.export.pywb import config, path_index
from archive.export.wacz import WaczExport
from archive.export.zipnum import LINES, blocks
from archive.folder import ArchiveFolder
from archive.imported import find_file
from archive.query import open_reader
from tests.line import AFTER_DAY_2, ROOT, Archive, Days, json_lines
from tests.warc_tools import T0

OPTED_OUT = "/wirtschaft/molkerei-glasflasche"


@pytest.fixture(scope="module")
def archive(days: Days, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Copy the archive of two days, in which one article opts out and another is hidden."""
    archive = Archive(days.second.copy(tmp_path_factory.mktemp("export") / "a").path, AFTER_DAY_2)
    with closing(sqlite3.connect(archive.path / "archive.db")) as db, db:
        out, capture = db.execute("SELECT pk, capture FROM articles WHERE url LIKE ?", [f"%{OPTED_OUT}"]).fetchone()
        signals = '[{"name": "noarchive", "via": "meta:robots", "value": "noarchive"}]'
        db.execute("INSERT INTO opt_outs VALUES (?, ?, NULL, ?)", [out, capture, signals])
        hidden = db.execute("SELECT pk FROM articles WHERE pk <> ? AND source = 'bote' ORDER BY url", [out]).fetchone()[
            0
        ]
        db.execute("UPDATE articles SET hidden = 1 WHERE pk = ?", [hidden])
        # another capture at the address of the one that opts out, which shows no article: a consent wall
        db.execute(
            "INSERT INTO captures (url, url_key, captured_at, status, mime, record_type, payload_digest, warc, offset, length)"
            " SELECT url, url_key, '2026-05-21T22:30:00.000000Z', 200, mime, 'response', 'sha1:WALL', warc, offset, length"
            " FROM captures WHERE pk = ?",
            [capture],
        )
        # a front page that says noarchive itself
        front = db.execute(
            "SELECT pk FROM captures WHERE role = 'home' AND status = 200 AND source = 'sada'"
        ).fetchone()
        db.execute("INSERT INTO opt_out_signals VALUES (?, 'meta:robots', 'noarchive', 'noarchive', 1, NULL)", front)
    return archive


def public_urls(archive: Archive) -> set[str]:
    return set(archive.values("SELECT url FROM public_articles"))


def exported(archive: Archive, tmp_path: Path, kind: str, *words: str, code: int = 0) -> Path:
    output = tmp_path / f"out.{kind}"
    archive.run("export", kind, output, "--quiet", *words, code=code)
    return output


# CDXJ


def cdxj(archive: Archive, tmp_path: Path, *words: str) -> list[tuple[str, str, dict[str, str]]]:
    lines = exported(archive, tmp_path, "cdxj", *words).read_text("ascii").splitlines()
    assert lines == sorted(lines)
    return [(key, at, json.loads(fields)) for key, at, fields in (line.split(" ", 2) for line in lines)]


def test_each_line_of_the_index_leads_to_the_record_that_it_tells_of(archive: Archive, tmp_path: Path) -> None:
    found = cdxj(archive, tmp_path)
    assert len(found) > 100
    kinds = set()
    for _, at, line in found:
        path = next((archive.path / "warc").glob(line["filename"] + "*"))
        data = path.read_bytes()[int(line["offset"]) :][: int(line["length"])]
        (record,) = ArchiveIterator(io.BytesIO(data))
        fields = record.rec_headers
        kinds.add(record.rec_type)
        assert fields.get_header("WARC-Target-URI") == line["url"]
        assert re.sub(r"\D", "", fields.get_header("WARC-Date")[:19]) == at
        assert fields.get_header("WARC-Payload-Digest") == line["digest"]
        assert record.http_headers.get_statuscode() == line["status"]
        assert (line["mime"] == "warc/revisit") == (record.rec_type == "revisit")
    assert kinds == {"response", "revisit"}


def test_the_index_offers_no_304(archive: Archive, tmp_path: Path) -> None:
    assert archive.values("SELECT count(*) FROM captures WHERE status = 304")[0] > 0
    assert {line["status"] for _, _, line in cdxj(archive, tmp_path)} >= {"200", "404"}
    assert "304" not in {line["status"] for _, _, line in cdxj(archive, tmp_path)}


def test_the_index_leaves_out_what_opts_out_and_what_is_hidden_at_all_its_addresses(
    archive: Archive, tmp_path: Path
) -> None:
    hidden = archive.values("SELECT url FROM articles WHERE hidden = 1")
    front = archive.rows("SELECT c.url, c.captured_at FROM opt_out_signals s JOIN captures c ON c.pk = s.capture")[0]
    stamp = re.sub(r"\D", "", front["captured_at"][:19])

    def there(*words: str) -> tuple[bool, bool, bool]:
        lines = cdxj(archive, tmp_path, *words)
        urls = {line["url"] for _, _, line in lines}
        assert any("/feed" in url or url.endswith(".xml") for url in urls)  # what is no article is in it
        fronts = {(line["url"], at) for _, at, line in lines}
        return any(OPTED_OUT in url for url in urls), hidden[0] in urls, (front["url"], stamp) in fronts

    assert there() == (False, False, False)
    assert there("--include-opted-out") == (True, False, True)


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        (["--source", "courier"], "source = 'courier'"),
        (["--since", "2026-05-21"], "captured_at >= '2026-05-21'"),
        (["--until", "2026-05-20"], "captured_at < '2026-05-21'"),
    ],
)
def test_an_index_may_be_of_a_source_or_a_time_of_capture(
    archive: Archive, tmp_path: Path, words: list[str], condition: str
) -> None:
    every = "SELECT count(*) FROM captures WHERE status <> 304 AND record_type IN ('response', 'revisit')"
    found = cdxj(archive, tmp_path, "--include-opted-out", *words)
    hidden = "url_key NOT IN (SELECT url_key FROM articles WHERE hidden = 1)"
    assert len(found) == archive.values(f"{every} AND {hidden} AND {condition}")[0] > 0


def test_a_field_that_is_not_known_is_left_out_and_strangers_text_is_escaped() -> None:
    line = cdxj_line("https://news.example/ü\n", "2026-05-01T06:00:00.5Z", None, 'a"b\n', "resource", None, 5, 0, "x y")
    assert line == (
        'example,news)/%c3%bc 20260501060000 {"url": "https://news.example/\\u00fc\\n", "mime": "a\\"b\\n",'
        ' "length": "5", "offset": "0", "filename": "x y"}'
    )


# JSON lines


def jsonl(archive: Archive, tmp_path: Path, *words: str) -> list[dict[str, Any]]:
    return json_lines(exported(archive, tmp_path, "jsonl", *words).read_text("utf-8"))


def test_every_public_article_is_a_line_with_its_text_earliest_first(archive: Archive, tmp_path: Path) -> None:
    expected = archive.rows("SELECT id, url, title, text FROM public_articles ORDER BY sort_at, pk")
    found = jsonl(archive, tmp_path)
    assert [{name: line[name] for name in ("id", "url", "title", "text")} for line in found] == expected
    assert not any(OPTED_OUT in line["url"] for line in found)
    assert any(OPTED_OUT in line["url"] for line in jsonl(archive, tmp_path, "--include-opted-out"))


def test_a_line_says_where_everything_came_from(archive: Archive, tmp_path: Path) -> None:
    for line in jsonl(archive, tmp_path, "--source", "courier"):
        capture = line["capture"]
        path = next((archive.path / "warc").glob(capture["warc"] + "*"))
        data = path.read_bytes()[capture["offset"] :][: capture["length"]]
        (record,) = ArchiveIterator(io.BytesIO(data))
        assert record.rec_headers.get_header("WARC-Target-URI") == capture["url"]
        assert line["provenance"]["text"]
        assert isinstance(line["authors"], list)


def test_a_line_names_the_copies_but_not_those_that_opt_out(archive: Archive, tmp_path: Path) -> None:
    story, count = next(
        (row["id"], row["n"])
        for row in archive.rows(
            "SELECT s.id, count(*) AS n FROM public_articles p JOIN stories s ON s.id = p.story GROUP BY 1 HAVING n > 1"
        )
    )
    found = [line for line in jsonl(archive, tmp_path) if line["story"] == story]
    assert len(found) == count
    for line in found:
        assert {copy["id"] for copy in line["copies"]} == {other["id"] for other in found} - {line["id"]}
    changed = archive.copy(tmp_path / "changed")
    with closing(sqlite3.connect(changed.path / "archive.db")) as db, db:
        db.execute("INSERT INTO opt_outs SELECT pk, capture, NULL, '[]' FROM articles WHERE id = ?", [found[0]["id"]])
    left = [line for line in jsonl(changed, tmp_path) if line["story"] == story]
    assert len(left) == count - 1
    assert found[0]["id"] not in {copy["id"] for line in left for copy in line["copies"]}


def test_revisions_come_only_if_asked_for(archive: Archive, tmp_path: Path) -> None:
    assert not any("revisions" in line for line in jsonl(archive, tmp_path))
    found = jsonl(archive, tmp_path, "--revisions")
    assert {len(line["revisions"]) for line in found} == {1, 2}
    for line in found:
        assert line["revisions"][-1]["text"] == line["text"]
        assert [*line["revisions"][0]] == ["seen_from", "seen_to", "cause", "title", "text"]


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        (["--source", "shiori"], "source = 'shiori'"),
        (["--language", "ar"], "language = 'ar'"),
        (["--since", "2026-05-15", "--until", "2026-05-19"], "sort_at BETWEEN '2026-05-15' AND '2026-05-20'"),
        (["--search", "harbour OR ferry"], "text LIKE '%harbour%' OR text LIKE '%ferry%' OR text LIKE '%ferries%'"),
    ],
)
def test_articles_are_chosen_as_by_search(archive: Archive, tmp_path: Path, words: list[str], condition: str) -> None:
    expected = archive.values(f"SELECT id FROM public_articles WHERE {condition} ORDER BY sort_at, pk")  # noqa: S608
    assert [line["id"] for line in jsonl(archive, tmp_path, *words)] == expected != []


def test_every_field_of_a_line_is_documented(archive: Archive, tmp_path: Path) -> None:
    told = (ROOT / "docs" / "interchange.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| `([\w.]+)` \|", told)
    line = next(line for line in jsonl(archive, tmp_path, "--revisions") if line["copies"])
    names = [*line, *(f"capture.{name}" for name in line["capture"])]
    names += [f"{name}.{inner}" for name in ("copies", "revisions") for inner in line[name][0]]
    assert sorted(rows) == sorted(names)


# WACZ


def wacz(archive: Archive, tmp_path: Path, *words: str) -> Path:
    return exported(archive, tmp_path, "wacz", *words)


def index_of(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the lines of the index in the blocks that its list names."""
    import gzip

    with zipfile.ZipFile(file) as package:
        data = package.read("indexes/index.cdx.gz")
        meta, *entries = package.read("indexes/index.idx").decode().splitlines()
    assert meta == '!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}'
    for entry in entries:
        place = json.loads(entry[entry.index("{") :])
        block = data[place["offset"] :][: place["length"]]
        assert place["digest"] == "sha256:" + hashlib.sha256(block).hexdigest()
        for line in gzip.decompress(block).decode().splitlines():
            head, _, fields = line.partition("{")
            yield head, json.loads("{" + fields)


def test_a_wacz_lists_all_that_it_holds_and_stores_what_is_fetched_by_place(archive: Archive, tmp_path: Path) -> None:
    with zipfile.ZipFile(wacz(archive, tmp_path)) as package:
        told = json.loads(package.read("datapackage.json"))
        infos = {info.filename: info for info in package.infolist()}
        assert {each["path"] for each in told["resources"]} == {*infos} - {
            "datapackage.json",
            "datapackage-digest.json",
        }
        for each in told["resources"]:
            data = package.read(each["path"])
            assert (each["bytes"], each["hash"]) == (len(data), "sha256:" + hashlib.sha256(data).hexdigest())
        stored = {name for name, info in infos.items() if info.compress_type == zipfile.ZIP_STORED}
        assert stored == {"archive/data-0001.warc.gz", "indexes/index.cdx.gz"}
        digest = json.loads(package.read("datapackage-digest.json"))["hash"]
        assert digest == "sha256:" + hashlib.sha256(package.read("datapackage.json")).hexdigest()
        assert told["created"].startswith("2026-05-21T")  # MORGUE_NOW


def test_the_records_of_a_wacz_are_those_of_the_archive_and_their_digests_are_warcios(
    archive: Archive, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wacz(archive, tmp_path)) as package:
        data = package.read("archive/data-0001.warc.gz")
    whole = b"".join(path.read_bytes() for path in archive.warcs())
    kinds: dict[str, int] = {}
    captures = ArchiveIterator(io.BytesIO(data), check_digests="raise")
    begin = 0
    for record in captures:
        record.content_stream().read()
        kinds[record.rec_type] = kinds.get(record.rec_type, 0) + 1
        end = begin + captures.get_record_length()
        assert data[begin:end] in whole
        begin = end
    assert begin == len(data)
    assert kinds["request"] == kinds["response"] + kinds["revisit"]
    assert kinds.keys() == {"warcinfo", "request", "response", "revisit"}
    public = "SELECT count(*) FROM captures WHERE article IN (SELECT pk FROM public_articles)"
    assert kinds["response"] + kinds["revisit"] == archive.values(public)[0]


def test_the_index_of_a_wacz_leads_to_its_records(archive: Archive, tmp_path: Path) -> None:
    file = wacz(archive, tmp_path)
    heads = [head for head, _ in index_of(file)]
    assert heads == sorted(heads)
    with zipfile.ZipFile(file) as package:
        for _, line in index_of(file):
            data = package.read(f"archive/{line['filename']}")[int(line["offset"]) :][: int(line["length"])]
            (record,) = ArchiveIterator(io.BytesIO(data))
            assert record.rec_headers.get_header("WARC-Target-URI") == line["url"]
            assert line["recordDigest"] == "sha256:" + hashlib.sha256(data).hexdigest()
            assert line["status"] != "304"


def test_each_article_is_a_page_that_can_be_opened(archive: Archive, tmp_path: Path) -> None:
    file = wacz(archive, tmp_path)
    with zipfile.ZipFile(file) as package:
        head, *pages = json_lines(package.read("pages/pages.jsonl").decode())
    assert head == {"format": "json-pages-1.0", "id": "pages", "title": "Articles", "hasText": True}
    expected = {row["id"]: row for row in archive.rows("SELECT id, title, text FROM public_articles")}
    assert {page["id"] for page in pages} == set(expected)
    index = {(line["url"], head.split()[1]): line["status"] for head, line in index_of(file)}
    for page in pages:
        assert (page["title"], page["text"]) == (expected[page["id"]]["title"], expected[page["id"]]["text"])
        assert index[page["url"], re.sub(r"\D", "", page["ts"])] == "200"  # and not the 404 of one that went


def test_what_a_revisit_repeats_comes_along(archive: Archive, tmp_path: Path) -> None:
    # A revisit of its own article whose first capture belongs to none: as if that had been refused.
    changed = archive.copy(tmp_path / "changed")
    with closing(sqlite3.connect(changed.path / "archive.db")) as db, db:
        row = db.execute(
            "SELECT c.url, t.captured_at, c.article, t.pk FROM captures c JOIN captures t ON t.url = c.refers_to_url"
            " AND t.captured_at = c.refers_to_at WHERE c.status = 200 AND c.record_type = 'revisit' AND c.article IN"
            " (SELECT pk FROM public_articles) AND t.article = c.article"
        ).fetchone()
        url, at, article, target = row
        db.execute("UPDATE captures SET article = NULL WHERE pk = ?", [target])
        source = db.execute("SELECT source FROM articles WHERE pk = ?", [article]).fetchone()[0]
    found = {(line["url"], head.split()[1]) for head, line in index_of(wacz(changed, tmp_path, "--source", source))}
    assert (url, re.sub(r"\D", "", at[:19])) in found


def test_no_member_of_a_wacz_grows_without_a_limit(archive: Archive, tmp_path: Path) -> None:
    folder, out = ArchiveFolder(archive.path), io.BytesIO()
    with closing(open_reader(folder.archive_db)) as reader:
        export = WaczExport(reader, lambda name: find_file(folder.warc, {}, name), now=T0, software="Morgue 0")
        packed = export.write(Choice(), out, max_warc=100_000, max_texts=5_000)
    (tmp_path / "x.wacz").write_bytes(out.getvalue())
    with zipfile.ZipFile(out) as package:
        sizes = {name: len(package.read(name)) for name in package.namelist() if name.startswith("archive/")}
        for _, line in index_of(tmp_path / "x.wacz"):
            assert int(line["offset"]) + int(line["length"]) <= sizes[f"archive/{line['filename']}"]
        _, *pages = json_lines(package.read("pages/pages.jsonl").decode())
        # The large form of ZIP has a field of its own in each member's head: ReplayWeb.page does not read that.
        assert [info.filename for info in package.infolist() if info.create_version >= zipfile.ZIP64_VERSION] == []
    assert len(pages) == packed.articles
    texts = ["text" in page for page in pages]
    assert texts == sorted(texts, reverse=True)
    assert 0 < sum(texts) < len(texts)
    assert len(sizes) > 2
    assert packed.records > packed.captures > packed.articles > 0


def test_a_record_that_cannot_be_read_is_told_and_the_rest_is_packed(archive: Archive, tmp_path: Path) -> None:
    damaged = archive.copy(tmp_path / "damaged")
    row = damaged.rows(
        "SELECT w.name, c.offset, c.length FROM captures c JOIN warcs w ON w.pk = c.warc WHERE c.record_type = 'response'"
        " AND c.article IN (SELECT pk FROM public_articles) ORDER BY c.pk"
    )[0]
    path = next((damaged.path / "warc").glob(row["name"] + "*"))
    data = bytearray(path.read_bytes())
    data[row["offset"] + row["length"] // 2] ^= 1
    path.write_bytes(data)
    done = damaged.run("export", "wacz", tmp_path / "x.wacz", code=3)
    assert f"{path}:{row['offset']}" in done.err
    assert len(list(index_of(tmp_path / "x.wacz"))) > 50


def test_a_missing_file_is_named_and_nothing_is_written_where_nothing_is_left(archive: Archive, tmp_path: Path) -> None:
    gone = archive.copy(tmp_path / "gone")
    for path in gone.warcs():
        path.unlink()
    done = gone.run("export", "wacz", tmp_path / "x.wacz", code=1)
    assert "is missing" in done.err
    assert not (tmp_path / "x.wacz").exists()


# blocks of an index


def test_an_index_is_cut_into_blocks_that_can_be_read_alone() -> None:
    lines = [f'example,news)/{n:05} 20260501060000 {{"url": "x"}}' for n in range(LINES + 1)]
    (first, head), (second, entry) = blocks(lines, "i.gz")
    assert head.startswith(
        '!meta 0 {"format": "cdxj-gzip-1.0", "filename": "i.gz"}\nexample,news)/00000 20260501060000 {'
    )
    assert entry.startswith("example,news)/01024 20260501060000 {")
    assert json.loads(entry[entry.index("{") :])["offset"] == len(first)
    assert len(second) < len(first)


# where it goes


@pytest.mark.parametrize("kind", ["cdxj", "jsonl", "wacz"])
def test_nothing_that_matches_is_exit_1_and_no_file(archive: Archive, tmp_path: Path, kind: str) -> None:
    older = tmp_path / f"out.{kind}"
    older.write_text("as it was")
    done = archive.run("export", kind, older, "--since", "2031", code=1)
    assert "matched, so nothing was written" in done.err
    assert older.read_text() == "as it was"
    assert [path.name for path in tmp_path.iterdir()] == [older.name]


def test_one_is_told_that_all_that_match_opt_out(archive: Archive, tmp_path: Path) -> None:
    done = archive.run("export", "jsonl", "-", "--search", "Genossenschaftsmolkerei Glasflasche", code=1)
    assert "1 would match but opt out" in done.err
    done = archive.run("export", "jsonl", "-", "--source", "bote")
    assert "1 article left out: their sites ask for it" in done.err


@pytest.mark.parametrize("kind", ["cdxj", "jsonl"])
def test_standard_output_has_what_a_file_would(archive: Archive, tmp_path: Path, kind: str) -> None:
    file = exported(archive, tmp_path, kind)
    assert archive.run("export", kind, "-").out == file.read_text("utf-8")


def test_a_wacz_can_go_to_a_pipe(archive: Archive, tmp_path: Path) -> None:
    import subprocess

    from tests.line import MORGUE, environment

    command = [*MORGUE, "-a", str(archive.path), "export", "wacz", "-", "--source", "sada"]
    done = subprocess.run(command, capture_output=True, env=environment(AFTER_DAY_2), check=True)
    assert zipfile.ZipFile(io.BytesIO(done.stdout)).testzip() is None


@pytest.mark.parametrize(
    "where", ["archive.db", "sources.toml", "decisions.jsonl", "warc/x.warc.gz", "reports/x", "crawl.db"]
)
def test_the_archives_own_files_are_not_overwritten(archive: Archive, where: str) -> None:
    before = {path: path.read_bytes() for path in archive.path.rglob("*") if path.is_file()}
    done = archive.run("export", "jsonl", archive.path / where, code=2)
    assert "is the archive's own place" in done.err
    assert {path: path.read_bytes() for path in archive.path.rglob("*") if path.is_file()} == before


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path / "a")
    target = tmp_path / "out"
    target.write_text("as it was")
    with pytest.raises(OSError, match="disk is full"), whole_file(str(target), folder) as out:  # noqa: PT012 - two steps
        out.write(b"half")
        raise OSError("the disk is full")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert target.read_text() == "as it was"
    with whole_file(str(target), folder) as out:
        out.write(b"new")
        assert target.read_text() == "as it was"
    assert target.read_text() == "new"


def test_what_is_no_regular_file_is_written_and_not_replaced(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path / "a")
    for seekable in (False, True):
        with whole_file("/dev/null", folder, seekable=seekable) as out:
            out.write(b"x")
    assert not Path("/dev/null").is_file()


def test_a_symbolic_link_to_the_archive_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "a" / "warc").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "warc")
    with pytest.raises(UsageError), whole_file(str(tmp_path / "link" / "x"), ArchiveFolder(tmp_path / "a")):
        pass


# pywb


def test_the_configuration_holds_whatever_stands_in_a_path() -> None:
    text = config(Path('/data/a "b": #c'))
    assert '    index: "/data/a \\"b\\": #c/morgue.cdxj"\n' in text


def test_a_file_that_is_being_written_is_found_before_and_after_it_is_sealed() -> None:
    files = {"b.warc.gz": Path("/w/b.warc.gz.open"), "a.warc.gz": Path("/w/a.warc.gz"), "x\ty": Path("/w/x")}
    assert list(path_index(files)) == [
        b"a.warc.gz\t/w/a.warc.gz\n",
        b"b.warc.gz\t/w/b.warc.gz.open\t/w/b.warc.gz\n",
    ]
