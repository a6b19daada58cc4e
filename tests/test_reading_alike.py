"""A page captured twice, once read without trafilatura and once with it: that is no edit, and an edit is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from archive.extract.features import Floats, Table
from archive.extract.judge import FEW
from archive.extract.page import PRECISION, WITHOUT
from archive.extract.segment import Segment
from archive.folder import ArchiveFolder
from archive.reextract import Wanted, reextract
from archive.reextract.extractor import read_installed
from archive.reextract.main import Rules
from archive.store.rows import unpack
from tests.reextract_kit import LATER, SOURCES, html, ingest, named, page, read_otherwise, rows, shelve
from tests.warc_tools import Clock

FURNITURE = (
    "The lamp of the mole is lit at dusk each day, and put out when the first boats have left the harbour again."
)
EDIT = "On Friday the council took back what it had said of the mole, and asked its master to come to the next meeting."
SURE, DOUBTFUL = "<p>Lamp</p>", ""
ONE = "https://paper.example/mole-1"


@pytest.fixture(autouse=True)
def _witnesses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without trafilatura the furniture line is taken for the article's, and pages with a lamp leave no doubt."""

    def judge(found: Sequence[Segment], _table: Table, witnesses: str) -> Floats:
        return np.array([0.1 if "Lamp" in s.text or (FURNITURE in s.text and witnesses != FEW) else 0.9 for s in found])

    monkeypatch.setattr("archive.extract.deciding.judge", judge)
    monkeypatch.setattr("archive.extract.deciding.is_sure", lambda table, _likely: len("Lamp") in table.sizes)


def body(mark: str, more: str = "") -> str:
    return html("paper", 1, more).replace("</article>", f"<p>{FURNITURE}</p></article>{mark}")


def witness(folder: ArchiveFolder) -> list[str]:
    """Return the first witness of each capture, by time."""
    asked = "SELECT e.result FROM captures c JOIN extractions e ON e.pk = c.extraction ORDER BY c.captured_at"
    return [unpack(result).provenance["text"] for (result,) in rows(folder, asked)]


def edits(folder: ArchiveFolder) -> int:
    [(count,)] = rows(folder, "SELECT count(*) FROM revisions WHERE cause = 'publisher' AND seq > 1")
    return int(count)


def shelf(tmp_path: Path, marks: Sequence[str], *, edited: bool) -> ArchiveFolder:
    folder = ArchiveFolder(tmp_path / "a")
    for path in (folder.root, folder.warc, folder.reports):
        path.mkdir(parents=True)
    folder.sources.write_text(SOURCES)
    folder.decisions.touch()
    each = [body(mark, EDIT if edited and n else "") for n, mark in enumerate(marks)]
    shelve(folder, [("paper", page("paper", 1, n * 60, text), None) for n, text in enumerate(each)])
    return folder


def test_the_pages_are_read_in_the_two_ways(tmp_path: Path) -> None:
    folder = shelf(tmp_path, [SURE], edited=False)
    ingest(folder)
    assert witness(folder) == [WITHOUT]
    assert FURNITURE in rows(folder, "SELECT text FROM articles")[0][0]
    folder = shelf(tmp_path / "other", [DOUBTFUL], edited=False)
    ingest(folder)
    assert witness(folder) == [PRECISION]
    assert FURNITURE not in rows(folder, "SELECT text FROM articles")[0][0]


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize(
    "marks", [(SURE, DOUBTFUL), (DOUBTFUL, SURE), (SURE, DOUBTFUL, SURE), (DOUBTFUL, SURE, DOUBTFUL)]
)
def test_at_first_reading(marks: Sequence[str], edited: bool, tmp_path: Path) -> None:
    folder = shelf(tmp_path, marks, edited=edited)
    ingest(folder)
    assert edits(folder) == int(edited)


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize(
    "marks", [(SURE, DOUBTFUL), (DOUBTFUL, SURE), (SURE, DOUBTFUL, SURE), (DOUBTFUL, SURE, DOUBTFUL)]
)
def test_when_the_archive_is_read_again(
    marks: Sequence[str], edited: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shelf(tmp_path, marks, edited=edited)
    with monkeypatch.context() as earlier:  # an extractor that asked trafilatura of every page
        earlier.setattr("archive.extract.deciding.is_sure", lambda *_: False)
        ingest(folder)
    assert (set(witness(folder)), edits(folder)) == ({PRECISION}, int(edited))
    extractor = named(read_installed, "9")
    reextract(folder, Wanted(), Rules(force=True), clock=Clock(LATER), jobs=0, extractor=extractor)
    in_force = "SELECT DISTINCT x.version FROM captures c JOIN extractions e ON e.pk = c.extraction JOIN extractors x"
    assert rows(folder, f"{in_force} ON x.pk = e.extractor") == [("9",)]
    assert edits(folder) == int(edited)


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("marks", [(SURE, DOUBTFUL), (DOUBTFUL, SURE)])
def test_after_another_extractor_had_read_the_first(marks: Sequence[str], edited: bool, tmp_path: Path) -> None:
    folder = shelf(tmp_path, marks[:1], edited=False)
    ingest(folder)
    reextract(folder, Wanted(), Rules(force=True), clock=Clock(LATER), jobs=0, extractor=named(read_otherwise, "9"))
    shelve(folder, [("paper", page("paper", 1, 60, body(marks[1], EDIT if edited else "")), None)], "two")
    ingest(folder)
    assert edits(folder) == int(edited)
