"""The report of a run: what a person or a program that watches wants to know of it, and when there is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.model import Exchange, Role
from crawler.commands.crawl import _print_report
from crawler.frontier import AddResult, Lease
from crawler.report import RunReport, write_report

START = datetime(2026, 5, 1, 6, tzinfo=UTC)
LEASE = Lease(
    id=1, url="https://a.example/1", source="a", role=Role.PAGE, key="a.example", hops=0, depth=0, attempt=1, fetches=0
)


def report() -> RunReport:
    return RunReport(run_id="r", started_at=START, ended_at=START + timedelta(seconds=90), ended_by="done")


def answered(made: RunReport, status: int | None, body: bytes = b"", error: str | None = None) -> None:
    head = b"" if status is None else f"HTTP/1.1 {status} X\r\n\r\n".encode()
    made.exchange(
        LEASE,
        Exchange(
            url=LEASE.url, started_at=START, request_head=b"", response_head=head, body=body, peer=None, seconds=0.1,
            error=error,
        ),
        status,
    )  # fmt: skip


def test_a_source_in_a_run() -> None:
    made = report()
    for status in (200, 304, 301, 308, 404):
        answered(made, status, b"12345")
    answered(made, None, error="timeout")
    made.found(AddResult(new=("u", "v"), refused={"trap-calendar": 7}), "a")
    made.found(AddResult(new=("w",)))
    made.put_off({("a", "robots"): 3, ("b", "robots-unreachable"): 1})
    made.ingest = {"new": 4, "by_source": {"a": {"new": 4}, "c": {"gone": 1}}}
    told = json.loads(json.dumps(made.as_json()))
    assert told["sources"]["a"] == {
        "requests": 6,
        "pages": 1,
        "not_modified": 1,
        "redirects": 2,
        "bytes_received": 5 * (len("HTTP/1.1 200 X\r\n\r\n") + 5),
        "discovered": 2,
        "failures": {"status-404": 1, "timeout": 1},
        "refused": {"trap-calendar": 7},
        "put_off": {"robots": 3},
        "new": 4,
        "revisions": 0,
        "gone": 0,
    }
    assert told["sources"]["b"]["put_off"] == {"robots-unreachable": 1}
    assert (told["sources"]["c"]["gone"], told["sources"]["c"]["requests"]) == (1, 0)  # fetched by an earlier run
    assert (told["discovered"], told["seconds"], told["ingest"]) == (3, 90.0, {"new": 4})


def test_what_ingest_did_not_say_is_not_nought() -> None:
    made = report()
    answered(made, 200)
    assert made.as_json()["sources"]["a"]["new"] is None  # type: ignore[index]


IDLE_INGEST = {"captures": 0, "new": 0, "refused": {}, "broken": [], "by_source": {}}


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        ({}, True),
        ({"ingest": IDLE_INGEST}, True),
        ({"ill": {"a": "x"}}, True),  # as before
        ({"ill": {"a": "x"}, "newly_ill": ("a",)}, False),
        ({"requests": 1}, False),
        ({"discovered": 1}, False),  # sources.toml has more
        ({"ingest": IDLE_INGEST | {"captures": 1}}, False),  # of an earlier run
        ({"ingest": IDLE_INGEST | {"unreadable": ["a.warc.gz: torn"]}}, False),
        ({"waits_for_ingest": 1}, False),
        ({"ingest_failed": "killed"}, False),
        ({"ended_by": "signal (SIGTERM)"}, False),
        ({"ended_by": "error: disk full"}, False),
    ],
)
def test_when_nothing_happened(changes: dict[str, object], idle: bool) -> None:
    made = report()
    for name, value in changes.items():
        setattr(made, name, value)
    assert made.idle is idle


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    path = write_report(tmp_path / "reports", report())
    assert path.name == "run-20260501060000-r.json"
    assert json.loads(path.read_bytes())["ended_by"] == "done"
    assert list(path.parent.iterdir()) == [path]


def test_the_table_of_a_run_fits_a_hundred_columns(capsys: pytest.CaptureFixture[str]) -> None:
    made = report()
    for _ in range(3):
        answered(made, 404)
    answered(made, 301)
    made.sources["南方日报网络新闻中心编辑部门"] = made.sources["a"]
    made.sources["a"].bytes_received = 1_234_567_890
    made.ingest = {"new": 0, "by_source": {"a": {"new": 1234}}}
    _print_report(made)
    lines = capsys.readouterr().out.splitlines()
    assert "3 status-404, 1 redirects" in lines[1]
    assert "1,234.6" in lines[1]
    assert all(len(line.rstrip()) <= 100 for line in lines[:3])
