"""Results in: what a lease brought, and when its URL is due next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus

from archive.model import Role
from crawler.frontier.core import Core, Held, rank_of
from crawler.frontier.intake import MAX_HOPS
from crawler.frontier.records import KeptLike, Lease
from crawler.frontier.schema import DONE, READY, WAITING
from crawler.recheck import DAY, Harvest, Next, Outcome, is_redirect, next_visit

_UPDATE = (
    "UPDATE urls SET url=?, rank=?, state=?, next_at=?, hops=?, last_fetched=?, fetches=fetches+?, failures=?,"
    " visits=?, interval=?, last_changed=?, status=?, reason=?, etag=?, last_modified=?, payload_digest=?,"
    " captured_at=?, captured_url=? WHERE id=?"
)
_PAGES = (
    "INSERT INTO hosts(key, not_before, failures, day, pages) VALUES(?,0,0,?,?)"
    " ON CONFLICT(key) DO UPDATE SET day = excluded.day, pages = excluded.pages"
)
_Row = tuple[object, ...]


def complete(core: Core, results: Iterable[KeptLike], *, warc: str | None, length: int, now: float) -> int:
    """Record in one transaction how far the WARC file is durable and what the leases brought; return how many."""
    done: list[tuple[Held, int]] = []  # with the new state
    rows: list[_Row] = []
    facts: list[tuple[int, bytes]] = []
    wake = core.wake_at
    unanswered: list[str] = []
    today = int(now // DAY)
    pages: Counter[str] = Counter()
    for result in results:
        held = core.held.get(result.lease_id)
        if held is None:
            continue
        tally = core.tallies.pop(held.lease.url, None)
        row, state, next_at = _row(held, result, tally.harvest() if tally else None, now, core.begun)
        rows.append(row)
        pages[held.lease.key] += held.lease.role is Role.PAGE
        done.append((held, state))
        facts += [(held.lease.id, digest) for digest in held.digests]
        if state == WAITING and next_at is not None:
            wake = min(wake, next_at)
        if held.lease.role is Role.ROBOTS and core.asking.get(held.lease.url) == held.lease.id:
            unanswered.append(held.lease.url)
    with core.writing():
        if warc is not None:
            core.conn.execute(
                "INSERT INTO warcs(name, length) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET length = excluded.length",
                (warc, length),
            )
        core.conn.executemany(_UPDATE, rows)
        core.conn.executemany(_PAGES, _counted(core, pages, today))
        core.conn.executemany("UPDATE facts SET fact = NULL WHERE url_id = ? AND digest = ?", facts)
        for url in unanswered:  # the caller did not say what it brought: then nothing that could be read
            core.robots.store(url, status=None, body=b"", moved_to=None, now=now)
    core.wake_at = wake
    for held, state in done:
        if not held.over:  # nobody said so, or not yet: its gap begins now at the latest
            end_exchange(core, held.lease, pause=0.0, failures=held.queue.key.failures)
        give_back(core, held)
        if state == READY:
            core.find_head(held.queue)
            core.scheduler.offer(held.queue.key)
    for url in unanswered:
        core.unblock(url)
    core.tell()
    return len(done)


def _counted(core: Core, pages: Counter[str], today: int) -> list[tuple[str, int, int]]:
    """Count pages fetched today, and return the counts to be kept."""
    rows = []
    for name, count in pages.items():
        if count:
            key = core.scheduler.key(name)
            key.day, key.pages = today, count + (key.pages if key.day == today else 0)
            rows.append((name, today, key.pages))
    return rows


def end_exchange(core: Core, lease: Lease, *, pause: float, failures: int) -> None:
    """Let a key go after an exchange: its gap begins now, at the end, the later and so the safer of its two ends."""
    key = core.scheduler.key(lease.key)
    held = core.held.get(lease.id)
    if held is not None:
        held.over = True
    key.last_end = core.clock.monotonic()
    key.failures = failures
    if key.in_flight == lease.id:
        key.in_flight = None
    key.after_asset = lease.role is Role.ASSET
    wait = max(core.gap_of(key, asset=key.after_asset), pause)
    if wait > 0:
        core.scheduler.rest(key, key.last_end + wait)
    else:
        core.scheduler.offer(key)


def give_back(core: Core, held: Held) -> None:
    """Forget a lease."""
    lease = held.lease
    core.held.pop(lease.id, None)
    held.queue.leased.discard(lease.id)
    key = held.queue.key
    if key.in_flight == lease.id:
        key.in_flight = None
        core.scheduler.offer(key)


def decline(core: Core, lease: Lease, *, reason: str, now: float) -> None:
    """End a lease without a request, for good: there is no room for it, or it is not wanted any more."""
    held = core.held.get(lease.id)
    if held is None:
        return
    with core.writing():
        core.conn.execute(
            "UPDATE urls SET state = ?, next_at = NULL, reason = ?, last_fetched = ? WHERE id = ?",
            (DONE, reason, now, lease.id),
        )
    give_back(core, held)
    core.find_head(held.queue)
    core.scheduler.offer(held.queue.key)


def _is_wrong(result: KeptLike, harvest: Harvest | None) -> bool:
    """Tell whether there is no feed or sitemap where one was guessed: an answer that named nothing."""
    if result.status is None or result.status >= HTTPStatus.INTERNAL_SERVER_ERROR or result.truncated is not None:
        return False
    return result.status != HTTPStatus.TOO_MANY_REQUESTS and (harvest is None or not harvest.new + harvest.known)


def _row(
    held: Held, result: KeptLike, harvest: Harvest | None, now: float, begun: float
) -> tuple[_Row, int, float | None]:
    lease = held.lease
    previous = lease.previous
    whole = result.status is not None and result.error is None and result.truncated is None
    same = (
        previous is not None and result.payload_digest is not None and result.payload_digest == previous.payload_digest
    )
    # Its target is refused: the last of a chain without an end must not look like a page that has moved.
    endless = whole and is_redirect(result.status) and lease.hops >= MAX_HOPS
    outcome = Outcome(
        status=result.status,
        error="too-many-redirects" if endless else result.error,
        truncated=result.truncated,
        same_body=same,
        harvest=harvest if lease.role is not Role.PAGE else None,
    )
    after: Next = next_visit(lease.role, outcome, held.history, now, begun=begun)
    url, hops = lease.url, 0
    next_at, reason, state = after.next_at, after.reason, WAITING if after.next_at is not None else DONE
    if lease.guess and _is_wrong(result, outcome.harvest):
        next_at, reason, state = None, None, DONE
    elif lease.past and reason is None:
        next_at, state = None, DONE  # it will say the same for ever; the next backfill asks again
    redirected = whole and is_redirect(result.status)
    if redirected:
        hops = lease.hops
        if held.moved_to is not None:
            url, hops = held.moved_to
            next_at, state = now, DONE if lease.role is Role.ROBOTS else READY
    etag, last_modified = lease.etag, lease.last_modified
    kept = (previous.payload_digest, previous.captured_at.isoformat(), previous.url) if previous else (None, None, None)
    if whole and result.status == HTTPStatus.OK:
        etag, last_modified = result.etag, result.last_modified
        if not same:
            kept = (result.payload_digest, result.captured_at.isoformat(), lease.url)
    elif whole and result.status == HTTPStatus.NOT_MODIFIED:
        etag, last_modified = result.etag or etag, result.last_modified or last_modified
    elif result.truncated is not None or redirected:
        # What was cut must be fetched whole next time: without a condition. So must what has moved.
        etag = last_modified = None
    history = after.history
    row: _Row = (
        url,
        rank_of(lease.role),
        state,
        next_at,
        hops,
        now,
        1,
        history.failures,
        history.visits,
        history.interval,
        history.last_changed,
        result.status,
        reason,
        etag,
        last_modified,
        *kept,
        lease.id,
    )
    return row, state, next_at
