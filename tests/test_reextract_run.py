"""`morgue reextract` and `morgue extractors` as they are typed; workers that die; kills; pages that came before and after."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from archive.cli import group
from archive.commands.reextractpage import html_page
from archive.extract import EXTRACTOR, Page
from archive.extract.profile import learn, lesson
from archive.folder import ArchiveFolder
from archive.fsck.check import check
from archive.fsck.faults import Level
from archive.model import Extraction
from archive.profiles import Adoption, adopt, save_profile
from archive.reextract import Report, Wanted, reextract
from archive.reextract.extractor import read_installed
from archive.reextract.main import Rules
from archive.reextract.report import Sample, Told, What
from archive.reextract.work import Batch
from archive.store import open_store
from tests.reextract_kill import copied, loop
from tests.reextract_kit import (
    EDITED,
    LATER,
    READINGS,
    assert_sound,
    everything,
    html,
    ingest,
    made,
    named,
    page,
    placed,
    read_bad,
    read_dying,
    read_otherwise,
    rows,
    shelve,
)
from tests.warc_tools import T0, Clock, exchange, fact, writer

OWN = f"{EXTRACTOR.name}:{EXTRACTOR.version}"
_ASKING = "SELECT a.url FROM opted_out o JOIN articles a ON a.pk = o.article WHERE a.hidden = 0"
SELECTORS = 'selectors = { text = "article p:first-of-type" }\n'


@pytest.fixture(scope="module")
def _base(tmp_path_factory: pytest.TempPathFactory) -> ArchiveFolder:
    return made(tmp_path_factory.mktemp("reextract") / "a")


@pytest.fixture
def folder(_base: ArchiveFolder, tmp_path: Path) -> ArchiveFolder:
    return copied(_base, tmp_path / "a")


def morgue(folder: ArchiveFolder, *words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(group, ["-a", str(folder.root), *words])
    assert done.exit_code == code, done.output
    return done


def run(
    folder: ArchiveFolder, read: Any, jobs: int = 0, version: str = "9", executor: Executor | None = None, **rules: Any
) -> Any:
    return reextract(
        folder,
        Wanted(),
        Rules(**rules),
        clock=Clock(LATER),
        jobs=jobs,
        extractor=named(read, version),
        executor=executor,
    )


# Commands


def test_selectors_that_sources_toml_has_now_are_tried_then_taken_then_rolled_back(folder: ArchiveFolder) -> None:
    before = placed(folder)
    text = folder.sources.read_text()
    folder.sources.write_text(
        text.replace('url = "https://paper.example/"\n', 'url = "https://paper.example/"\n' + SELECTORS)
    )
    dry = json.loads(morgue(folder, "reextract", "--source", "paper", "--dry-run", "--jobs", "0", "--json").stdout)
    [paper] = dry["sources"]
    assert (paper["would_be_refused"], paper["cut"]) == (True, 4)
    assert placed(folder) == before
    done = morgue(folder, "reextract", "--jobs", "0", code=1)
    assert "4 less than three quarters of it" in done.stderr
    assert "morgue extractors promote --force" in done.stderr
    morgue(folder, "extractors", "promote", "--force", "--source", "paper")
    assert placed(folder) != before
    morgue(folder, "extractors", "rollback")
    assert placed(folder) == before
    assert_sound(folder)


def test_another_profile_is_tried_and_nothing_is_changed(folder: ArchiveFolder, tmp_path: Path) -> None:
    line = "The harbour diary comes out each Friday and is read in forty towns along the coast."
    with_line = [("gazette", page("gazette", n, 60 + n, html("gazette", n, line)), None) for n in range(5, 9)]
    shelve(folder, with_line, "two")
    assert [one["source"] for one in ingest(folder, 2).learned] == ["gazette"]  # and so the line is in no text
    plain = [Page(url=f"https://x.example/{n}", body=html("x", n).encode()) for n in range(6)]
    profile = learn(lesson(one) for one in plain)
    assert profile is not None
    save_profile(tmp_path / "profiles", profile)
    [file] = (tmp_path / "profiles").iterdir()
    before = everything(folder)
    words = ("reextract", "--source", "gazette", "--profile", str(file), "--jobs", "0")
    [told] = json.loads(morgue(folder, *words, "--dry-run", "--json").stdout)["sources"]
    assert told["changed"] == 4
    assert all(line in one["after"]["text"] for one in told["samples"])
    assert everything(folder) == before
    assert "only be tried with --dry-run" in morgue(folder, *words, code=2).stderr


def test_the_page_of_a_dry_run_is_one_file_and_escapes_what_pages_say(folder: ArchiveFolder, tmp_path: Path) -> None:
    target = tmp_path / "changes.html"
    morgue(folder, "reextract", "--dry-run", "--jobs", "0", "--html", str(target))
    assert "no article changes" in target.read_text()
    shown = html_page(run(folder, read_bad, dry_run=True).sources)
    assert "promotion would be refused" in shown
    assert "<del>" in shown
    assert "default-src 'none'" in shown


@pytest.mark.parametrize("what", list(What))
def test_nothing_that_a_page_says_is_markup(what: What) -> None:
    evil = "<script>alert('{}')</script>\x1b[31m\u202e\n\n<img src=x onerror=alert(1)> \"quoted\""
    before, after = (
        Told(id="a", url="javascript:alert('\"<b>')", title=f"<i>{word}</i>", authors='["<b>"]', text=evil.format(word),
             published=word, shown=what is not hidden)
        for word, hidden in (("old", What.FOUND), ("new", What.EMPTIED))
    )  # fmt: skip
    report = Report(source="<u>paper</u>", extractor="<s>", samples=[Sample(what, 0.5, before, after)])
    page = html_page([report])
    assert not re.search(r"<(script|img|i|b|u|s)\b", page)
    assert not re.search("[\x1b\u202e]", page)
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reextract", "--dry-run", "--force"], "--dry-run changes nothing"),
        (["reextract", "--since", "yesterday"], "Write it like 2026-05-01"),
        (["reextract", "--source", "papre"], "there is no source 'papre'"),
        (["reextract", "--profile", "x.json"], "this site profile is missing"),
        (["extractors", "promote", "--source", "papre"], "there is no source 'papre'"),
    ],
)
def test_wrong_words_are_told(folder: ArchiveFolder, words: list[str], said: str) -> None:
    done = CliRunner().invoke(group, ["-a", str(folder.root), *words])
    assert done.exit_code in (1, 2)
    assert said in done.output


def test_extractors_are_listed_and_compared(folder: ArchiveFolder) -> None:
    run(folder, read_bad)
    listed = json.loads(morgue(folder, "extractors", "list", "--json").stdout)
    assert [(one["extractor"], one["readings"], one["in_force"]) for one in listed] == [
        (OWN, 10, 10),
        ("morgue:9", 10, 0),
    ]
    compared = json.loads(morgue(folder, "extractors", "compare", OWN, "morgue:9", "--json").stdout)
    assert [(one["source"], one["emptied"], one["cut"]) for one in compared] == [("gazette", 4, 0), ("paper", 0, 5)]
    [paper] = json.loads(morgue(folder, "extractors", "compare", "morgue:9", OWN, "--source", "paper", "--json").stdout)
    assert paper["cut"] == 0  # the other way round nothing is lost
    done = morgue(folder, "extractors", "compare", OWN, "morgue:7", code=1)
    assert f"There are: {OWN}, morgue:9" in done.stderr


def test_show_and_diff_tell_an_earlier_reading_from_an_edit(folder: ArchiveFolder) -> None:
    run(folder, read_otherwise)
    told = json.loads(morgue(folder, "diff", EDITED, "--all", "--json").stdout)
    assert [step["cause"] for step in told["steps"]] == ["extractor", "extractor", "publisher"]
    first, second, _edit = told["steps"]
    assert (first["from"], second["from"]) == (first["to"], second["to"])  # the page was the same
    assert [one["cause"] for one in told["revisions"]] == ["extractor", "publisher"] * 2
    assert json.loads(morgue(folder, "diff", EDITED, "--json").stdout)["steps"][0]["cause"] == "publisher"
    [article] = [row[0] for row in rows(folder, "SELECT id FROM articles WHERE url = ?", EDITED)]
    [(_, seq, seen_from, _, text), _] = [row for row in rows(folder, READINGS) if row[0] == EDITED]
    assert text in morgue(folder, "show", f"{article}@{seen_from}~{seq}").stdout
    assert text not in morgue(folder, "show", f"{article}@{seen_from}").stdout
    once = json.loads(morgue(folder, "diff", "https://paper.example/mole-1", "--json").stdout)
    assert [step["cause"] for step in once["steps"]] == ["extractor"]


# What came before and after


def test_a_newer_morgue_is_no_edit_of_the_publishers(folder: ArchiveFolder) -> None:
    """A page captured again after the extractor was replaced, and before anything was read again."""
    run(folder, read_otherwise)  # stands for the readings of another version
    shelve(folder, [("paper", page("paper", 1, 3000, html("paper", 1)), None)], "two")
    shelve(
        folder,
        [("paper", page("paper", 2, 3001, html("paper", 2, "A storm took the mole away again.")), None)],
        "three",
    )
    ingest(folder, 3)
    asked = "SELECT a.url, count(*) FROM revisions r JOIN articles a ON a.pk = r.article WHERE r.cause = 'publisher' GROUP BY 1"
    counts = dict(rows(folder, asked))
    assert counts["https://paper.example/mole-1"] == 1  # the same page
    assert counts["https://paper.example/mole-2"] == 2  # an edit
    assert_sound(folder)
    run(folder, read_otherwise)
    assert dict(rows(folder, asked)) == counts
    assert_sound(folder)


def test_what_a_feed_said_before_and_after_a_capture_is_read_again_with_it(folder: ArchiveFolder) -> None:
    """As at first reading: a date from a feed, from before or, where nothing else dates the page, from after."""
    for number, minutes in ((1, 0), (2, 90)):
        url, seen = f"https://paper.example/mole-{number}", T0 + timedelta(minutes=minutes)
        with writer(folder.warc, Clock(seen), run_id=f"feed-{number}") as out:
            said = fact(url, seen_at=seen, published="2026-04-2" + str(number), found_on="https://paper.example/feed")
            out.append_facts([said], source="paper")
    ingest(folder, 2)
    asked = "SELECT url, published, published_via FROM articles WHERE url LIKE '%paper%' ORDER BY 1"
    before = rows(folder, asked)
    assert before[2] == ("https://paper.example/mole-2", "2026-04-22", "feed")
    assert before[1][1] == "2026-04-21"
    [paper] = [one for one in run(folder, read_installed).sources if one.source == "paper"]
    assert (str(paper.outcome), paper.captures, paper.dated, paper.changed) == ("promoted", 6, 0, 0)
    assert rows(folder, asked) == before


def test_edits_before_and_after_a_promotion_keep_their_times(folder: ArchiveFolder) -> None:
    run(folder, read_otherwise)
    again = html(
        "paper", 0, "And in August the council heard of it, and said that it would look into the matter by May."
    )
    shelve(folder, [("paper", page("paper", 0, 5000, again), None)], "two")
    ingest(folder, 5)
    run(folder, read_otherwise)
    asked = (
        "SELECT r.seq, r.seen_from FROM revisions r JOIN articles a ON a.pk = r.article WHERE a.url = ?"
        " AND r.cause = 'publisher' ORDER BY 1"
    )
    times = [(T0 + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for minutes in (0, 20, 5000)]
    assert rows(folder, asked, EDITED) == [*enumerate(times, 1)]
    assert_sound(folder)


@pytest.mark.parametrize(
    ("minutes", "body", "revisions"),
    [
        ((3000, 3100), html("paper", 1), 1),  # the same page twice more
        ((3000,), html("paper", 1, "A storm took the mole away again."), 2),  # an edit, read by what was promoted alone
    ],
    ids=["unchanged", "edited"],
)
def test_a_rollback_is_no_edit_of_the_publishers_either(
    folder: ArchiveFolder, minutes: tuple[int, ...], body: str, revisions: int
) -> None:
    """A page captured again while a promotion was in force, and read by what was promoted."""
    before = dict(rows(folder, "SELECT url, text FROM articles"))
    run(folder, read_otherwise)
    for number, minute in enumerate(minutes):
        shelve(folder, [("paper", page("paper", 1, minute, body), None)], f"run-{number}")
        ingest(folder, 3 + number)
    morgue(folder, "extractors", "rollback")
    asked = (
        "SELECT count(*) FROM revisions r JOIN articles a ON a.pk = r.article WHERE r.cause = 'publisher' AND a.url = ?"
    )
    assert rows(folder, asked, "https://paper.example/mole-1") == [(revisions,)]
    after = dict(rows(folder, "SELECT url, text FROM articles"))
    assert {url for url in before if after[url] != before[url]} == (
        {"https://paper.example/mole-1"} if revisions > 1 else set()
    )
    assert_sound(folder)
    run(folder, read_otherwise, again=True)
    assert rows(folder, asked, "https://paper.example/mole-1") == [(revisions,)]
    assert_sound(folder)


@pytest.mark.parametrize("reader", [read_otherwise, read_bad], ids=["found by it", "lost by it"])
def test_an_article_that_was_gone_is_taken_back_as_it_was(folder: ArchiveFolder, reader: Any) -> None:
    """A page of the promotion's own finding leaves nothing behind, though the server said since that it is gone."""
    head = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n"
    for number, url in enumerate(("https://paper.example/mole-4", "https://gazette.example/mole-2")):
        gone = exchange(head, b"gone", url=url, started_at=T0 + timedelta(minutes=300 + number))
        shelve(folder, [("paper", gone, None)], f"gone-{number}")
    ingest(folder, 2)
    before = placed(folder)
    run(folder, reader, force=True)
    assert placed(folder)["articles"] != before["articles"]
    morgue(folder, "extractors", "rollback")
    assert placed(folder) == before
    assert_sound(folder)


def test_a_profile_brings_no_extractor_forth_that_was_rolled_back(folder: ArchiveFolder) -> None:
    """The installed one was rolled back; then a source's first profile is adopted, with which its earlier pages are read."""
    run(folder, read_otherwise, force=True)
    run(folder, read_installed, version=EXTRACTOR.version, force=True)  # back to the installed one …
    morgue(folder, "extractors", "rollback", "--source", "gazette")  # … which is taken back
    in_force = (
        "SELECT c.url, x.version, e.digest, e.profile FROM captures c JOIN extractions e ON e.pk = c.extraction"
        " JOIN extractors x ON x.pk = e.extractor WHERE c.source = 'gazette' ORDER BY 1"
    )
    before, readings = rows(folder, in_force), rows(folder, READINGS)
    articles = placed(folder)["articles"]
    taught = learn([lesson(Page(url=f"https://x.example/{n}", body=html("x", n).encode())) for n in range(6)])
    assert taught is not None
    digest = save_profile(folder.profiles, taught)
    adopt(folder.decisions, Adoption(source="gazette", digest=digest, start=None, at=LATER), reason="a test")
    ingest(folder, 10)
    assert (rows(folder, in_force), rows(folder, READINGS), placed(folder)["articles"]) == (before, readings, articles)
    assert rows(folder, "SELECT count(*) FROM extractions WHERE profile = ?", digest) == [
        (4,)
    ]  # for whoever promotes them
    assert_sound(folder)


def test_what_is_damaged_stays_as_it_was(folder: ArchiveFolder) -> None:
    [warc] = list(folder.warc.rglob("*.warc.gz*"))
    warc.rename(folder.root / "elsewhere")
    before = placed(folder)
    done = CliRunner().invoke(group, ["-a", str(folder.root), "reextract", "--only-failed", "--jobs", "0"])
    assert done.exit_code == 0  # nothing is to be read: the installed one has
    result = run(folder, read_otherwise)
    assert (result.done.captures, result.done.lost) == (0, 10)
    assert placed(folder) == before


def test_a_damaged_earlier_reading_is_found_and_taken_out(folder: ArchiveFolder) -> None:
    run(folder, read_otherwise)
    with closing(sqlite3.connect(folder.archive_db)) as conn:
        conn.execute("UPDATE extractions SET digest = 'x' WHERE pk = (SELECT max(extraction) FROM superseded)")
        conn.commit()
    before = placed(folder)
    assert check(folder, Level.USUAL).counts == {"text-digest": 1}
    CliRunner().invoke(group, ["-a", str(folder.root), "fsck", "--repair", "--jobs", "0"])  # 3 where it misses crawl.db
    assert_sound(folder)
    assert placed(folder)["in force"] == before["in force"]
    morgue(folder, "extractors", "rollback")
    assert_sound(folder)


def test_a_page_that_had_failed_opts_out_as_soon_as_it_is_read(folder: ArchiveFolder) -> None:
    """Its row is the one in force already: what its markup asks must come with it."""
    url = "https://paper.example/mole-7"
    body = html("paper", 7).replace("<head>", '<head><meta name="robots" content="noarchive">')
    shelve(folder, [("paper", page("paper", 7, 40, body), None)], "two")
    ingest(folder, 2)
    assert rows(folder, _ASKING) == [(url,)]
    [(capture,)] = rows(folder, "SELECT pk FROM captures WHERE url = ?", url)
    with open_store(folder, Clock(LATER)) as store, store.transaction():
        store.add_extraction(capture, EXTRACTOR, Extraction.refused("error-timeout"))
        store.place(capture)
    assert rows(folder, _ASKING) == []
    result = reextract(folder, Wanted(only_failed=True), Rules(), clock=Clock(LATER), jobs=0)
    assert [(one.source, one.found) for one in result.sources if one.found] == [("paper", 1)]
    assert rows(folder, _ASKING) == [(url,)]
    assert_sound(folder)


# Workers and kills


class _Losing(Executor):
    """Loses the first call of each kind; remembers what crossed to the workers."""

    def __init__(self) -> None:
        self.seen: list[Batch] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        [batch] = args
        self.seen.append(batch)
        if self.seen.count(batch) == 1:
            future.set_exception(ConnectionError("the worker's machine went away"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_a_lost_workers_batch_is_done_again_by_any_executor(folder: ArchiveFolder, tmp_path: Path) -> None:
    other = copied(folder, tmp_path / "b")
    losing = _Losing()
    run(folder, read_otherwise, executor=losing)
    run(other, read_otherwise)
    assert everything(folder) == everything(other)
    sizes = [len(batch.references) for batch in losing.seen]
    assert max(sizes) == 10
    assert sizes.count(1) == 20  # each once more, and lost once more
    assert not any(b"<html" in repr(batch).encode() for batch in losing.seen)  # references alone


def test_a_worker_that_dies_costs_nothing(
    folder: ArchiveFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYING_READER_MARK", str(tmp_path / "died"))
    other = copied(folder, tmp_path / "b")
    run(folder, read_dying, jobs=1)
    assert (tmp_path / "died").exists()
    run(other, read_otherwise)
    assert everything(folder) == everything(other)


def test_kills_of_writer_and_workers_change_nothing(folder: ArchiveFolder, tmp_path: Path) -> None:
    writer, workers = loop(folder, tmp_path, kills=3, seed=20260501, took=4.0, say=lambda _line: None)
    assert writer >= 1
    assert workers >= 1
