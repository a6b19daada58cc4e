"""Reading the archive again: what is kept, what is refused, what is taken back, and that a kill costs nothing."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.decisions import append_decision, read_decisions
from archive.extract import EXTRACTOR
from archive.folder import ArchiveFolder
from archive.reextract import Report, Wanted, promote, reextract, rollback
from archive.reextract.main import Rules
from archive.reextract.report import Told
from archive.sources import rename_source
from tests.reextract_kit import (
    EDIT,
    EDITED,
    HEAD,
    LATER,
    READINGS,
    assert_sound,
    everything,
    html,
    ingest,
    made,
    named,
    placed,
    read_bad,
    read_first_alone,
    read_otherwise,
    rows,
    shelve,
)
from tests.warc_tools import T0, Clock, exchange

BAD, OTHER = named(read_bad), named(read_otherwise)


@pytest.fixture(scope="module")
def _base(tmp_path_factory: pytest.TempPathFactory) -> ArchiveFolder:
    return made(tmp_path_factory.mktemp("reextract") / "a")


@pytest.fixture
def folder(_base: ArchiveFolder, tmp_path: Path) -> ArchiveFolder:
    shutil.copytree(_base.root, tmp_path / "a")
    return ArchiveFolder(tmp_path / "a")


def run(folder: ArchiveFolder, extractor: Any = OTHER, *sources: str, **more: Any) -> Any:
    wanted = more.pop("wanted", Wanted(sources=sources))
    return reextract(folder, wanted, Rules(**more), clock=Clock(LATER), jobs=0, extractor=extractor)


def outcomes(result: Any) -> dict[str, str]:
    return {one.source: str(one.outcome) for one in result.sources}


def rename(folder: ArchiveFolder, old: str, new: str) -> None:
    """Do what `morgue sources rename` does."""
    rename_source(folder.sources, old, new)
    append_decision(folder.decisions, "source-renamed", {"old": old, "new": new}, at=LATER)


def test_what_is_read_again_is_another_row_and_the_articles_follow(folder: ArchiveFolder) -> None:
    before = dict(rows(folder, "SELECT url, text FROM articles"))
    result = run(folder)
    assert outcomes(result) == {"gazette": "promoted", "paper": "promoted"}
    after = dict(rows(folder, "SELECT url, text FROM articles"))
    assert {url: text.partition(". ")[2] for url, text in before.items()} == {url: after[url] for url in before}
    assert after.keys() - before.keys() == {"https://paper.example/mole-4"}  # newly found
    versions = rows(
        folder, "SELECT x.version, count(*) FROM extractions e JOIN extractors x ON x.pk = e.extractor GROUP BY 1"
    )
    assert versions == [(EXTRACTOR.version, 10), ("9", 10)]  # beside the old ones
    assert rows(folder, "SELECT DISTINCT authors, published FROM articles WHERE url NOT LIKE '%mole-4'") == [
        ('["Ada Brink"]', "2026-04-30")
    ]
    assert rows(folder, "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'text: soon'") == [(1,)]
    paper = next(one for one in result.sources if one.source == "paper")
    assert (paper.changed, paper.found, paper.dated, paper.authors, paper.lost) == (4, 1, 4, 4, 0)
    assert [(line.kind, line.data) for line in read_decisions(folder.decisions)] == [
        ("extractor-promoted", {"source": name, "name": "morgue", "version": "9", "settings": ""})
        for name in ("gazette", "paper")
    ]
    assert_sound(folder)


def test_repeated_it_changes_nothing(folder: ArchiveFolder) -> None:
    run(folder)
    before = everything(folder)
    result = run(folder)
    assert result.done.captures == 0
    assert outcomes(result) == {"gazette": "unchanged", "paper": "unchanged"}
    assert everything(folder) == before


def test_a_publishers_edits_keep_their_times_and_an_earlier_reading_is_kept_beside(folder: ArchiveFolder) -> None:
    asked = (
        "SELECT r.seq, r.seen_from, r.seen_to, r.text FROM revisions r JOIN articles a ON a.pk = r.article"
        " WHERE a.url = ? AND r.cause = ? ORDER BY 1"
    )
    before = rows(folder, asked, EDITED, "publisher")
    assert len(before) == 2  # the edit
    run(folder)
    after = rows(folder, asked, EDITED, "publisher")
    assert [row[:3] for row in after] == [row[:3] for row in before]
    assert [row[3] for row in after] == [row[3].partition(". ")[2] for row in before]
    assert rows(folder, asked, EDITED, "extractor") == before  # as each was read then
    changes = rows(
        folder,
        "SELECT h.cause, h.kind, h.before FROM revision_changes h JOIN articles a ON a.pk = h.article WHERE a.url = ?"
        " ORDER BY h.cause DESC, h.seq, h.number",
        EDITED,
    )
    assert [row[:2] for row in changes] == [("publisher", "added"), ("extractor", "changed"), ("extractor", "changed")]


def test_a_capture_that_shows_nothing_any_more_leaves_its_article(folder: ArchiveFolder) -> None:
    before = placed(folder)
    run(folder, named(read_first_alone))
    asked = "SELECT r.cause, r.seq, r.text FROM revisions r JOIN articles a ON a.pk = r.article WHERE a.url = ? ORDER BY 1, 2"
    found = rows(folder, asked, EDITED)
    assert [row[:2] for row in found] == [("extractor", 1), ("extractor", 2), ("publisher", 1)]
    assert EDIT in found[1][2]  # what was read once is kept
    assert rows(folder, "SELECT count(*) FROM captures c WHERE c.url = ? AND c.article IS NULL", EDITED) == [(2,)]
    assert_sound(folder)
    rollback(folder, (), clock=Clock(LATER))
    assert placed(folder) == before
    assert_sound(folder)


def test_a_bad_extractor_is_refused_and_the_report_says_why(folder: ArchiveFolder) -> None:
    before = placed(folder)
    result = run(folder, BAD)
    assert outcomes(result) == {"gazette": "refused", "paper": "refused"}
    gazette, paper = result.sources
    assert (gazette.articles, gazette.emptied, gazette.cut) == (4, 4, 0)
    assert (paper.articles, paper.emptied, paper.cut) == (4, 0, 4)
    assert paper.words_after < 0.6 * paper.words_before
    assert {str(one.what) for one in (*gazette.samples, *paper.samples)} == {"emptied", "cut"}
    assert placed(folder) == before
    assert read_decisions(folder.decisions) == ()
    assert_sound(folder)


@pytest.mark.parametrize("extractor", [BAD, OTHER], ids=["bad", "otherwise"])
def test_forced_and_rolled_back_the_articles_are_what_they_were(folder: ArchiveFolder, extractor: Any) -> None:
    before = placed(folder)
    assert set(outcomes(run(folder, extractor, force=True)).values()) == {"promoted"}
    forced = placed(folder)
    assert forced["articles"] != before["articles"]
    assert forced["words"] != before["words"]
    assert_sound(folder)
    result = rollback(folder, (), clock=Clock(LATER))
    assert outcomes(result) == {"gazette": "taken-back", "paper": "taken-back"}
    assert placed(folder) == before
    assert [line.kind for line in read_decisions(folder.decisions)] == ["extractor-promoted"] * 2 + [
        "extractor-rolled-back"
    ] * 2
    assert_sound(folder)
    assert outcomes(rollback(folder, (), clock=Clock(LATER))) == {}  # nothing is left to take back
    assert placed(folder) == before


def test_what_was_rolled_back_comes_forth_only_when_asked_for(folder: ArchiveFolder) -> None:
    run(folder)
    rollback(folder, ("paper",), clock=Clock(LATER))
    before = placed(folder)
    assert outcomes(run(folder)) == {"gazette": "unchanged", "paper": "rolled-back"}
    assert placed(folder) == before
    result = promote(folder, ("paper",), Rules(), clock=Clock(LATER), jobs=0, extractor=OTHER)
    assert outcomes(result) == {"paper": "promoted"}
    assert rows(folder, "SELECT count(*) FROM articles WHERE text LIKE 'Back soon%' AND hidden = 0") == [(1,)]
    assert_sound(folder)


def test_a_renamed_source_is_still_the_one_that_was_rolled_back(folder: ArchiveFolder) -> None:
    run(folder)
    rollback(folder, ("paper",), clock=Clock(LATER))
    rename(folder, "paper", "post")
    assert outcomes(run(folder)) == {"gazette": "unchanged", "post": "rolled-back"}


@pytest.mark.parametrize("sources", [("post",), ()], ids=["by its name", "with all"])
def test_what_was_promoted_under_an_earlier_name_is_taken_back(folder: ArchiveFolder, sources: tuple[str, ...]) -> None:
    before = placed(folder)["publisher's revisions"]
    run(folder, OTHER, "paper")
    rename(folder, "paper", "post")
    assert outcomes(rollback(folder, sources, clock=Clock(LATER))) == {"post": "taken-back"}
    assert placed(folder)["publisher's revisions"] == before
    last = read_decisions(folder.decisions)[-1]
    assert (last.kind, last.data["source"]) == ("extractor-rolled-back", "post")


def test_a_dry_run_tells_the_same_and_changes_nothing(folder: ArchiveFolder) -> None:
    before, lines = everything(folder), folder.decisions.read_bytes()
    dry = run(folder, BAD, dry_run=True)
    assert everything(folder) == before
    assert folder.decisions.read_bytes() == lines
    assert [one.refusable for one in dry.sources] == [True, True]
    real = run(folder, BAD)
    told = [{**one.as_json(), "outcome": None, "would_be_refused": None} for one in dry.sources]
    assert told == [{**one.as_json(), "outcome": None, "would_be_refused": None} for one in real.sources]


def test_without_promotion_only_rows_are_written(folder: ArchiveFolder) -> None:
    before = placed(folder)
    assert set(outcomes(run(folder, promote=False)).values()) == {"read"}
    assert placed(folder) == before
    assert rows(
        folder, "SELECT count(*) FROM extractions e JOIN extractors x ON x.pk = e.extractor WHERE x.version = '9'"
    ) == [(10,)]
    result = promote(folder, (), Rules(), clock=Clock(LATER), jobs=0, extractor=OTHER)
    assert set(outcomes(result).values()) == {"promoted"}


def test_one_source_alone(folder: ArchiveFolder) -> None:
    before = dict(rows(folder, "SELECT url, text FROM articles WHERE source = 'gazette'"))
    assert outcomes(run(folder, OTHER, "paper")) == {"paper": "promoted"}
    assert dict(rows(folder, "SELECT url, text FROM articles WHERE source = 'gazette'")) == before


def test_failed_pages_alone(folder: ArchiveFolder) -> None:
    before = dict(rows(folder, "SELECT url, text FROM articles"))
    result = run(folder, wanted=Wanted(only_failed=True))
    assert result.done.captures == 1
    assert dict(rows(folder, "SELECT url, text FROM articles")) == {
        **before,
        "https://paper.example/mole-4": "Back soon, the paper says.",
    }


def test_an_article_is_read_again_whole(folder: ArchiveFolder) -> None:
    """Its second capture alone would make an edit of what another reading changed."""
    edited = rows(folder, "SELECT captured_at FROM captures WHERE url = ? ORDER BY captured_at", EDITED)[2][0]
    from archive.store import instant

    result = run(folder, wanted=Wanted(since=instant(edited)))
    assert result.done.captures == 2
    assert len(rows(folder, "SELECT 1 FROM revisions WHERE cause = 'publisher'")) == 9


def test_restory_keeps_earlier_readings_and_rebuild_does_not(folder: ArchiveFolder) -> None:
    from click.testing import CliRunner

    from archive.cli import group

    run(folder)
    readings = rows(folder, READINGS)
    assert len(readings) == 9
    assert CliRunner().invoke(group, ["-a", str(folder.root), "restory"]).exit_code == 0
    assert rows(folder, READINGS) == readings
    assert_sound(folder)
    done = CliRunner().invoke(group, ["-a", str(folder.root), "rebuild", "--jobs", "0"])
    assert done.exit_code == 0
    assert "morgue:9" in done.stderr  # what was promoted last is not what is installed
    assert rows(folder, READINGS) == []


def test_an_earlier_reading_follows_its_capture_to_an_article_of_another_id(folder: ArchiveFolder) -> None:
    """A page known by its AMP address, until a capture of its own address comes late that is earlier."""
    from click.testing import CliRunner

    from archive.cli import group

    amp, own = "https://amp.paper.example/mole-8", "https://paper.example/mole-8"
    for days, (url, minutes) in enumerate(((amp, 50), (own, 45))):
        one = exchange(HEAD, html("paper", 8).encode(), url=url, started_at=T0 + timedelta(minutes=minutes))
        shelve(folder, [("paper", one, None)], f"run-{days}")
        ingest(folder, 2 + days)
    run(folder)
    asked = (
        "SELECT r.seen_from, r.text FROM revisions r JOIN articles a ON a.pk = r.article"
        " WHERE r.cause = 'extractor' AND a.url = ?"
    )
    [reading] = rows(folder, asked, amp)
    assert CliRunner().invoke(group, ["-a", str(folder.root), "restory"]).exit_code == 0
    assert rows(folder, "SELECT url FROM articles WHERE url LIKE '%mole-8'") == [(own,)]
    assert reading in rows(folder, asked, own)
    assert_sound(folder)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a b c d", "a b c d", {}),
        ("one two three four", "one two three", {"changed": 1, "cut": 1}),  # 11 of 15 characters are left
        ("tide " * 8, "tide " * 6, {"changed": 1}),  # three quarters: just enough
        ("tide " * 8, "tide " * 5, {"changed": 1, "cut": 1}),
        ("tide", None, {"emptied": 1}),
        (None, "tide", {"found": 1}),
        ("港口重新开放。外墙已经修复。", "港口重新开放。", {"changed": 1, "cut": 1}),  # no spaces between words
    ],
)
def test_what_counts_as_lost(before: str | None, after: str | None, expected: dict[str, int]) -> None:
    report = Report(source="paper", articles=1)
    report.take(*(Told(id="a", url="u", text=text or "", shown=text is not None) for text in (before, after)))
    counts = {name: getattr(report, name) for name in ("changed", "cut", "emptied", "found")}
    assert {name: number for name, number in counts.items() if number} == expected
