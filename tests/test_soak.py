"""The crawl soak in short: a few hosts, all kinds of faults, and a web that heals. Long: scripts/check-long.d/crawl-soak.py."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.replay import big_hosts
from tests.soak import (
    REASONS,
    Memory,
    Reasons,
    Run,
    Soak,
    captured,
    faulty,
    grown,
    healed,
    impolite,
    unnamed_failures,
    without_hops,
)

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")


@pytest.mark.corpus
@pytest.mark.slow
@linux
def test_a_web_that_misbehaves_in_every_way_is_crawled_to_its_end_and_whole_when_it_heals(
    corpus: Path, tmp_path: Path
) -> None:
    counts = big_hosts(corpus)
    hosts = [host for host in sorted(counts) if 6 <= counts[host] <= 8][:2]
    with faulty(corpus, tmp_path / "calm", {}, "--robots", "open") as server:
        calm = Soak.make(tmp_path / "calm" / "archive", server, hosts, patience=300, jobs=1)
        assert calm.crawl().problems() == []
        wanted = captured(server.requests(), calm.kept())
    assert len(wanted) >= 10
    shares = dict.fromkeys(REASONS, 0.9 / len(REASONS))
    with faulty(corpus, tmp_path / "ill", shares, "--robots", "open", "--heal", "1", stall=0.5, slow=1) as server:
        soak = Soak.make(tmp_path / "ill" / "archive", server, hosts, patience=300, jobs=1, step=timedelta(days=2))
        first = soak.crawl()
        faulted: dict[str, Any] = dict(server.control("faults"))
        at_once = ("reset", "redirect", "redirect_chain", "redirect_loop")  # asked again in the same run, and healed
        reasons = Reasons.of(soak.rows(), {kind: urls for kind, urls in faulted.items() if kind not in at_once})
        assert reasons.wrong == []
        assert sum(count.total() for count in reasons.counts.values()) > len(wanted) / 2
        assert first.peak("crawl") > 10
        for _ in range(2):
            soak.crawl()
        assert [problem for run in soak.runs for problem in run.problems()] == []
        assert unnamed_failures(soak.rows()) == []
        assert impolite(server.requests()) == {}
        assert healed(soak, wanted, calm.articles()).wrong == []


def run_of(number: int, *, crawl: float = 100.0, said: str = "", code: int | None = 0, by: str = "done") -> Run:
    return Run(number, (), code, 1.0, said, {"ended_by": by}, [Memory(crawl, 50.0, 0.0), Memory(crawl - 20, 50.0, 0.0)])


@pytest.mark.parametrize(
    ("run", "word"),
    [
        (run_of(0, code=None), "did not end"),
        (run_of(0, code=1), "exit code 1"),
        (run_of(0, by="error: KeyError: 1"), "ended by"),
        (run_of(0, said="x\nTraceback (most recent call last):"), "error in its log"),
        (run_of(0, said="Task exception was never retrieved\nUnhandled error in Deferred"), "error in its log"),
    ],
)
def test_a_crawl_that_did_not_go_well_is_told(run: Run, word: str) -> None:
    (problem,) = run.problems()
    assert word in problem


def test_a_source_that_needs_a_look_is_no_problem_of_the_crawl() -> None:
    assert run_of(0, code=3, said="morgue: paper needs a look: its listings fail (status-500)").problems() == []


@pytest.mark.parametrize(
    ("peaks", "more"),
    [
        ([100, 101, 99, 104, 100, 102], False),
        ([100, 100, 105, 110, 115, 122], True),  # a fifth in six runs
        ([20, 20, 22, 24, 25, 26], False),  # less than what a process's memory moves by itself
        ([100, 900], False),  # nothing to compare
    ],
)
def test_memory_is_flat_if_the_last_third_of_the_runs_needs_what_the_first_needed(peaks: list[int], more: bool) -> None:
    runs = [run_of(number, crawl=peak) for number, peak in enumerate(peaks)]
    assert grown(runs, "crawl")[1] is more


def entry(t: float, target: str = "/a", *, dt: float = 0.1, **more: object) -> dict[str, object]:
    return {"t": t, "dt": dt, "host": "paper.example", "target": target, "status": 200, "truncated": False, **more}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([entry(1), entry(1.2)], {}),
        ([entry(1, dt=5), entry(1.2)], {"at once": 1}),
        ([entry(1, dt=5), entry(1.2, host="other.example")], {}),
        ([entry(1, dt=40, fault="stall", truncated=True), entry(31.1)], {}),  # our time limit had passed
        ([entry(1, dt=40, fault="stall", truncated=True), entry(25.5)], {"at once": 1}),
        (
            [entry(1, dt=40, fault="stall", truncated=True, bytes=99, full_bytes=99), entry(1.2)],
            {},
        ),  # nothing was missing
        ([entry(1, disallowed=True)], {"robots": 1}),  # not even asked for its robots.txt
        ([entry(1, "/robots.txt"), entry(2, disallowed=True)], {"robots": 1}),
        ([entry(1, "/robots.txt", status=404), entry(2, disallowed=True)], {}),  # what is not there forbids nothing
        ([entry(1, "/robots.txt", fault="soft404"), entry(2, gap_violation=0.1)], {}),
        ([entry(1, "/robots.txt"), entry(2, gap_violation=0.1)], {"gap": 1}),
        ([entry(1, "/robots.txt", retry_violation=True)], {"retry-after": 1}),
    ],
)
def test_manners_are_counted_from_the_servers_log(entries: list[dict[str, object]], expected: dict[str, int]) -> None:
    assert impolite(entries) == expected


def test_what_counts_as_captured_is_the_page_itself_byte_for_byte() -> None:
    sent = {"scheme": "http", "sha256": "1", "id": "p"}
    kept = {("http://paper.example/a", "1")}
    assert captured([entry(1, **sent)], kept) == {"p": "http://paper.example/a"}
    assert captured([entry(1, "/a?_r=3", **sent)], kept) == {"p": "http://paper.example/a"}
    assert captured([entry(1, **(sent | {"sha256": "2"}))], kept) == {}
    assert captured([entry(1, **sent, fault="soft404")], kept) == {}
    assert captured([entry(1, **(sent | {"truncated": True}))], kept) == {}


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"status": 503, "reason": "status-503"}, True),
        ({"status": None, "reason": "dns"}, True),
        ({"status": 200, "reason": None}, True),
        ({"status": 304, "reason": None}, True),
        ({"status": 503, "reason": None}, False),
        ({"status": None, "reason": None}, False),
    ],
)
def test_every_failure_has_a_reason(row: dict[str, object], named: bool) -> None:
    visited = {"url": "http://paper.example/a", "fetches": 1, **row}
    assert (unnamed_failures([visited]) == []) is named
    assert unnamed_failures([visited | {"fetches": 0}]) == []


def test_the_reason_of_a_chain_is_that_of_its_end() -> None:
    row = {"fetches": 1, "last_fetched": 1.0}
    rows = [
        row | {"url": "http://paper.example/a", "hops": 0, "status": 301, "reason": None},
        row | {"url": "http://paper.example/a?_r=20", "hops": 20, "status": 302, "reason": None},
    ]
    found = Reasons.of(rows, {"redirect_loop": ["http://paper.example/a"]})
    assert len(found.wrong) == 1
    rows[1]["reason"] = "too-many-redirects"
    found = Reasons.of(rows, {"redirect_loop": ["http://paper.example/a"]})
    assert (found.wrong, dict(found.counts)) == ([], {"redirect_loop": {"too-many-redirects": 1}})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://paper.example/a", "http://paper.example/a"),
        ("http://paper.example/a?_r=1", "http://paper.example/a"),
        ("http://paper.example/a?id=2&_r=20", "http://paper.example/a?id=2"),
        ("http://paper.example/a?my_r=1", "http://paper.example/a?my_r=1"),
    ],
)
def test_the_servers_own_hop_counter_is_no_part_of_an_address(url: str, expected: str) -> None:
    assert without_hops(url) == expected
