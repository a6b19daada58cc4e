"""Takedown on a whole archive: what was promised is looked for in every byte, and what is left is as it was."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from archive import scrub
from archive.errors import DatabaseError
from tests.line import AFTER_DAY_2, ROOT, Archive, Days, Done, dump, environment
from tests.takedown_kit import Secret, decisions, faults, records, secret_of, still_there

DAY_3 = "2026-05-22T22:20:00Z"
TABLES = ("articles", "revisions", "revision_changes", "stories", "links", "aliases", "captures", "discoveries")
# Single articles without copies; one with an address that leads to it, one with an AMP page, one of another paper.
PATHS = ("/news/2026/05/18/market-hall-fire", "/news/2026/05/20/ferry-timetable-cut", "/english/cable-car-visitors")


@dataclass(frozen=True)
class Work:
    """An archive of which three articles were taken down."""

    archive: Archive
    secrets: list[Secret]
    before: dict[str, bytes]  # record id -> head and block
    done: list[Done]
    elsewhere: dict[str, str]  # id -> text of other articles, before


def article_at(archive: Archive, path: str) -> str:
    rows = archive.rows("SELECT id FROM articles WHERE url LIKE ?", f"%{path}")
    assert len(rows) == 1, path
    return str(rows[0]["id"])


def texts(archive: Archive) -> dict[str, str]:
    return {str(row["id"]): str(row["text"]) for row in archive.rows("SELECT id, text FROM articles WHERE hidden = 0")}


def take_down(archive: Archive, name: str, *more: str, code: int = 0) -> Done:
    words = ("--reason", "personal-data", "--reference", "2026-17", "--jobs", "1")
    return archive.run("takedown", name, *words, *more, code=code)


@pytest.fixture(scope="module")
def work(days: Days, tmp_path_factory: pytest.TempPathFactory) -> Work:
    archive = replace(days.second.copy(tmp_path_factory.mktemp("takedown") / "archive"), now=AFTER_DAY_2)
    names = [article_at(archive, path) for path in PATHS]
    secrets = [secret_of(archive.path, name) for name in names]
    assert all(len(secret.phrases) == 3 for secret in secrets)
    before, elsewhere = records(archive.path), texts(archive)
    by = [secrets[0].url, names[1], secrets[2].url]  # an article goes with all its addresses, whichever one is named
    done = [take_down(archive, name, "--json") for name in by]
    return Work(archive, secrets, before, done, {k: v for k, v in elsewhere.items() if k not in names})


@pytest.fixture
def fresh(days: Days, tmp_path: Path) -> Archive:
    return replace(days.second.copy(tmp_path / "archive"), now=AFTER_DAY_2)


def test_the_search_for_what_is_left_finds_it_where_nothing_was_taken_down(days: Days) -> None:
    secret = secret_of(days.second.path, article_at(days.second, PATHS[0]))
    found = still_there(days.second.path, [secret])
    assert any("archive.db" in one for one in found)
    assert any("crawl.db" in one for one in found)
    assert any("extraction" in one for one in found)
    assert any(" request " in one for one in found)
    assert any(" metadata " in one for one in found)


def test_nothing_is_left_in_any_record_database_or_report(work: Work) -> None:
    assert still_there(work.archive.path, work.secrets) == []
    assert faults(work.archive.path) == []


def test_fsck_finds_no_fault_afterwards(work: Work) -> None:
    """Also crawl.db knows how long the files are now, sealed ones too."""
    work.archive.run("fsck", "--full")


def test_every_other_record_stays_byte_for_byte_and_blanked_ones_are_marked(work: Work) -> None:
    after = records(work.archive.path)
    assert after.keys() <= work.before.keys()
    changed = {name: record for name, record in after.items() if record != work.before[name]}
    assert changed
    for record in changed.values():
        assert b"\r\nMorgue-Redacted: takedown\r\n" in record
        assert record.endswith(b"Content-Length: 0\r\n\r\n")
    assert len(work.before) - len(after) == sum(done.json["records"]["drop"] for done in work.done)


def test_the_other_articles_are_as_they_were(work: Work) -> None:
    assert texts(work.archive) == work.elsewhere


def test_the_line_and_the_log_say_it_without_clear_text(work: Work) -> None:
    lines = [line for line in decisions(work.archive.path) if line["kind"] == "takedown"]
    assert [line["scope"] for line in lines] == ["url", "article", "url"]
    assert {(line["reason"], line["reference"]) for line in lines} == {("personal-data", "2026-17")}
    assert all(len(str(one)) == 64 for line in lines for one in line["hashes"])  # type: ignore[attr-defined]
    log = json.loads((work.archive.path / "reports" / work.done[0].json["log"]).read_text())
    assert log["hashes"] == lines[0]["hashes"]
    assert log["records"]["drop"] == work.done[0].json["records"]["drop"]
    assert all(file["before"]["sha256"] != file["after"]["sha256"] for file in log["files"].values())
    told = work.archive.rows("SELECT hash, scope, reason, reference FROM tombstones")
    assert {row["hash"] for row in told} == {one for line in lines for one in line["hashes"]}  # type: ignore[attr-defined]


def test_other_articles_that_link_to_it_are_named_and_stay(work: Work) -> None:
    for done in work.done:
        for name in done.json["quoting"]:
            assert name in work.elsewhere


def test_an_address_that_only_leads_to_it_goes_with_it(work: Work) -> None:
    assert len(work.done[0].json["hashes"]) == 2  # its own and that of /old/story.php
    assert work.archive.rows("SELECT url FROM captures WHERE url LIKE '%story.php%'") == []


def test_the_sealed_files_digests_are_those_of_the_new_files(work: Work) -> None:
    for row in work.archive.rows("SELECT name, size, sha256 FROM warcs WHERE sealed = 1"):
        data = (work.archive.path / "warc" / row["name"]).read_bytes()
        assert (row["size"], row["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_new_crawl_and_both_rebuilds_do_not_bring_it_back(work: Work, days: Days, tmp_path: Path) -> None:
    archive = work.archive.copy(tmp_path / "again")
    days.server.set_day(2)
    report = archive.crawl("--due", "all", now=DAY_3)
    assert report["refused"]["taken-down"] > 3
    assert still_there(archive.path, work.secrets) == []
    before = dump(archive, *TABLES)
    archive.run("rebuild", "--jobs", "1", now=DAY_3)
    assert dump(archive, *TABLES) == before
    assert faults(archive.path) == []
    archive.run("rebuild", "--frontier", now=DAY_3)
    assert still_there(archive.path, work.secrets) == []
    save = archive.run("save", work.secrets[0].url, "--allow-private", now=DAY_3, code=1)
    assert "was taken down" in save.err


def test_a_foreign_file_that_has_it_is_taken_in_without_it(work: Work, days: Days, tmp_path: Path) -> None:
    archive = work.archive.copy(tmp_path / "again")
    foreign = tmp_path / "foreign.warc.gz"
    sources = [path for path in days.second.warcs() if path.is_file()]
    foreign.write_bytes(b"".join(path.read_bytes() for path in sources))
    archive.run("ingest", foreign, "--jobs", "1", "--quiet")
    found = still_there(archive.path, work.secrets)
    assert [one for one in found if " 127" in one or "request" in one or "metadata" in one] == []
    assert [one for one in found if "archive.db" in one or "extraction" in one] == []
    held = archive.run("ingest", foreign, "--in-place", "--jobs", "1", "--quiet", "--json").json
    assert held["taken_down"] > 0
    assert [one for one in still_there(archive.path, work.secrets) if "archive.db" in one] == []


def test_a_dry_run_tells_the_same_and_changes_nothing(fresh: Archive) -> None:
    before = {
        path: path.read_bytes() for path in fresh.path.rglob("*") if path.suffix in (".gz", ".open", ".jsonl", ".json")
    }
    name = article_at(fresh, PATHS[0])
    rows = dump(fresh)
    told = take_down(fresh, name, "--dry-run", "--json").json
    assert {path: path.read_bytes() for path in before} == before
    assert dump(fresh) == rows
    done = take_down(fresh, name, "--json").json
    assert (told["records"], told["hashes"], told["redacted"]) == (done["records"], done["hashes"], done["redacted"])
    assert "taken down before" in take_down(fresh, name).out  # the log knows the id when its article is gone


def test_a_second_takedown_of_the_same_address_finds_nothing(work: Work, tmp_path: Path) -> None:
    archive = work.archive.copy(tmp_path / "again")
    lines = len(decisions(archive.path))
    shelf = {path.name: path.read_bytes() for path in archive.warcs()}
    logs = {path: path.read_bytes() for path in (archive.path / "reports").glob("takedown-*")}
    done = take_down(archive, work.secrets[1].url, "--json").json
    assert (done["known"], done["records"]) == (True, {})
    assert {path: path.read_bytes() for path in logs} == logs  # also where both were asked for in the same second
    assert len(decisions(archive.path)) == lines
    assert {path.name: path.read_bytes() for path in archive.warcs()} == shelf


def test_a_host_goes_with_all_its_pages_and_comes_not_back(fresh: Archive, days: Days) -> None:
    host = days.server.sites["bote"].split("/")[2]
    names = [row["id"] for row in fresh.rows("SELECT id FROM articles WHERE url LIKE ?", f"%{host}%")]
    secrets = [replace(secret_of(fresh.path, name)) for name in names]
    others = {name: text for name, text in texts(fresh).items() if name not in names}
    take_down(fresh, host)
    # copies in other papers have the same words: only the addresses must be gone
    bare = [replace(secret, phrases=()) for secret in secrets]
    assert still_there(fresh.path, bare) == []
    assert faults(fresh.path) == []
    assert texts(fresh) == others
    days.server.set_day(2)
    fresh.crawl("--due", "all", now=DAY_3)
    assert still_there(fresh.path, bare) == []
    assert fresh.rows("SELECT 1 FROM captures WHERE url LIKE ?", f"%//{host}%") == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("a-aaaaaaaaaaaa", "--reason", "other"), 1, "a-aaaaaaaaaaaa"),  # no such article
        (("news.example/2026/tide", "--reason", "other"), 2, "in full"),  # neither a host nor an address
        (("https://news.example/x", "--reason", "because"), 2, "court-order"),  # the list is fixed
        (("https://news.example/x", "--reason", "other", "--reference", "Jane Doe"), 2, "must not say"),  # clear text
    ],
)
def test_wrong_words_are_refused_and_change_nothing(words: tuple[str, ...], code: int, said: str, work: Work) -> None:
    lines = decisions(work.archive.path)
    assert said in work.archive.run("takedown", *words, code=code).err
    assert decisions(work.archive.path) == lines
    assert not (work.archive.path / "takedown.pending").exists()


def test_an_address_that_was_never_kept_is_kept_out(fresh: Archive) -> None:
    done = take_down(fresh, "https://news.example/2026/05/secret")
    assert "will not be taken in" in done.out
    assert decisions(fresh.path)[-1]["kind"] == "takedown"


def test_nobody_else_writes_while_a_takedown_is_unfinished(work: Work, tmp_path: Path) -> None:
    archive = work.archive.copy(tmp_path / "again")
    shutil.copy(archive.path / "sources.toml", archive.path / "takedown.pending")
    for words in (("crawl",), ("ingest",), ("rebuild",), ("rebuild", "--frontier"), ("restory",)):
        assert "takedown was interrupted" in archive.run(*words, code=1).err
    assert archive.run("search", "harbour").code == 0


def test_a_reader_that_holds_the_log_is_told(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = work.archive.copy(tmp_path / "again")
    monkeypatch.setattr(scrub, "_PATIENCE", 0.3)
    path = archive.path / "archive.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM captures").fetchone()
        with pytest.raises(DatabaseError, match="another program reads it"):
            scrub.scrub(path)
    scrub.scrub(path)


def test_a_file_imported_in_place_is_named_and_not_changed(days: Days, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.warc.gz"
    path = next(path for path in days.second.warcs() if path.name.endswith(".warc.gz"))
    data = path.read_bytes()
    foreign.write_bytes(data)
    empty = Archive(tmp_path / "empty", AFTER_DAY_2)
    empty.run("init", empty.path)
    empty.run("ingest", foreign, "--in-place", "--jobs", "1", "--quiet")
    secret = secret_of(empty.path, article_at(empty, PATHS[0]))
    done = take_down(empty, secret.url, "--json", code=3)
    assert done.json["in_place"] == [str(foreign)]
    assert "not ours to change" in done.err
    assert foreign.read_bytes() == data
    assert take_down(empty, secret.url, "--json", code=3).json["in_place"] == [str(foreign)]  # it still does
    assert still_there(empty.path, [secret]) == []
    empty.run("rebuild", "--jobs", "1", "--quiet")
    assert still_there(empty.path, [secret]) == []
    foreign.write_bytes(b"cleaned")
    take_down(empty, secret.url)


def test_a_page_without_a_row_in_a_file_imported_in_place_is_told_of(days: Days, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.warc.gz"
    foreign.write_bytes(next(path for path in days.second.warcs() if path.name.endswith(".warc.gz")).read_bytes())
    empty = Archive(tmp_path / "empty", AFTER_DAY_2)
    empty.run("init", empty.path)
    secret = secret_of(days.second.path, article_at(days.second, PATHS[0]))
    host = str(days.server.sites["bote"]).split("//")[1].split(":")[0]  # another paper's pages alone
    assert host not in secret.url
    empty.run("ingest", foreign, "--in-place", "--host", host, "--jobs", "1", "--quiet")
    assert take_down(empty, secret.url, "--json", code=3).json["in_place"] == [str(foreign)]


def test_a_spelling_that_was_never_kept_is_not_mistaken_for_done(work: Work, fresh: Archive) -> None:
    secret = work.secrets[0]
    said = take_down(fresh, f"{secret.url}/amp", code=1).err
    assert secret.url in said
    assert not [line for line in decisions(fresh.path) if line["kind"] == "takedown"]


def test_a_long_chain_of_redirects_goes_with_the_page_it_leads_to(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "a", AFTER_DAY_2)
    archive.run("init", archive.path)
    urls = [f"https://news.example/hop-{number}" for number in range(12)]

    def record(url: str, block: bytes) -> bytes:
        head = (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-05-01T06:00:00Z\r\n"
            f"Content-Type: application/http;msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
        )
        return head.encode() + block + b"\r\n\r\n"

    moved = [
        record(url, f"HTTP/1.1 301 Moved\r\nLocation: {to}\r\n\r\n".encode()) for url, to in itertools.pairwise(urls)
    ]
    page = record(urls[-1], b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Here it is.</p>")
    foreign = tmp_path / "chain.warc"
    foreign.write_bytes(b"".join([*moved, page]))
    archive.run("ingest", foreign, "--jobs", "1", "--quiet")
    assert take_down(archive, urls[-1], "--json").json["records"] == {"drop": len(urls)}
    archive.run("fsck", "--full")


def killed(archive: Archive, name: str, at: int) -> subprocess.CompletedProcess[str]:
    """Run a takedown that dies at its step `at`; 0: it lives, and tells how many steps there were."""
    words = ["-a", str(archive.path), "takedown", name, "--reason", "other", "--jobs", "1", "--json", "--quiet"]
    tool = ROOT / "tests" / "takedown_kill.py"
    return subprocess.run(
        [sys.executable, str(tool), str(at), *words],
        env=environment(archive.now),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@dataclass(frozen=True)
class Calm:
    """A takedown that nobody killed."""

    hashes: list[str]
    rows: dict[str, list[str]]
    steps: int


@pytest.fixture(scope="module")
def calm(days: Days, work: Work, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    archive = replace(days.second.copy(tmp_path_factory.mktemp("calm") / "archive"), now=AFTER_DAY_2)
    done = killed(archive, work.secrets[0].url, 0)
    assert done.returncode == 0, done.stderr
    return Calm(
        json.loads(done.stdout)["hashes"], dump(archive, *TABLES), int(done.stderr.split("steps: ")[1].split()[0])
    )


@pytest.mark.parametrize("share", [0.4, 0.7])  # while files are written anew, and when the rows follow
def test_a_kill_is_finished_by_the_same_command(share: float, calm: Calm, work: Work, fresh: Archive) -> None:
    secret = work.secrets[0]
    assert killed(fresh, secret.url, int(calm.steps * share)).returncode == -signal.SIGKILL
    assert "takedown was interrupted" in fresh.run("crawl", "--allow-private", code=1).err
    assert take_down(fresh, secret.url, "--json").json["hashes"] == calm.hashes
    assert still_there(fresh.path, [secret]) == []
    assert faults(fresh.path) == []
    assert dump(fresh, *TABLES) == calm.rows
    assert not (fresh.path / "takedown.pending").exists()
    assert len([line for line in decisions(fresh.path) if line["kind"] == "takedown"]) == 1
