"""Candidates in: which URLs are new, which facts are, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from archive.errors import UrlError
from archive.model import Candidate, DiscoveryFact, Role, Via
from crawler.frontier.core import Core, Tally, rank_of
from crawler.frontier.facts import fact_digest, fact_from_json, fact_to_json, priority_of
from crawler.frontier.records import AddResult, LateFact
from crawler.frontier.scheduler import ASKED_RANK
from crawler.frontier.schema import DONE, READY
from crawler.frontier.trapped import trapped
from crawler.recheck import ASSET_FRESH, LISTINGS, is_redirect

MAX_URL = 2000  # characters
TAKEN_DOWN = "taken-down"  # why a candidate is refused
PAGE_LIMIT, NOT_WANTED = "page-limit", "not-wanted"  # why what a page shows was not asked for
MAX_HOPS = 20
MAX_FACTS = 50  # about one URL: a feed that rewords its entries at each visit must not fill the disk
MAX_DEPTH = (
    10  # links from what sources.toml names; only listings lead on, so nests of sitemap indexes are what gets deep
)
_NAMED = frozenset({Via.CONFIG, Via.HOME, Via.SECTION, Via.ROBOTS})  # who says where a listing is
_ANYWHERE = {
    # Feeds live on feedburner, sitemaps on a CDN: allowed where a person, robots.txt or a redirect of theirs says so.
    Role.FEED: (Via.CONFIG, Via.USER, Via.REDIRECT),
    Role.SITEMAP: (Via.CONFIG, Via.USER, Via.REDIRECT, Via.ROBOTS),
    Role.ROBOTS: (Via.CONFIG, Via.USER, Via.REDIRECT, Via.ROBOTS),
    # A paper's pictures and fonts lie on other people's hosts. Config: a frontier that is made again from the shelf.
    Role.ASSET: (Via.CONFIG, Via.REDIRECT, Via.ASSET),
}


@dataclass(slots=True)
class _Result:
    new: list[str] = field(default_factory=list)
    known: int = 0
    new_facts: int = 0
    late: list[LateFact] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)


def add(core: Core, candidates: Iterable[Candidate], now: float) -> AddResult:
    """Take candidates in one transaction. `now`: epoch of the archive's clock."""
    result = _Result()
    depths: dict[str, int] = {}
    with core.writing():
        for candidate in candidates:
            reason = _refusal(core, candidate)
            if reason is None:
                try:
                    digest = core.hash_of(candidate.url, candidate.role)
                except UrlError:
                    reason = "not-a-url"
            if reason is not None:
                result.refused[reason] = result.refused.get(reason, 0) + 1
                continue
            _take(core, candidate, digest, now, result=result, depths=depths)
    if result.new or result.known:
        core.tell()
    return AddResult(
        new=tuple(result.new),
        known=result.known,
        new_facts=result.new_facts,
        late_facts=tuple(result.late),
        refused=result.refused,
    )


def _refusal(core: Core, candidate: Candidate) -> str | None:
    url = candidate.url
    if len(url) > MAX_URL:
        return "url-too-long"
    if candidate.hops > MAX_HOPS:
        return "too-many-redirects"
    try:
        url.encode()
        domain = core.domain_of(url)
    except ValueError:  # UrlError, a lone surrogate
        return "not-a-url"
    if core.tombstones and core.tombstones.covers(url):
        return TAKEN_DOWN
    via = candidate.fact.via
    if via is Via.USER or via in _ANYWHERE.get(candidate.role, ()):
        return None
    source = core.sources.get(candidate.source)
    if source is None:
        return "unknown-source"
    if source.domain and domain != source.domain:
        return "out-of-scope"
    return None


def _take(
    core: Core, candidate: Candidate, digest: bytes, now: float, *, result: _Result, depths: dict[str, int]
) -> None:
    row = core.conn.execute(
        "SELECT id, url, role, state, fetches, status, queue FROM urls WHERE hash = ?", (digest,)
    ).fetchone()
    if row is None and candidate.role is Role.ASSET:
        depth = 0
    elif row is None:
        depth = _depth(core, candidate.fact, depths)
        reason = "too-deep" if depth > MAX_DEPTH else trapped(core, candidate)
        if reason is not None:
            result.refused[reason] = result.refused.get(reason, 0) + 1
            return
    if candidate.role is Role.ASSET and row is not None:
        result.known += 1
        _shown_again(core, candidate, row[0], now)
        return
    if candidate.role is not Role.ASSET:
        _count(core, candidate, new=row is None)
    if row is None:
        url_id = _insert(core, candidate, digest, now, depth)
        result.new.append(candidate.url)
        _add_fact(core, url_id, candidate.fact)
        return
    result.known += 1
    url_id, url, role, state, fetches, status, queue_id = row
    _take_over(core, candidate, url_id, url, queue_id)
    _follow_own_redirect(core, candidate, url_id, url=url, status=status, now=now)
    _promote(core, candidate, url_id, role=Role(role), state=state, fetches=fetches, now=now)
    if _add_fact(core, url_id, candidate.fact):
        result.new_facts += 1
        if fetches and status is not None:
            fact = fact_digest(candidate.fact)
            core.late.add((url_id, fact))
            result.late.append(LateFact(url_id=url_id, source=candidate.source, fact=candidate.fact, digest=fact))


def _shown_again(core: Core, candidate: Candidate, url_id: int, now: float) -> None:
    """Take note that a page shows what is known: a month after it was asked for, it is asked for again.

    For which page it was asked is said once, with its capture: a paper's style sheet is shown by every page.
    """
    state, fetches, looked_at, reason = core.conn.execute(
        "SELECT state, fetches, ifnull(last_fetched, 0), reason FROM urls WHERE id = ?", (url_id,)
    ).fetchone()
    if url_id in core.held or state != DONE:
        if not fetches and candidate.hops:  # a redirect's target: also what was said of the address before it
            _add_fact(core, url_id, candidate.fact)
        return
    no_room = not fetches and reason in (PAGE_LIMIT, NOT_WANTED)
    if no_room or not looked_at <= now < looked_at + ASSET_FRESH:
        core.conn.execute(
            "UPDATE urls SET state = ?, next_at = ?, priority = ?, hops = ?, failures = 0 WHERE id = ?",
            (READY, now, _priority(core, candidate), candidate.hops, url_id),
        )
        _add_fact(core, url_id, candidate.fact)
        _offer(core, url_id)


def _priority(core: Core, candidate: Candidate) -> int:
    """Return a candidate's priority; what a page shows has that of its page, so that the newest pages are whole first."""
    if candidate.role is Role.ASSET and candidate.fact.found_on:
        for role in (Role.PAGE, Role.ASSET):  # a redirect's target is found on what sent us there
            digest = core.hash_of(candidate.fact.found_on, role)
            row = core.conn.execute("SELECT priority FROM urls WHERE hash = ?", (digest,)).fetchone()
            if row is not None:
                return int(row[0])
    return priority_of(candidate)


def _count(core: Core, candidate: Candidate, *, new: bool) -> None:
    fact = candidate.fact
    # A redirect's target hands on what was said of the address before it; a guess is not what the page says.
    if not fact.found_on or candidate.hops or fact.via is Via.GUESS:
        return
    tally = core.tallies.setdefault(fact.found_on, Tally())
    tally.new += new
    tally.known += not new
    tally.news = tally.news or fact.via is Via.NEWS_SITEMAP


def _depth(core: Core, fact: DiscoveryFact, depths: dict[str, int]) -> int:
    """Return `_depth_below`, remembered in `depths` by the page that links."""
    if fact.found_on not in depths:
        depths[fact.found_on] = _depth_below(core, fact)
    return depths[fact.found_on]


def _insert(core: Core, candidate: Candidate, digest: bytes, now: float, depth: int) -> int:
    fact = candidate.fact
    queue = core.queue_for(candidate.url, candidate.source)
    rank = ASKED_RANK if fact.via is Via.USER else rank_of(candidate.role)
    priority = _priority(core, candidate)
    past = None if candidate.past_until is None else candidate.past_until.timestamp()
    of_the_past = past is not None and (core.backfill is None or past <= core.backfill)
    asleep = candidate.role is Role.ROBOTS or of_the_past  # on demand only: see `Frontier.lease`, `wake_past`
    cursor = core.conn.execute(
        "INSERT INTO urls(hash, url, queue, role, rank, priority, state, next_at, hops, depth, first_seen, past_until)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            digest,
            candidate.url,
            queue.id,
            candidate.role.value,
            rank,
            priority,
            DONE if asleep else READY,
            None if asleep else now,
            candidate.hops,
            depth,
            now,
            past,
        ),
    )
    url_id = int(cursor.lastrowid or 0)
    if not asleep:
        core.offer_head(queue, rank, priority, url_id)
    return url_id


def _depth_below(core: Core, fact: DiscoveryFact) -> int:
    """Return how many links lie between a configured URL and one found on `fact.found_on`."""
    if not fact.found_on:
        return 0
    depth = next((held.lease.depth for held in core.held.values() if held.lease.url == fact.found_on), None)
    if depth is None:
        try:
            row = core.conn.execute("SELECT depth FROM urls WHERE hash = ?", (core.hash_of(fact.found_on),)).fetchone()
        except UrlError:
            return 1
        depth = int(row[0]) if row else 0
    return depth if fact.via is Via.REDIRECT else depth + 1


def _add_fact(core: Core, url_id: int, fact: DiscoveryFact) -> bool:
    count = core.conn.execute("SELECT count(*) FROM facts WHERE url_id = ?", (url_id,)).fetchone()[0]
    if count >= MAX_FACTS:
        return False
    cursor = core.conn.execute(
        "INSERT OR IGNORE INTO facts(url_id, digest, fact) VALUES(?,?,?)",
        (url_id, fact_digest(fact), fact_to_json(fact)),
    )
    return cursor.rowcount == 1


def _take_over(core: Core, candidate: Candidate, url_id: int, url: str, queue_id: int) -> None:
    """Give a URL of a source that is switched off or gone to the one that names it now: nobody else would ask for it."""
    source = core.sources.get(candidate.source)
    old = core.queues[queue_id]
    if old.source.enabled or source is None or not source.enabled or url_id in core.held:
        return
    queue = core.queue_for(url, candidate.source)
    core.conn.execute("UPDATE urls SET queue = ? WHERE id = ?", (queue.id, url_id))
    if old.head is not None and old.head[2] == url_id:
        core.find_head(old)
    _offer(core, url_id)


def _follow_own_redirect(
    core: Core, candidate: Candidate, url_id: int, *, url: str, status: int | None, now: float
) -> None:
    """Fetch the other spelling when a URL redirects to itself: http to https, with and without www or the slash.

    Both have one key and so one row; the row moves on to the new spelling instead of being done.
    """
    fact = candidate.fact
    if fact.via is not Via.REDIRECT or candidate.url == url or fact.found_on != url:
        return
    held = core.held.get(url_id)
    if held is not None:
        held.moved_to = (candidate.url, candidate.hops)
        return
    if not is_redirect(status):
        return
    core.conn.execute(
        "UPDATE urls SET url = ?, hops = ?, state = ?, next_at = ?, etag = NULL, last_modified = NULL WHERE id = ?",
        (candidate.url, candidate.hops, READY, now, url_id),
    )
    _offer(core, url_id)


def _promote(
    core: Core, candidate: Candidate, url_id: int, *, role: Role, state: int, fetches: int, now: float
) -> None:
    """Give a known URL a better role if someone who knows says so, and make it due if a person asks for it."""
    via = candidate.fact.via
    rank = rank_of(candidate.role)
    told = via in (Via.CONFIG, Via.ROBOTS) or not fetches
    if candidate.role is not role and told and candidate.role in LISTINGS and rank < rank_of(role):
        core.conn.execute("UPDATE urls SET role = ?, rank = ? WHERE id = ?", (candidate.role.value, rank, url_id))
        if state == DONE:
            core.conn.execute("UPDATE urls SET state = ?, next_at = ? WHERE id = ?", (READY, now, url_id))
        _offer(core, url_id)
    of_today = candidate.past_until is None
    if candidate.role is role and role in LISTINGS and state == DONE and via in _NAMED and of_today:
        # It was tried as a guess once, or is of the past; now somebody names it.
        core.conn.execute("UPDATE urls SET state = ?, next_at = ? WHERE id = ?", (READY, now, url_id))
        _offer(core, url_id)
    if role is Role.SECTION and candidate.role is Role.PAGE and via in (Via.FEED, Via.NEWS_SITEMAP):
        # Taken for a section by its address; but what a feed announces is an article.
        core.conn.execute(
            "UPDATE urls SET role = ?, rank = ? WHERE id = ?", (Role.PAGE.value, rank_of(Role.PAGE), url_id)
        )
        _offer(core, url_id)
    if via is Via.USER and role is not Role.ROBOTS:
        core.conn.execute(
            "UPDATE urls SET rank = ?, state = ?, next_at = ? WHERE id = ?", (ASKED_RANK, READY, now, url_id)
        )
        _offer(core, url_id)


def _offer(core: Core, url_id: int) -> None:
    state, queue_id, rank, priority = core.conn.execute(
        "SELECT state, queue, rank, priority FROM urls WHERE id = ?", (url_id,)
    ).fetchone()
    if state == READY:
        queue = core.queues[queue_id]
        if queue.head is not None and queue.head[2] == url_id:
            core.find_head(queue)
            core.scheduler.offer(queue.key)
        core.offer_head(queue, rank, priority, url_id)


def late_facts(core: Core, limit: int) -> tuple[LateFact, ...]:
    """Return facts that wait although their URL is on the shelf: learned while it was out, or left by a killed run."""
    out = []
    for url_id, digest, fact, source in core.conn.execute(
        "SELECT f.url_id, f.digest, f.fact, q.source FROM facts f JOIN urls u ON u.id = f.url_id"
        " JOIN queues q ON q.id = u.queue WHERE f.fact IS NOT NULL AND u.fetches > 0 AND u.status IS NOT NULL LIMIT ?",
        (limit,),
    ):
        if url_id not in core.held:
            core.late.add((url_id, digest))
            out.append(LateFact(url_id=url_id, source=source, fact=fact_from_json(fact), digest=digest))
    return tuple(out)
