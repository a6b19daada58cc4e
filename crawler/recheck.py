"""When to visit a URL next. Pure: what happened and what was so far go in, the next time and its reason come out.

Times are epoch seconds of the archive's clock, intervals are seconds. Sources: Media Cloud's rss-fetcher (feeds: longer
at 67% or more already known, shorter at 33% or less), CC-NEWS (sitemaps that changed within a week: at most 24 h).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

from archive.model import Role

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0

LISTINGS = frozenset({Role.FEED, Role.SITEMAP, Role.HOME, Role.SECTION})

# Corrections come within hours, removals within weeks; a month later hardly any page still changes.
ARTICLE_SERIES = (HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY)
# Publishers unpublish by accident (a CMS release, an embargo): asked a few times, then rarely, to see a page come back.
GONE_SERIES: tuple[float, ...] = (HOUR, DAY, 7 * DAY)
GONE_RARELY = 90 * DAY
FAILURE_SERIES: tuple[float, ...] = (10 * MINUTE, HOUR, 6 * HOUR, DAY, DAY, DAY, 7 * DAY)
ASSET_SERIES: tuple[float, ...] = (
    10 * MINUTE,
    6 * HOUR,
    DAY,
)  # then never: the page is older than its picture's server
_TOO_LARGE = frozenset({"too-large", "truncated-length"})
ASSET_FRESH = 30 * DAY  # an asset is asked for again where a page shows it so long after
ELSEWHERE_SERIES: tuple[float, ...] = (DAY, 7 * DAY, 30 * DAY)  # redirects that are not for good
REFUSED_SERIES: tuple[float, ...] = (
    DAY,
    DAY,
    7 * DAY,
)  # 401, 403, 451 …: a decision of the site, which a retry in ten minutes will not change
RARELY = 30 * DAY  # dead feeds and hosts: probed monthly, never forgotten
LISTING_MIN = 10 * MINUTE
LISTING_MAX = DAY
LISTING_START = HOUR
MOST_EARLY = 10 * MINUTE  # by which a listing's interval may be cut short, see `next_visit`
STEP = 1.5
MOSTLY_KNOWN, MOSTLY_NEW = 0.67, 0.33
_SOON = MINUTE
_WEEK = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What a listing led to: URLs new to the frontier, URLs known before."""

    new: int = 0
    known: int = 0
    news_sitemap: bool = False  # it had `news:` fields: it changes by the hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one visit brought."""

    status: int | None  # None: no response
    error: str | None = None  # as in `crawler.capture.Kept`
    truncated: str | None = None
    same_body: bool = False  # the payload digest is that of the last kept whole body
    harvest: Harvest | None = None  # None: not a listing, or nobody counted


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the frontier remembers of a URL's visits."""

    failures: int = 0  # in a row
    interval: float | None = None  # learned, seconds; listings only
    visits: int = 0  # that brought the page whole or said "not modified"
    last_changed: float | None = None  # epoch; of a section: when it last named something new


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """When next and why."""

    next_at: float | None  # None: never again
    reason: str | None  # named reason of a failure, None for none
    history: History


def next_visit(role: Role, outcome: Outcome, history: History, now: float, *, begun: float | None = None) -> Next:
    """Return when a URL is due again after `outcome`, with the history to remember.

    `begun`: when the run began (None: just now). A listing's interval counts from there, if that is a short time ago: under
    cron the next run begins an interval after this one, and what was visited three minutes into it would not be due
    yet, and be visited at half the pace that was learned.

    robots.txt has no schedule of its own (`None`): it is asked for when a page needs it.
    """
    if outcome.error == "cancelled":  # the run ended, not the server: as if it had not been asked
        return Next(next_at=now + _SOON, reason="cancelled", history=history)
    reason = failure_reason(outcome)
    if role is Role.ROBOTS:
        failures = history.failures + 1 if reason else 0
        return Next(next_at=None, reason=reason, history=_with(history, failures=failures, now=now, changed=False))
    if role is Role.ASSET:
        return _shown(reason, outcome.status, history, now)
    if reason is not None:
        return _failed(role, reason, outcome.status, history, now)
    if outcome.status is not None and is_redirect(outcome.status):
        return _redirected(role, outcome.status, history, now)
    changed = outcome.status != HTTPStatus.NOT_MODIFIED and not outcome.same_body
    if role in LISTINGS:
        after = _listed(role, outcome, history, now, changed=changed)
        return _from_the_beginning(after, now, now if begun is None else begun)
    visits = history.visits + 1
    delay = ARTICLE_SERIES[visits - 1] if visits <= len(ARTICLE_SERIES) else None
    return Next(
        next_at=None if delay is None else now + delay,
        reason=None,
        history=History(
            failures=0, interval=delay, visits=visits, last_changed=now if changed else history.last_changed
        ),
    )


def _shown(reason: str | None, status: int | None, history: History, now: float) -> Next:
    """Return the next visit of what a page shows: it is asked for once, and again only if that may have been an accident."""
    final = reason is None or (
        status is not None and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    )
    again = reason is not None and (not final or status in (408, 425, 429)) and reason not in _TOO_LARGE
    failures = history.failures + 1 if reason else 0
    delay = ASSET_SERIES[failures - 1] if again and failures <= len(ASSET_SERIES) else None
    return Next(
        next_at=None if delay is None else now + delay,
        reason=reason,
        history=_with(history, failures=failures, now=now, changed=reason is None),
    )


def is_redirect(status: int | None) -> bool:
    """Return whether a status sends us elsewhere; 304 does not."""
    return (
        status is not None
        and HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
        and status != HTTPStatus.NOT_MODIFIED
    )


def failure_reason(outcome: Outcome) -> str | None:
    """Return the named reason why a visit brought nothing whole, or None if it did.

    >>> failure_reason(Outcome(status=503))
    'status-503'
    """
    if outcome.error:
        return outcome.error
    if outcome.truncated:
        return f"truncated-{outcome.truncated}"
    if outcome.status is None:
        return "no-response"
    if outcome.status >= HTTPStatus.BAD_REQUEST or outcome.status < HTTPStatus.OK:
        return f"status-{outcome.status}"
    return None


def _with(history: History, *, failures: int, now: float, changed: bool) -> History:
    return History(
        failures=failures,
        interval=history.interval,
        visits=history.visits,
        last_changed=now if changed else history.last_changed,
    )


def _failed(role: Role, reason: str, status: int | None, history: History, now: float) -> Next:
    failures = history.failures + 1
    rarely = RARELY
    series = FAILURE_SERIES
    if status in (404, 410) and reason.startswith("status-"):
        series = GONE_SERIES
        rarely = RARELY if role in LISTINGS else GONE_RARELY
    elif reason.startswith("status-4") and status not in (408, 425, 429):
        series = REFUSED_SERIES
    delay = series[failures - 1] if failures <= len(series) else rarely
    return Next(next_at=now + delay, reason=reason, history=_with(history, failures=failures, now=now, changed=False))


def _redirected(role: Role, status: int, history: History, now: float) -> Next:
    """Return the next visit of a URL that sent us elsewhere: its target is a URL of its own from now on.

    A page's old address is done; where it sends us elsewhere for the moment only (302, 307: to a page that says
    "maintenance", to log in), it is asked a few times more. A listing's is asked again from time to time: when a site
    moves once more, the old address knows it first.
    """
    for_good = status in (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT)
    visits = history.visits
    if role in LISTINGS:
        delay: float | None = RARELY if for_good else _WEEK
    else:
        visits += 1
        delay = None if for_good or visits > len(ELSEWHERE_SERIES) else ELSEWHERE_SERIES[visits - 1]
    return Next(
        next_at=None if delay is None else now + delay,
        reason=None,
        history=replace(_with(history, failures=0, now=now, changed=False), visits=visits),
    )


def _from_the_beginning(after: Next, now: float, begun: float) -> Next:
    if after.next_at is None or after.history.interval is None:
        return after
    lag = now - begun
    early = 0 < lag <= min(after.history.interval / 4, MOST_EARLY)
    return replace(after, next_at=after.next_at - lag) if early else after


def _listed(role: Role, outcome: Outcome, history: History, now: float, *, changed: bool) -> Next:
    interval = LISTING_START if history.interval is None else history.interval
    last_changed = now if changed else history.last_changed
    harvest = outcome.harvest
    if not changed:
        interval *= STEP
    elif harvest is not None and harvest.new + harvest.known:
        share = harvest.known / (harvest.new + harvest.known)
        # The first visit finds everything new: that says nothing of how often the listing changes.
        if history.visits:
            interval *= STEP if share >= MOSTLY_KNOWN else 1 / STEP if share <= MOSTLY_NEW else 1
    ceiling = LISTING_MAX
    if role is Role.SECTION:
        # Some addresses that look like a section's are articles, and there are more of them every day. What has named
        # nothing new for a week is asked for less and less; one new link brings it back.
        brought = harvest is not None and harvest.new > 0
        last_changed = now if brought or history.last_changed is None else history.last_changed
        ceiling = LISTING_MAX if now - last_changed <= _WEEK else RARELY
    if role is Role.SITEMAP:
        news = harvest is not None and harvest.news_sitemap
        fresh = last_changed is not None and now - last_changed <= _WEEK
        ceiling = LISTING_MAX if news or fresh else RARELY
    interval = min(max(interval, LISTING_MIN), ceiling)
    return Next(
        next_at=now + interval,
        reason=None,
        history=History(failures=0, interval=interval, visits=history.visits + 1, last_changed=last_changed),
    )
