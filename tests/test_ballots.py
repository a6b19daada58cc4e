"""Ballots: what a profile makes of a page that was read before is what reading it again makes of it, without reading it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from archive.ballots import Ballots
from archive.console import Progress
from archive.extract import deciding, verdict
from archive.extract.ballot import Ballot
from archive.extract.document import Document
from archive.extract.extract import extract_snapshot, first_reading, read_with, snapshot_lesson
from archive.extract.page import PRECISION, WITHOUT
from archive.extract.pool import ExtractionPool, ExtractTask
from archive.extract.profile import learn
from archive.folder import ArchiveFolder
from archive.model import Snapshot
from archive.reading import ingest_shelf
from archive.sources import SOURCES_TEMPLATE
from tests.store_helpers import snapshot
from tests.warc_tools import T0, Clock, exchange, keep, writer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
FURNITURE = "The harbour diary comes out each Friday and is read in forty towns along the coast."
LIST = f"<html><body><ul>{''.join(f'<li><a href=/x-{n}>Pier {n}</a></li>' for n in range(60))}</ul></body></html>"


def page(number: int, last: str = "") -> str:
    sentences = [
        f"The mole of town {number}-{part} reopened on Monday after works that took {part + 3} long weeks, it said."
        for part in range(24)
    ]
    words = "".join(f"<p>{' '.join(sentences[at : at + 4])}</p>" for at in range(0, 24, 4))
    # headings, a text that stands twice, and comments: links: all that is looked at
    extra = "".join(f"<h3>Part {number}.{n} of it</h3><p>{sentences[n]}</p>" for n in range(3))
    if last:
        extra += (
            f"<p><a href=/log-{number}>The whole log of mole {number} can be read in the library of its town.</a></p>"
        )
    comments = f"<div class=comments><p>{sentences[3]} I was there.</p></div>"
    title = f"Mole {number} opens"
    return (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{words}{extra}"
        f"<p>{last}</p></article>{comments}</body></html>"
    )


def shot(number: int, body: str) -> Snapshot:
    return snapshot(f"https://news.example/mole-{number}", number, body=body.encode())


SITE = [shot(n, page(n, FURNITURE if n < 6 else "")) for n in range(9)]


@pytest.fixture(scope="module")
def profile() -> Mapping[str, object]:
    learned = learn([taught for one in SITE if (taught := snapshot_lesson(one))])
    assert learned is not None
    return learned


def ballot_of(one: Snapshot, selectors: Mapping[str, str] | None = None) -> Ballot:
    extraction, ballot = first_reading(one, (), selectors)
    assert extraction == extract_snapshot(one, (), selectors)
    assert ballot is not None
    return Ballot.unpacked(ballot.packed())


@pytest.mark.parametrize(("one", "moved"), [(one, n < 6) for n, one in enumerate(SITE)])
def test_with_a_profile_it_says_what_reading_again_says(one: Snapshot, moved: bool, profile: Any) -> None:
    ballot = ballot_of(one)
    assert ballot.moved_by(profile) == moved
    again = extract_snapshot(one, (), None, profile)
    assert read_with(ballot, profile, one) == again
    assert (again != ballot.extraction) == moved
    assert read_with(ballot, None, one) == ballot.extraction


@pytest.mark.parametrize("one", SITE)
def test_it_teaches_what_the_page_teaches(one: Snapshot) -> None:
    assert ballot_of(one).lesson() == snapshot_lesson(one)


@pytest.mark.parametrize(
    ("body", "selectors"),
    [
        (LIST, {}),  # no article
        ("", {}),  # nothing to read
        (page(1, FURNITURE), {"text": "article"}),  # what selectors pick no profile changes
    ],
)
def test_what_no_profile_changes(body: str, selectors: dict[str, str], profile: Any) -> None:
    one = shot(1, body)
    ballot = ballot_of(one, selectors)
    assert read_with(ballot, profile, one, (), selectors) == extract_snapshot(one, (), selectors, profile)
    assert ballot.lesson() == snapshot_lesson(one, (), selectors)


def test_another_page_under_the_same_address_is_judged_anew(profile: Any) -> None:
    ballot, other = ballot_of(SITE[0]), shot(0, page(0, FURNITURE).replace("</article>", "<p>More.</p></article>"))
    assert read_with(ballot, profile, other) == extract_snapshot(other, (), None, profile)


def test_what_went_wrong_has_no_ballot() -> None:
    broken = snapshot("https://news.example/1", 1, body=b"\x1f\x8bno gzip", headers=(("Content-Encoding", "gzip"),))
    extraction, ballot = first_reading(broken)
    assert (extraction.reason, ballot) == ("error-payload", None)


def test_no_page_is_refused_before_all_witnesses_were_heard_and_it_has_no_ballot_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert first_reading(SITE[0])[0].provenance["text"] == WITHOUT  # it leaves no doubt …
    asked: list[str] = []
    with_trafilatura, of_text = deciding.Evidence.with_trafilatura, verdict.of_text
    monkeypatch.setattr(
        deciding.Evidence, "with_trafilatura", lambda self: asked.append("trafilatura") or with_trafilatura(self)
    )
    monkeypatch.setattr(verdict, "of_text", lambda *args, **named: of_text(*args, **named) if asked else "listing")
    extraction, ballot = first_reading(SITE[0])  # … but is taken for a listing
    assert (extraction.article, extraction.provenance["text"]) == (True, PRECISION)
    assert ballot is None  # with a profile it may be no listing, and trafilatura would not have been asked


@pytest.mark.parametrize("jobs", [0, 1])
def test_a_pool_hands_ballots_over_and_takes_them_back(jobs: int, profile: Any) -> None:
    kept: list[bytes] = []
    task = ExtractTask(snapshot=SITE[0])
    with ExtractionPool(jobs) as pool:
        first = pool.submit(task, keep=kept.append).result()
        assert first == extract_snapshot(SITE[0])
        [ballot] = kept
        # the page itself is gone: only the ballot can have answered
        known = ExtractTask(snapshot=SITE[0].without_bodies(), known=ballot)
        assert pool.submit(known).result() == first
        assert pool.teach(known).result() == snapshot_lesson(SITE[0])


def test_ballots_wait_in_a_file_of_a_given_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ballots = Ballots(most=10)
    assert ballots.get(1) is None
    for key, data in ((1, b"first"), (2, b"second"), (3, b"third")):
        ballots.put(key, data)
    assert [ballots.get(key) for key in (1, 2, 3)] == [b"first", None, b"third"]
    assert list(tmp_path.iterdir()) == []  # nothing is left behind, whatever happens


def test_a_first_profile_judges_no_page_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ArchiveFolder(tmp_path / "a")
    for path in (folder.root, folder.warc, folder.reports):
        path.mkdir()
    folder.sources.write_text(SOURCES_TEMPLATE)
    clock = Clock()
    with writer(folder.warc, clock, run_id="one") as out:
        for one in SITE:
            keep(out, exchange(HEAD, one.body, url=one.url, started_at=one.captured_at), source="Example News")
    judged: list[str] = []
    real = deciding.Evidence

    def counted(document: Document, titles: Sequence[str]) -> Any:
        judged.append(document.page.url)
        return real(document, titles)

    monkeypatch.setattr(deciding, "Evidence", counted)
    report = ingest_shelf(folder, clock=Clock(T0), jobs=0, progress=Progress("x", quiet=True))
    [learned] = report.learned
    assert (learned["read_again"], learned["changed"]) == (9, 6)
    assert sorted(judged) == sorted(one.url for one in SITE)


def test_a_ballot_that_a_full_disk_took_in_part_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ballots, pwrite = Ballots(), os.pwrite
    ballots.put("first", b"whole")
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: pwrite(file, data[:2], at))
    ballots.put("second", b"partial")
    monkeypatch.undo()
    ballots.put("third", b"whole again")
    assert [ballots.get(key) for key in ("first", "second", "third")] == [b"whole", None, b"whole again"]
