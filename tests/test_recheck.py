"""When a URL is due again."""

from __future__ import annotations

import pytest

from archive.model import Role
from crawler.recheck import DAY, HOUR, MINUTE, Harvest, History, Outcome, failure_reason, next_visit

NOW = 1_777_600_000.0
OK = Outcome(status=200)
SAME = Outcome(status=304)


@pytest.mark.parametrize(
    ("history", "outcome", "minutes"),
    [
        (History(), Outcome(status=200, harvest=Harvest(new=30)), 60),  # first visit: all is new, says nothing
        (History(visits=1, interval=HOUR), Outcome(status=200, harvest=Harvest(new=1, known=9)), 90),  # mostly known
        (History(visits=1, interval=HOUR), Outcome(status=200, harvest=Harvest(new=9, known=1)), 40),  # mostly new
        (History(visits=1, interval=HOUR), Outcome(status=200, harvest=Harvest(new=5, known=5)), 60),  # between
        (History(visits=1, interval=HOUR), SAME, 90),  # 304: nothing new
        (History(visits=1, interval=HOUR), Outcome(status=200, same_body=True), 90),  # 200 with the same bytes, too
        (History(visits=1, interval=HOUR), Outcome(status=200, harvest=Harvest()), 60),  # an empty feed says nothing
        (History(visits=9, interval=11 * MINUTE), Outcome(status=200, harvest=Harvest(new=9)), 10),  # floor
        (History(visits=9, interval=23 * HOUR), SAME, 24 * 60),  # ceiling
    ],
)
@pytest.mark.parametrize("role", [Role.FEED, Role.HOME, Role.SECTION])
def test_listings_learn_their_interval(role: Role, history: History, outcome: Outcome, minutes: float) -> None:
    after = next_visit(role, outcome, history, NOW)
    assert after.next_at == pytest.approx(NOW + minutes * MINUTE)
    assert after.reason is None
    assert after.history.visits == history.visits + 1


@pytest.mark.parametrize(
    ("interval", "minutes_into_the_run", "minutes"),
    [
        (DAY, 3, 24 * 60 - 3),  # under a daily cron it is due when the next run begins
        (DAY, 0, 24 * 60),
        (DAY, 300, 24 * 60),  # a run that goes on for hours visits it at the pace that was learned
        (10 * MINUTE, 2, 8),
        (10 * MINUTE, 9, 10),  # the next run is at work when it is due
    ],
)
def test_an_interval_counts_from_the_beginning_of_the_run(
    interval: float, minutes_into_the_run: float, minutes: float
) -> None:
    history = History(visits=5, interval=interval)
    some = Outcome(status=200, harvest=Harvest(new=5, known=5))
    after = next_visit(Role.FEED, some, history, NOW, begun=NOW - minutes_into_the_run * MINUTE)
    assert after.next_at == NOW + minutes * MINUTE
    assert after.history.interval == interval


def test_a_sitemap_that_changed_within_a_week_is_read_daily_and_an_old_one_ever_less() -> None:
    history = History(visits=9, interval=DAY, last_changed=NOW - 6 * DAY)
    assert next_visit(Role.SITEMAP, SAME, history, NOW).next_at == NOW + DAY
    history = History(visits=9, interval=DAY, last_changed=NOW - 8 * DAY)
    assert next_visit(Role.SITEMAP, SAME, history, NOW).next_at == NOW + 1.5 * DAY
    history = History(visits=9, interval=29 * DAY, last_changed=NOW - 80 * DAY)
    assert next_visit(Role.SITEMAP, SAME, history, NOW).next_at == NOW + 30 * DAY
    news = Outcome(status=200, harvest=Harvest(known=9, news_sitemap=True), same_body=True)
    assert next_visit(Role.SITEMAP, news, history, NOW).next_at == NOW + DAY


def test_a_section_that_names_nothing_new_is_asked_for_less_and_less_and_one_link_brings_it_back() -> None:
    """An article whose address looks like a section's must not be asked for every day for ever."""
    history, at = History(), NOW
    visits = 0
    nothing = Outcome(status=200, harvest=Harvest(known=12))
    after = next_visit(Role.SECTION, Outcome(status=200, harvest=Harvest(new=12)), history, at)
    while at < NOW + 365 * DAY:
        assert after.next_at is not None
        at, history, visits = after.next_at, after.history, visits + 1
        after = next_visit(Role.SECTION, nothing, history, at)
    assert visits < 45  # of them 19 in the first week
    after = next_visit(Role.SECTION, Outcome(status=200, harvest=Harvest(new=1, known=11)), after.history, at)
    assert after.next_at == at + DAY
    assert next_visit(Role.HOME, nothing, after.history, at + 60 * DAY).next_at == at + 61 * DAY  # a front page is one


def test_articles_are_visited_in_a_decaying_series_and_then_never() -> None:
    history, delays = History(), []
    for outcome in (OK, SAME, SAME, OK, SAME, SAME):
        after = next_visit(Role.PAGE, outcome, history, NOW)
        delays.append(None if after.next_at is None else after.next_at - NOW)
        history = after.history
    assert delays == [HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, None]


def test_a_failure_in_the_series_does_not_use_up_a_visit() -> None:
    history = next_visit(Role.PAGE, OK, History(), NOW).history
    failed = next_visit(Role.PAGE, Outcome(status=None, error="timeout"), history, NOW)
    assert (failed.reason, failed.next_at) == ("timeout", NOW + 10 * MINUTE)
    assert next_visit(Role.PAGE, SAME, failed.history, NOW).next_at == NOW + 6 * HOUR


@pytest.mark.parametrize(
    ("role", "outcome", "delays"),
    [
        (Role.PAGE, Outcome(status=503), [600, HOUR, 6 * HOUR, DAY, DAY, DAY, 7 * DAY, 30 * DAY, 30 * DAY]),
        (Role.FEED, Outcome(status=None, error="dns"), [600, HOUR, 6 * HOUR, DAY, DAY, DAY, 7 * DAY, 30 * DAY]),
        (Role.PAGE, Outcome(status=404), [HOUR, DAY, 7 * DAY, 90 * DAY, 90 * DAY]),  # confirmed, then rarely
        (Role.FEED, Outcome(status=410), [HOUR, DAY, 7 * DAY, 30 * DAY, 30 * DAY]),  # a dead feed: monthly
        (Role.PAGE, Outcome(status=403), [DAY, DAY, 7 * DAY, 30 * DAY]),  # a decision of the site
        (Role.PAGE, Outcome(status=429), [600, HOUR]),  # not now, but soon
    ],
)
def test_failures_back_off(role: Role, outcome: Outcome, delays: list[float]) -> None:
    history = History()
    for count, delay in enumerate(delays, start=1):
        after = next_visit(role, outcome, history, NOW)
        assert after.next_at == NOW + delay
        assert after.history.failures == count
        history = after.history
    assert next_visit(role, OK, history, NOW).history.failures == 0


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome(status=200), None),
        (Outcome(status=304), None),
        (Outcome(status=301), None),
        (Outcome(status=404), "status-404"),
        (Outcome(status=999), "status-999"),  # LinkedIn's
        (Outcome(status=103), "status-103"),  # an interim response as the final one
        (Outcome(status=200, truncated="length"), "truncated-length"),
        (Outcome(status=200, error="disconnect", truncated="disconnect"), "disconnect"),  # the cause, not its effect
        (Outcome(status=None), "no-response"),
    ],
)
def test_every_failure_has_its_name(outcome: Outcome, reason: str | None) -> None:
    assert failure_reason(outcome) == reason


def test_a_cancelled_exchange_is_not_the_servers_fault() -> None:
    history = History(failures=2, visits=1)
    after = next_visit(Role.PAGE, Outcome(status=None, error="cancelled"), history, NOW)
    assert (after.next_at, after.history) == (NOW + 60, history)


def test_a_page_that_is_elsewhere_for_the_moment_is_asked_a_few_times_more() -> None:
    """Behind a 302 may be a page that says "maintenance"; a 301 is for good."""
    for status, delays in ((302, [DAY, 7 * DAY, 30 * DAY, None]), (307, [DAY]), (301, [None]), (308, [None])):
        history = History()
        for delay in delays:
            after = next_visit(Role.PAGE, Outcome(status=status), history, NOW)
            assert after.next_at == (None if delay is None else NOW + delay)
            history = after.history


def test_a_page_redirected_for_good_is_done_and_a_redirected_listing_is_asked_again() -> None:
    assert next_visit(Role.PAGE, Outcome(status=301), History(), NOW).next_at is None
    assert next_visit(Role.HOME, Outcome(status=301), History(), NOW).next_at == NOW + 30 * DAY
    assert next_visit(Role.FEED, Outcome(status=302), History(), NOW).next_at == NOW + 7 * DAY


def test_robots_txt_has_no_schedule_of_its_own() -> None:
    assert next_visit(Role.ROBOTS, OK, History(), NOW).next_at is None
    assert next_visit(Role.ROBOTS, Outcome(status=500), History(), NOW).reason == "status-500"
