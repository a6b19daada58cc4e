"""The pump without Scrapy: when it waits, when it ends, what it leaves behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from frontier_kit import Names, TestKept, TestSource, candidate

from archive.clock import SystemClock
from archive.model import Role
from crawler.frontier import Frontier, Lease
from crawler.pump import Pump


@pytest.fixture
def frontier(tmp_path: Path) -> Iterator[Frontier]:
    with Frontier(tmp_path / "crawl.db", SystemClock(), names=Names()) as opened:
        yield opened


def fill(frontier: Frontier, hosts: int, pages: int, delay: float = 0.0) -> None:
    known = [TestSource(f"s{n}", f"https://host.example{n}/", delay=delay) for n in range(hosts)]
    frontier.sync_sources(known)
    for source in known:
        frontier.store_robots(f"{source.url}robots.txt", status=404)
    frontier.add(candidate(f"{source.url}{n}", source=source.name) for source in known for n in range(pages))


async def run(
    frontier: Frontier, pump: Pump, *, latency: float = 0.0, led_to: Callable[[Lease], None] | None = None
) -> list[str]:
    """Fetch what the pump gives; what `led_to` adds comes after the exchange and before the lease is completed."""
    order: list[str] = []
    keys: set[str] = set()
    tasks = []

    async def fetch(lease: Lease) -> None:
        await asyncio.sleep(latency)
        keys.discard(lease.key)
        pump.done(lease, status=200)
        await asyncio.sleep(latency)
        if led_to is not None:
            led_to(lease)
        frontier.complete([TestKept(lease.id)])

    async for lease in pump.leases():
        assert lease.key not in keys
        keys.add(lease.key)
        order.append(lease.url)
        tasks.append(asyncio.create_task(fetch(lease)))
    await asyncio.gather(*tasks)
    return order


async def test_it_ends_when_nothing_is_due(frontier: Frontier) -> None:
    fill(frontier, hosts=5, pages=4)
    pump = Pump(frontier, SystemClock())
    assert len(await run(frontier, pump, latency=0.001)) == 25
    assert pump.ended_by == "done"
    assert pump.pages == 20


async def test_it_waits_for_what_an_open_lease_may_lead_to(frontier: Frontier) -> None:
    fill(frontier, hosts=1, pages=0)

    def led_to(lease: Lease) -> None:
        if lease.role is Role.HOME:
            frontier.add([candidate("https://host.example0/found", source="s0")])

    order = await run(frontier, Pump(frontier, SystemClock()), latency=0.05, led_to=led_to)
    assert order == ["https://host.example0/", "https://host.example0/found"]


async def test_when_idle_it_asks_for_the_commit(frontier: Frontier) -> None:
    fill(frontier, hosts=1, pages=2)
    waiting: list[Lease] = []

    def commit() -> None:
        frontier.complete([TestKept(lease.id) for lease in waiting])
        waiting.clear()

    pump = Pump(frontier, SystemClock(), on_idle=commit)
    count = 0
    async with asyncio.timeout(20):
        async for lease in pump.leases():
            count += 1
            waiting.append(lease)
            pump.done(lease, status=200)
    assert count == 3


async def test_concurrency_is_bounded(frontier: Frontier) -> None:
    fill(frontier, hosts=12, pages=2)
    pump = Pump(frontier, SystemClock(), concurrency=3)
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, pump.in_flight)
            await asyncio.sleep(0.001)

    watcher = asyncio.create_task(watch())
    assert len(await run(frontier, pump, latency=0.005)) == 36
    watcher.cancel()
    assert most == 3


async def test_max_pages_counts_pages_and_gives_the_rest_back(frontier: Frontier) -> None:
    fill(frontier, hosts=2, pages=9)
    pump = Pump(frontier, SystemClock(), max_pages=5)
    assert len(await run(frontier, pump)) == 7  # two home pages
    assert (pump.ended_by, frontier.outstanding) == ("max-pages", 0)


@pytest.mark.parametrize("how", ["budget", "signal"])
async def test_the_end_cancels_waits(frontier: Frontier, how: str) -> None:
    fill(frontier, hosts=1, pages=5, delay=0.4)
    pump = Pump(frontier, SystemClock(), budget=1.0 if how == "budget" else None)
    if how == "signal":
        asyncio.get_running_loop().call_later(1.0, pump.stop)
    begin = time.monotonic()
    order = await run(frontier, pump)
    assert pump.ended_by == how
    assert 1 <= len(order) <= 3
    assert time.monotonic() - begin < 3


async def test_it_does_not_wait_for_the_next_run(frontier: Frontier) -> None:
    fill(frontier, hosts=1, pages=1)
    begin = time.monotonic()
    pump = Pump(frontier, SystemClock())
    await run(frontier, pump)  # everything is due again in an hour
    assert time.monotonic() - begin < 3


async def test_a_long_retry_after_ends_the_run(frontier: Frontier) -> None:
    fill(frontier, hosts=1, pages=3)
    pump = Pump(frontier, SystemClock())
    count = 0
    async with asyncio.timeout(20):
        async for lease in pump.leases():
            count += 1
            frontier.complete([TestKept(lease.id, status=503)])
            pump.done(lease, status=503, headers=[("Retry-After", "3600")])
    assert (count, pump.ended_by) == (1, "done")


async def test_it_waits_for_what_is_in_flight_unless_the_run_has_failed(frontier: Frontier) -> None:
    fill(frontier, hosts=1, pages=1)
    pump = Pump(frontier, SystemClock())
    leases = pump.leases()
    lease = await anext(leases)
    pump.stop("budget")
    waiting = asyncio.create_task(pump.drained())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    pump.done(lease, status=200)
    async with asyncio.timeout(3):
        await waiting
    failed = Pump(frontier, SystemClock())
    failed._flying[lease.id] = lease
    failed.stop("budget")  # … and then what was fetched cannot be kept: its exchange will never be told as over
    async with asyncio.timeout(3):
        await failed.drained(lambda: True)
