"""Site profiles: which capture is read with which, what a kill leaves, and that nothing learned looks like news."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archive.cli import group
from archive.console import Progress
from archive.decisions import append_decision, read_decisions, renames
from archive.errors import ProfileError
from archive.extract.extract import extract
from archive.extract.page import Page
from archive.extract.profile import learn, lesson
from archive.folder import ArchiveFolder
from archive.ingest import Ingest
from archive.locks import lock
from archive.profiles import ADOPTED, Adoption, Profiles, adopt, adoptions_of, digest_of, read_profile, save_profile
from archive.reading import ingest_shelf, open_ingest, unread
from archive.rebuild import rebuild_archive
from archive.sources import SOURCES_TEMPLATE
from archive.store import open_store
from archive.store.readings import spread
from archive.warc.build import RevisitOf
from archive.warc.fields import sha1_digest
from tests.profiles_kit import FURNITURE, html
from tests.store_helpers import state
from tests.warc_tools import T0, Clock, exchange, keep, writer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
SOURCE = "Example News"
QUIET = Progress("x", quiet=True)


def page(number: int, minutes: float, body: str | None = None) -> Any:
    url, at = f"https://news.example/mole-{number}", T0 + timedelta(minutes=minutes)
    return exchange(HEAD, (body or html(number)).encode(), url=url, started_at=at)


@pytest.fixture
def folder(tmp_path: Path) -> ArchiveFolder:
    made = ArchiveFolder(tmp_path / "a")
    for path in (made.root, made.warc, made.reports):
        path.mkdir()
    made.sources.write_text(SOURCES_TEMPLATE)
    return made


def shelve(folder: ArchiveFolder, pages: Iterable[Any], run: str = "one", source: str = SOURCE) -> None:
    clock = Clock()
    with writer(folder.warc, clock, run_id=run) as out:
        for each in pages:
            clock.when = each.started_at
            keep(out, each, source=source)


def ingest(folder: ArchiveFolder, minutes: float) -> Any:
    return ingest_shelf(folder, clock=Clock(T0 + timedelta(minutes=minutes)), jobs=0, progress=QUIET)


def rows(folder: ArchiveFolder, sql: str) -> list[Any]:
    with open_store(folder, Clock()) as store:
        return list(store.db.conn.execute(sql).fetchall())


def texts(folder: ArchiveFolder) -> dict[str, str]:
    return dict(rows(folder, "SELECT url, text FROM articles WHERE hidden = 0"))


def adopted(folder: ArchiveFolder) -> list[dict[str, Any]]:
    return [dict(each.data) for each in read_decisions(folder.decisions) if each.kind == ADOPTED]


def everything(folder: ArchiveFolder) -> Any:
    with open_store(folder, Clock()) as store:
        made = state(store)
        # What another reading said is history of one database.
        made["revisions"] = [row for row in made["revisions"] if row[6] == "publisher"]
        made["changes"] = [row for row in made["changes"] if row[1] == "publisher"]
        made["profiles"] = store.db.conn.execute("SELECT source, digest, from_at, adopted_at FROM profiles").fetchall()
        made["readings"] = store.db.conn.execute(
            "SELECT c.url, c.captured_at, e.profile, e.status FROM captures c JOIN extractions e ON e.pk = c.extraction"
            " ORDER BY 1, 2"
        ).fetchall()
        return made


def assert_rebuild_gives_the_same(folder: ArchiveFolder) -> None:
    # Texts were read again since they were placed: whom they copy is told anew.
    assert CliRunner().invoke(group, ["-a", str(folder.root), "restory"]).exit_code == 0
    before, lines = everything(folder), folder.decisions.read_bytes()
    report = rebuild_archive(folder, clock=Clock(T0 + timedelta(days=900)), jobs=0, progress=QUIET)
    assert report.is_sound
    assert everything(folder) == before
    assert folder.decisions.read_bytes() == lines


def run(folder: ArchiveFolder, *words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(group, ["-a", str(folder.root), *words, "--jobs", "0"])
    assert done.exit_code == code, done.output
    return done


# which capture is read with which


def adoption(digest: str, start: float | None = None, source: str = SOURCE) -> Adoption:
    at = T0 + timedelta(minutes=start or 0)
    return Adoption(source=source, digest=digest * 64, start=None if start is None else at, at=at)


@pytest.mark.parametrize(
    ("adoptions", "minutes", "digest"),
    [
        ([], 5, None),
        ([adoption("a")], -999, "a"),  # a source's first holds for all
        ([adoption("a", source="other")], 5, None),
        ([adoption("a"), adoption("b", 10)], 9, "a"),
        ([adoption("a"), adoption("b", 10)], 10, "b"),  # not after its captured_at
        ([adoption("a"), adoption("b", 10), adoption("c")], 5, "c"),  # --all-captures
        ([adoption("a"), adoption("b", 10), adoption("c"), adoption("d", 20)], 15, "c"),
        (
            [adoption("a"), adoption("b", 20), adoption("c", 10)],
            30,
            "c",
        ),  # a clock that was set back: the last line holds
        ([adoption("b", 10)], 9, None),
    ],
)
def test_the_last_adopted_profile_whose_time_has_come(
    tmp_path: Path, adoptions: list[Adoption], minutes: float, digest: str | None
) -> None:
    found = Profiles(tmp_path, adoptions).in_force(SOURCE, T0 + timedelta(minutes=minutes))
    assert found == (digest and digest * 64)


def test_adoptions_come_back_and_follow_a_renamed_source(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    first, later = adoption("a", source="old"), adoption("b", 10.5, source="old")
    adopt(path, first, reason="learned")
    adopt(path, later, reason="learned")
    append_decision(path, "source-renamed", {"old": "old", "new": "new"}, at=T0)
    append_decision(path, ADOPTED, {"source": "old", "profile": "short"}, at=T0)  # no digest: passed over
    append_decision(
        path, ADOPTED, {"source": "old", "profile": "c" * 64, "from": "soon"}, at=T0
    )  # not for all captures
    decisions = read_decisions(path)
    assert "from" not in decisions[0].data
    assert adoptions_of(decisions, {}) == [first, later]
    assert {each.source for each in adoptions_of(decisions, renames(decisions))} == {"new"}


# files


def test_a_file_is_named_by_its_digest_and_never_overwritten(tmp_path: Path) -> None:
    profile = {"version": 1, "lines": ["b", "a"]}
    digest = save_profile(tmp_path / "profiles", profile)
    path = tmp_path / "profiles" / f"{digest}.json"
    assert digest == digest_of({"lines": ["b", "a"], "version": 1})
    os.utime(path, (1, 1))
    assert save_profile(tmp_path / "profiles", profile) == digest
    assert path.stat().st_mtime == 1
    assert Profiles(path.parent).load(digest) == profile == read_profile(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "missing"),
        (b"", "damaged"),
        (b'{"version":1,"lines":["x"]}', "damaged"),  # another profile under this name
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / f"{save_profile(tmp_path, {'version': 1})}.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ProfileError, match=why) as caught:
        Profiles(tmp_path).load(path.stem)
    assert str(path) in str(caught.value)
    assert "`morgue learn --all-captures`" in str(caught.value)
    if content is not None:
        save_profile(tmp_path, {"version": 1})  # what its name promises puts it right
        assert Profiles(tmp_path).load(path.stem) == {"version": 1}


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"version": "1"}', b"<html>", b'{"version": 99}', b"[" * 99_999])
def test_a_foreign_file_is_no_profile(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"x\.json"):
        read_profile(path, version=1)


# learning by itself


def test_ingest_learns_from_the_fifth_article_on_and_reads_the_earlier_pages_again(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(4)])
    assert ingest(folder, 10).learned == []
    assert adopted(folder) == []
    assert all(FURNITURE in text for text in texts(folder).values())
    shelve(folder, [page(4, 11)], "two")
    [learned] = ingest(folder, 12).learned
    [line] = adopted(folder)
    assert (line["source"], "from" in line, line["articles"]) == (SOURCE, False, 5)
    assert (learned["pages"], learned["sizes"], learned["read_again"], learned["changed"]) == (
        5,
        {"lines": 1, "places": 2},
        5,
        5,
    )
    assert not any(FURNITURE in text for text in texts(folder).values())
    assert rows(folder, "SELECT count(*), max(seq), count(DISTINCT cause) FROM revisions") == [(5, 1, 1)]
    assert_rebuild_gives_the_same(folder)


def test_a_page_with_two_captures_has_no_revision_of_its_profile(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(4)] + [page(0, 5, html(0) + "<!-- 2 -->")])
    ingest(folder, 10)
    shelve(folder, [page(0, 11, html(0, said="closed")), page(4, 12)], "two")
    ingest(folder, 13)
    assert len(adopted(folder)) == 1
    found = rows(folder, "SELECT r.seq FROM revisions r JOIN articles a ON a.pk = r.article WHERE a.url LIKE '%-0'")
    assert len(found) == 2  # what the publisher changed, and nothing else
    assert_rebuild_gives_the_same(folder)


def test_a_revisit_goes_with_the_capture_that_it_repeats(folder: ArchiveFolder) -> None:
    first = page(0, 0)
    clock = Clock()
    with writer(folder.warc, clock) as out:
        keep(out, first, source=SOURCE)
        for minutes in (1, 2):
            again = page(0, minutes)
            clock.when = again.started_at
            of = RevisitOf(url=first.url, captured_at=first.started_at, digest=sha1_digest(again.body))
            keep(out, again, source=SOURCE, revisit_of=of)
        for minutes in (3, 4, 5, 6):
            clock.when = T0 + timedelta(minutes=minutes)
            keep(out, page(minutes, minutes), source=SOURCE)
    assert len(ingest(folder, 10).learned) == 1
    [(texts_seen, until)] = rows(
        folder,
        "SELECT count(*), max(seen_to) FROM revisions r JOIN articles a ON a.pk = r.article WHERE a.url LIKE '%-0'",
    )
    assert (texts_seen, until[11:16]) == (1, "06:02")
    assert_rebuild_gives_the_same(folder)


def test_it_learns_again_when_the_articles_have_doubled_and_not_before(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    second = "Members of the harbour club meet in the old customs house on the first Tuesday."
    newer = [page(n, 10 + n, html(n, (FURNITURE, second))) for n in range(5, 9)]
    shelve(folder, newer, "two")
    assert ingest(folder, 30).learned == []
    shelve(folder, [page(9, 31, html(9, (FURNITURE, second)))], "three")
    [learned] = ingest(folder, 32).learned
    assert (learned["holds"], learned["sizes"], learned["read_again"]) == ("from", {"lines": 2, "places": 2}, 0)
    assert adopted(folder)[1]["from"] == (T0 + timedelta(minutes=32)).isoformat().replace("+00:00", "Z")
    assert sum(second in text for text in texts(folder).values()) == 5  # earlier pages stay as they were
    shelve(folder, [page(10, 33, html(10, (FURNITURE, second)))], "four")
    ingest(folder, 34)
    assert second not in texts(folder)["https://news.example/mole-10"]
    assert_rebuild_gives_the_same(folder)


def test_a_later_profile_is_no_revision_of_a_page_captured_before_and_after(folder: ArchiveFolder) -> None:
    second = "Members of the harbour club meet in the old customs house on the first Tuesday."
    both = (FURNITURE, second)
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    shelve(folder, [page(n, 10 + n, html(n, both)) for n in range(5, 10)], "two")
    ingest(folder, 30)
    assert len(adopted(folder)) == 2
    same = [page(5, 40, html(5, both) + "<!-- counter -->"), page(5, 41, html(5, both) + "<!-- again -->")]
    shelve(folder, [*same, page(6, 42, html(6, both, said="closed"))], "three")
    report = ingest(folder, 50)
    assert (report.unchanged, report.revisions) == (2, 1)
    assert [n for (n,) in rows(folder, "SELECT count(*) FROM revisions GROUP BY article ORDER BY 1 DESC LIMIT 2")] == [
        2,
        1,
    ]
    closed = texts(folder)["https://news.example/mole-6"]
    assert ("closed" in closed, second in closed) == (True, False)
    assert_rebuild_gives_the_same(folder)


def test_what_was_tried_in_vain_is_not_tried_at_each_ingest(
    folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr("archive.learning.learn", lambda lessons: calls.append(len(lessons)))
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    ingest(folder, 11)
    assert calls == [5]
    shelve(folder, [page(n, n) for n in range(5, 10)], "two")
    ingest(folder, 12)
    assert calls == [5, 10]


@pytest.mark.parametrize("after", ["at once", "after a rebuild"])
def test_another_version_learns_anew_once(folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch, after: str) -> None:
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    if after == "after a rebuild":  # which forgets what was tried, and knows what was adopted
        rebuild_archive(folder, clock=Clock(), jobs=0, progress=QUIET)
        assert ingest(folder, 11).learned == []
    for module in ("archive.learning", "archive.extract.profile"):
        monkeypatch.setattr(f"{module}.PROFILE_VERSION", 99)
    assert len(ingest(folder, 12).learned) == 1
    assert ingest(folder, 13).learned == []


def test_a_failure_to_learn_is_told_and_costs_nothing(folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_lessons: object) -> None:
        raise RuntimeError("no line stands")

    monkeypatch.setattr("archive.learning.learn", fail)
    shelve(folder, [page(n, n) for n in range(5)])
    report = ingest(folder, 10)
    assert (report.new, report.is_sound, report.not_learned) == (5, True, [f"{SOURCE}: RuntimeError: no line stands"])


def test_a_profile_that_empties_articles_is_refused_unless_forced(
    folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.extract.profile._MOST_DROPPED", 1.0)
    shelve(folder, [page(n, n) for n in range(4)])
    copies = ["".join(f"<p>{FURNITURE} {part}</p>" for part in range(9)), "<p>Nothing.</p>"]
    bodies = [
        f"<html><head><title>Tide {n}</title></head><body><article>{copies[0]}</article></body></html>" for n in (7, 8)
    ]
    shelve(folder, [page(7, 7, bodies[0]), page(8, 8, bodies[1])], "two")
    report = ingest(folder, 10)
    assert adopted(folder) == []
    assert "2 of 6 articles would have no text" in report.not_learned[0]
    assert len(texts(folder)) == 6
    assert list(folder.profiles.glob("*")) == []
    assert "2 lost" in run(folder, "learn", code=1).output
    before = everything(folder)
    run(folder, "learn", "--dry-run", "--force")
    assert everything(folder) == before
    run(folder, "learn", "--force")
    assert len(texts(folder)) == 4
    assert_rebuild = rebuild_archive(folder, clock=Clock(), jobs=0, progress=QUIET)
    assert (assert_rebuild.new, len(texts(folder))) == (4, 4)


# what goes wrong


def broken_at(monkeypatch: pytest.MonkeyPatch, name: str, *, after: bool) -> None:
    """Let the process die at a step of learning: before it is done, or after."""
    import archive.learning

    real = getattr(archive.learning, name)

    def die(*arguments: Any, **options: Any) -> None:
        if after:
            real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(f"archive.learning.{name}", die)


@pytest.mark.parametrize(
    ("step", "after", "lines"),
    [
        ("save_profile", False, 0),
        ("adopt", False, 0),  # the file is there without a line
        ("adopt", True, 1),  # the line is there, and the database knows nothing of it
    ],
)
def test_a_kill_between_file_line_and_database(
    folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch, step: str, after: bool, lines: int
) -> None:
    shelve(folder, [page(n, n) for n in range(5)])
    with monkeypatch.context() as patch:
        broken_at(patch, step, after=after)
        with pytest.raises(KeyboardInterrupt):
            ingest(folder, 10)
    assert len(adopted(folder)) == lines
    assert all(FURNITURE in text for text in texts(folder).values())
    ingest(folder, 11)
    assert len(adopted(folder)) == 1
    assert not any(FURNITURE in text for text in texts(folder).values())
    assert_rebuild_gives_the_same(folder)


def test_a_missing_file_is_named_at_a_rebuild_and_read_with_when_it_is_back(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    before = everything(folder)
    [path] = folder.profiles.iterdir()
    kept = path.read_bytes()
    path.unlink()
    done = run(folder, "rebuild", code=3)
    assert path.name in done.output
    assert "`morgue learn --all-captures`" in done.output
    assert all(FURNITURE in text for text in texts(folder).values())
    run(folder, "ingest", code=3)
    path.write_bytes(kept)
    run(folder, "ingest")
    assert everything(folder) == before


def test_a_file_that_goes_missing_costs_the_new_pages_until_it_is_back(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    [path] = folder.profiles.iterdir()
    kept = path.read_bytes()
    path.write_bytes(b"{}")
    shelve(folder, [page(5, 11)], "two")
    report = ingest(folder, 12)
    assert (report.new, len(report.unreadable)) == (1, 1)
    assert FURNITURE in texts(folder)["https://news.example/mole-5"]
    path.write_bytes(kept)
    assert ingest(folder, 13).is_sound
    assert FURNITURE not in texts(folder)["https://news.example/mole-5"]
    assert_rebuild_gives_the_same(folder)


def test_learning_anew_mends_what_a_lost_file_left(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    for path in folder.profiles.iterdir():
        path.unlink()
    run(folder, "rebuild", code=3)
    run(folder, "learn", "--all-captures")
    assert not any(FURNITURE in text for text in texts(folder).values())
    assert_rebuild_gives_the_same(folder)


def test_told_to_stop_it_gives_up_and_does_it_next_time(folder: ArchiveFolder) -> None:
    from archive.learning import Learning

    shelve(folder, [page(n, n) for n in range(5)])
    with open_ingest(folder, clock=Clock(), jobs=0) as begun:
        begun.files(unread(folder, begun.store))
        calls = iter(range(99))
        learning = Learning(folder, begun, Clock(), stop=lambda: next(calls) >= 7)  # in the middle of reading again
        learning.learn_due()
    assert adopted(folder) == []
    assert all(FURNITURE in text for text in texts(folder).values())
    assert len(ingest(folder, 10).learned) == 1


# the command


def test_learn_says_what_it_did_and_is_idempotent(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(4)])
    ingest(folder, 10)
    first = json.loads(run(folder, "learn", SOURCE, "--json").stdout)
    assert [(each["outcome"], each["pages"], each["holds"], each["changed"]) for each in first] == [
        ("adopted", 4, "all", 4)
    ]
    again = run(folder, "learn").output
    assert "as before" in again
    assert len(adopted(folder)) == 1
    assert "no source 'paper'" in run(folder, "learn", "paper", code=2).output


def test_all_captures_reads_earlier_pages_again(folder: ArchiveFolder) -> None:
    second = "Members of the harbour club meet in the old customs house on the first Tuesday."
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    shelve(folder, [page(n, n, html(n, (FURNITURE, second))) for n in range(5, 8)], "two")
    ingest(folder, 20)
    assert sum(second in text for text in texts(folder).values()) == 3
    run(folder, "learn", "--all-captures")
    assert "from" not in adopted(folder)[-1]
    assert not any(second in text or FURNITURE in text for text in texts(folder).values())
    assert rows(folder, "SELECT DISTINCT seq FROM revisions WHERE cause = 'publisher'") == [(1,)]
    earlier = rows(folder, "SELECT text FROM revisions WHERE cause = 'extractor'")
    assert len(earlier) == 3  # what the old profile left in
    assert all(second in text for (text,) in earlier)
    assert_rebuild_gives_the_same(folder)


def test_a_renamed_source_keeps_its_profile(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(5)])
    ingest(folder, 10)
    append_decision(folder.decisions, "source-renamed", {"old": SOURCE, "new": "paper"}, at=T0)
    shelve(folder, [page(5, 11)], "two", source="paper")
    ingest(folder, 12)
    assert not any(FURNITURE in text for text in texts(folder).values())
    rebuild_archive(folder, clock=Clock(), jobs=0, progress=QUIET)
    assert not any(FURNITURE in text for text in texts(folder).values())
    assert len(adopted(folder)) == 1


def test_learn_needs_the_lock_and_writes_nothing_without_it(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(4)])
    ingest(folder, 10)
    with lock(folder.archive_lock, "a test"):
        assert "held by a test" in run(folder, "learn", code=75).output
    assert adopted(folder) == []


def test_the_reading_beside_a_crawl_learns_at_its_end(folder: ArchiveFolder) -> None:
    shelve(folder, [page(n, n) for n in range(6)])
    command = [sys.executable, "-m", "archive.follow", str(folder.root), "--jobs", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("finish 60\n")
        process.stdin.flush()
        said = [json.loads(line) for line in process.stdout]  # until it ends: only then its standard input is closed
    assert process.returncode == 0
    assert [each["source"] for each in said[-1]["learned"]] == [SOURCE]
    assert not any(FURNITURE in text for text in texts(folder).values())
    assert_rebuild_gives_the_same(folder)


@pytest.mark.parametrize(
    ("available", "most", "places"),
    [(0, 60, []), (1, 60, [0]), (7, 3, [0, 3, 6]), (9, 1, [0]), (5, 5, [0, 1, 2, 3, 4])],
)
def test_captures_to_learn_from_are_spread(available: int, most: int, places: list[int]) -> None:
    assert spread(available, most) == places


def test_ingest_of_a_store_without_profiles_still_works(folder: ArchiveFolder) -> None:
    with open_ingest(folder, clock=Clock(), jobs=0) as begun:
        assert isinstance(begun, Ingest)
        assert begun.reader.profiles.adoptions == ()


@pytest.mark.parametrize("spoilt", ["x", None, [], {}, [1], ["a", "b", "c"], 1.5])
def test_a_profile_whose_values_are_no_numbers_says_nothing(spoilt: object) -> None:
    pages = [Page(url=f"https://news.example/{n}", body=html(n).encode()) for n in range(4)]
    lessons = [found for each in pages[1:] if (found := lesson(each))]
    learned: dict[str, Any] = dict(learn(lessons) or {})
    assert FURNITURE not in (extract(replace(pages[0], profile=learned)).text or "")  # it would bite
    for name in ("lines", "places"):
        learned[name] = dict.fromkeys(learned[name], spoilt)
    found = extract(replace(pages[0], profile=learned))
    assert found == extract(pages[0])
    assert FURNITURE in (found.text or "")
