"""decisions.jsonl: nothing decided is lost, nothing half written counts."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.decisions import append_decision, read_decisions
from archive.errors import DecisionsError

AT = datetime(2026, 5, 1, 6, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.jsonl"


def test_no_file_is_no_decision(path: Path) -> None:
    assert read_decisions(path) == ()


def test_decisions_come_back_in_order(path: Path) -> None:
    append_decision(path, "story-split", {"article": "a-1", "é": [1, None]}, at=AT, reason="other event")
    append_decision(path, "source-renamed", {"old": "a", "new": "b"}, at=AT + timedelta(seconds=1.5))
    first, second = read_decisions(path)
    assert (first.at, first.kind, first.reason, first.data) == (
        AT,
        "story-split",
        "other event",
        {"article": "a-1", "é": [1, None]},
    )
    assert (second.at, second.kind, second.reason) == (AT + timedelta(seconds=1.5), "source-renamed", None)
    assert json.loads(path.read_text().splitlines()[0])["at"] == "2026-05-01T06:00:00Z"


def test_times_are_kept_in_utc(path: Path) -> None:
    append_decision(path, "x", {}, at=datetime(2026, 5, 1, 8, 0, tzinfo=timezone(timedelta(hours=2))))
    assert read_decisions(path)[0].at == AT
    assert b"06:00:00Z" in path.read_bytes()


@pytest.mark.parametrize("torn", [b'{"at": "2026', b"\x00" * 300, b'{"at":"2026-05-01T06:00:00Z","kind":"y"}'])
def test_a_torn_last_line_is_passed_over_and_cut(path: Path, torn: bytes) -> None:
    append_decision(path, "x", {}, at=AT)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert [decision.kind for decision in read_decisions(path)] == ["x"]
    append_decision(path, "z", {}, at=AT)
    assert path.read_bytes().startswith(whole)
    assert path.read_bytes().endswith(b"}\n")  # nothing of the torn line is left behind the new one
    assert [decision.kind for decision in read_decisions(path)] == ["x", "z"]


def test_a_file_of_one_torn_line_longer_than_a_block(path: Path) -> None:
    path.write_bytes(b"{" * 200_000)
    append_decision(path, "z", {}, at=AT)
    assert [decision.kind for decision in read_decisions(path)] == ["z"]


@pytest.mark.parametrize(
    "line",
    [
        b"{",  # cut by hand
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"kind": "x"}',
        b'{"at": "yesterday", "kind": "x"}',
        b'{"at": 5, "kind": "x"}',
        b'{"at": "2026-05-01T06:00:00", "kind": "x"}',  # no zone
        b'{"at": "2026-05-01T06:00:00Z", "kind": 1}',
        b"[" * 100_000,
        b"1" * 5000,
    ],
)
def test_a_broken_line_in_the_middle_is_named(path: Path, line: bytes) -> None:
    append_decision(path, "x", {}, at=AT)
    path.write_bytes(path.read_bytes() + line + b"\n" + path.read_bytes())
    with pytest.raises(DecisionsError, match="line 2"):
        read_decisions(path)


@pytest.mark.parametrize(
    ("kind", "payload", "at"),
    [
        ("x", {"at": "now"}, AT),  # would overwrite the line's own time
        ("x", {"value": object()}, AT),
        ("x", {"value": float("nan")}, AT),  # no JSON
        ("", {}, AT),
        ("x", {}, AT.replace(tzinfo=None)),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_written(
    path: Path, kind: str, payload: dict[str, object], at: datetime
) -> None:
    with pytest.raises(DecisionsError):
        append_decision(path, kind, payload, at=at)
    assert not path.exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DecisionsError, match="cannot be written"):
        append_decision(tmp_path / "gone" / "decisions.jsonl", "x", {}, at=AT)


def test_a_line_that_did_not_reach_the_disk_is_taken_out_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_decision(path, "x", {}, at=AT)

    def fails(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(DecisionsError, match="was not kept"):
        append_decision(path, "y", {}, at=AT)
    assert [decision.kind for decision in read_decisions(path)] == ["x"]


def test_processes_append_side_by_side(path: Path) -> None:
    code = (
        "import sys; from datetime import *; from pathlib import Path; from archive.decisions import append_decision\n"
        "for n in range(20):\n"
        "    append_decision(Path(sys.argv[1]), 'x', {'n': n, 'who': sys.argv[2]}, at=datetime.now(UTC))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), str(who)]) for who in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    found = sorted((str(d.data["who"]), int(str(d.data["n"]))) for d in read_decisions(path))
    assert found == [(str(who), n) for who in range(3) for n in range(20)]


@given(st.dictionaries(st.text().filter(lambda key: key not in {"at", "kind", "reason"}), st.text() | st.integers()))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, payload: dict[str, object]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.unlink(missing_ok=True)
    append_decision(path, "x", payload, at=AT)
    assert read_decisions(path)[0].data == payload
