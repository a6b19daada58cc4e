"""The pump: leases in their time, one per politeness key, until the run is over. Pure asyncio, without Scrapy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable

from archive.clock import Clock
from archive.model import Role
from crawler.frontier import Frontier, Lease

CONCURRENCY = 32
HORIZON = 5.0  # seconds: what becomes due later belongs to the next run
PATIENCE = 120.0  # seconds that a run waits for a host that rests when nothing else is left to do
_DECLINED_AT_ONCE = 100  # leases that nobody wants; then others have their turn
_TICK = 1.0  # looks again at least so often, whatever nobody told us


class Pump:
    """Yields a lease when its politeness key is free and its time has come.

    `budget`: seconds from now until no more is leased (None: until nothing is due). `max_pages`: pages to
    lease at most, listings and robots.txt not counted. `on_idle` is called when nothing is being fetched while leases
    wait to be completed: the caller commits then, so that what they led to is not waited for. `asked_only`: only what
    a person asked for by name.

    The run is over when no lease is out and nothing becomes due within `horizon` seconds; politeness delays of what is
    due are waited for, up to `patience`. For one asyncio loop; not for several threads.
    """

    def __init__(
        self,
        frontier: Frontier,
        clock: Clock,
        *,
        budget: float | None = None,
        concurrency: int = CONCURRENCY,
        max_pages: int | None = None,
        sources: Collection[str] | None = None,
        on_idle: Callable[[], None] | None = None,
        horizon: float = HORIZON,
        patience: float = PATIENCE,
        asked_only: bool = False,
    ) -> None:
        self._frontier = frontier
        self._clock = clock
        self._concurrency = concurrency
        self._max_pages = max_pages
        self._sources = None if sources is None else frozenset(sources)
        self.on_idle = on_idle
        self._asked_only = asked_only
        self.refusal: Callable[[Lease], str | None] = lambda _lease: None  # why a lease is ended without a request
        self.assets_left: Callable[[], bool] = lambda: True  # whether what pages show may be asked for
        self._horizon = horizon
        self._patience = patience
        self._deadline = None if budget is None else clock.monotonic() + budget
        self._flying: dict[int, Lease] = {}
        self._busy: set[str] = set()
        self._event = asyncio.Event()
        self._stopped: str | None = None
        self.pages = 0  # pages leased so far

    @property
    def in_flight(self) -> int:
        """How many exchanges are under way."""
        return len(self._flying)

    @property
    def ended_by(self) -> str | None:
        """Why leasing ended: "done", "budget", "max-pages", or what `stop` was told; None while it goes on."""
        return self._stopped

    def ends_now(self) -> bool:
        """Say whether what is in flight should end soon, too: the time is over, or somebody wants us to end."""
        return self._is_over() and self._stopped not in ("done", "max-pages")

    def stop(self, reason: str = "signal") -> None:
        """Lease no more; what is in flight may end. May be called from a signal handler of the loop."""
        self._stopped = self._stopped or reason
        self.wake()

    def wake(self) -> None:
        """Look at the frontier again now."""
        self._event.set()

    def done(
        self,
        lease: Lease,
        *,
        status: int | None = None,
        headers: Iterable[tuple[str, str]] = (),
        error: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        """Tell that the exchange of a lease is over, however it went: its politeness key begins to rest.

        `seconds`: how long the server took.
        """
        if self._flying.pop(lease.id, None) is not None:
            self._busy.discard(lease.key)
        self._frontier.exchanged(lease, status=status, headers=headers, error=error, seconds=seconds)
        self.wake()

    async def drained(self, given_up: Callable[[], bool] = lambda: False) -> None:
        """Wait until nothing is in flight, or until nobody waits for it any longer."""
        while self._flying and not given_up():
            self._event.clear()
            await self._sleep_until_told(_TICK)

    async def leases(self) -> AsyncIterator[Lease]:
        """Yield leases until the run is over. To be iterated once."""
        self._frontier.listen(self.wake)
        try:
            while not self._is_over():
                self._event.clear()
                lease = self._next()
                if lease is not None:
                    yield lease
                    continue
                wait = self._wait()
                if wait is None:
                    self._stopped = self._stopped or "done"
                    break
                await self._sleep(wait)
        finally:
            self._frontier.listen(None)

    def _is_over(self) -> bool:
        if self._stopped is None and self._deadline is not None and self._clock.monotonic() >= self._deadline:
            self._stopped = "budget"
        return self._stopped is not None

    def _next(self) -> Lease | None:
        if len(self._flying) >= self._concurrency:
            return None
        for _ in range(_DECLINED_AT_ONCE):
            lease = self._leased()
            reason = None if lease is None else self.refusal(lease)
            if lease is None or reason is None:
                break
            self._frontier.decline(lease, reason)
        else:
            self.wake()
            return None
        if lease is not None:
            if lease.role is Role.PAGE:
                if self._max_pages is not None and self.pages >= self._max_pages:
                    self._frontier.release([lease.id])
                    self._stopped = "max-pages"
                    return None
                self.pages += 1
            self._flying[lease.id] = lease
            self._busy.add(lease.key)
        return lease

    def _leased(self) -> Lease | None:
        leases = self._frontier.lease(
            self._clock.now().timestamp(),
            limit=1,
            busy_keys=self._busy,
            sources=self._sources,
            asked_only=self._asked_only,
            assets=self.assets_left(),
        )
        return leases[0] if leases else None

    def _wait(self) -> float | None:
        """Return how long to wait for something to happen, or None if nothing will in this run."""
        if self._stopped is not None:
            return None
        if self._flying:
            return self._until_ready()
        if self._frontier.outstanding:
            if self.on_idle is not None:
                self.on_idle()
                return 0.0 if not self._frontier.outstanding else self._until_ready()
            return self._until_ready()
        ready = self._frontier.next_ready(self._busy)
        due = self._frontier.next_due()
        if due is not None:
            due = max(due - self._clock.now().timestamp(), 0.0)
        left = self._left()
        waits = [ready] if ready is not None and ready <= self._patience else []
        waits += [due] if due is not None and due <= self._horizon else []
        wait = min(waits, default=None)
        if wait is not None and wait >= left:  # the next turn would come after the end
            self._stopped = "budget"
            return None
        return wait

    def _until_ready(self) -> float:
        ready = self._frontier.next_ready(self._busy)
        if len(self._flying) >= self._concurrency or ready is None:
            return _TICK
        return min(ready, _TICK)

    def _left(self) -> float:
        return float("inf") if self._deadline is None else max(self._deadline - self._clock.monotonic(), 0.0)

    async def _sleep(self, seconds: float) -> None:
        # Never 0: a key that is ready but not leasable (its robots.txt is under way) must not spin the loop.
        await self._sleep_until_told(max(min(seconds, self._left(), self._patience), 0.001))

    async def _sleep_until_told(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
