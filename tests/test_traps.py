"""Links without an end are told from news; a real site's articles hardly ever look like one."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import UrlError
from archive.urls import url_key
from crawler.discovery.links import page_links
from crawler.discovery.traps import MAX_KINDS, TrapCounts, trap_of

SITE = "https://paper.example"


def walked(urls: Iterable[str], *, at: date | None = None) -> tuple[int, str | None]:
    """Return how many of these URLs are followed, one after the other, before the first trap, and which that is.

    What is one address to the frontier is noted once.
    """
    seen, count, known = TrapCounts(at=at), 0, set()
    for url in urls:
        if (reason := trap_of(url, seen)) is not None:
            return count, reason
        count += 1
        with contextlib.suppress(UrlError):
            if (key := url_key(url)) not in known:
                known.add(key)
                seen = seen.noted([url])
    return count, None


def days(form: Callable[[date], str], start: date = date(2031, 1, 1), number: int = 400) -> list[str]:
    return [SITE + form(start + timedelta(days=day)) for day in range(number)]


def months(form: str, number: int = 400) -> list[str]:
    return [SITE + form.format(y=2031 + month // 12, m=month % 12 + 1) for month in range(number)]


TOKENS = [f"{number:032x}".replace("0", "a", 1) + "" for number in range(1, 100)]
WITHOUT_END = [
    (months("/calendar/{y}/{m:02}/"), 24, "trap-calendar"),
    (months("/calendar/{y}/{m}"), 24, "trap-calendar"),
    (months("/events/{y}-{m:02}/"), 24, "trap-calendar"),
    (months("/events/{y}{m:02}.html"), 24, "trap-calendar"),
    (months("/events/{y}-{m:02}/month/"), 24, "trap-calendar"),
    (months("/agenda?month={m}&year={y}"), 24, "trap-calendar"),
    (months("/agenda.php?view=list&mois={m}&annee={y}"), 24, "trap-calendar"),
    (months("/?m={y}{m:02}"), 24, "trap-calendar"),
    (months("/events/list/?bar-date={y}-{m:02}-01&display=past"), 24, "trap-calendar"),
    (months("/calendar/{y}/{m}?sort=884211{m}"), 24, "trap-calendar"),
    (days(lambda day: f"/{day:%Y/%m/%d}/"), 24, "trap-calendar"),
    (days(lambda day: f"/archive?date={day}"), 24, "trap-calendar"),
    ([f"{SITE}/a/{token}/politics/" for token in TOKENS], 3, "trap-session"),
    ([f"{SITE}/shop.php?visitortoken={token[:24]}x1" for token in TOKENS], 0, "trap-session"),
    ([f"{SITE}/council-votes?sid={token}" for token in TOKENS], 0, "trap-session"),
    ([SITE + "/a/b" * number for number in range(1, 20)], 2, "trap-repeat"),
    ([SITE + "/more" * number for number in range(1, 20)], 2, "trap-repeat"),
    ([SITE + "/news/world/asia" * number for number in range(1, 9)], 1, "trap-repeat"),
    ([f"{SITE}/" + "/".join(f"s{n}" for n in range(number)) for number in range(1, 60)], 25, "trap-repeat"),
    ([f"{SITE}/a/x/b/x/c/x/d/x"], 0, "trap-repeat"),
    (
        [f"{SITE}/list?color={c}&size={s}&sort={o}" for c in range(9) for s in "SML" for o in ("up", "down")],
        50,
        "trap-parameters",
    ),
    ([f"{SITE}/news?page={number}" for number in range(999)], 50, "trap-parameters"),
    ([f"{SITE}/?start={number}0&tag=x" for number in range(999)], 50, "trap-parameters"),
]


@pytest.mark.parametrize(("urls", "followed", "reason"), WITHOUT_END)
def test_what_has_no_end_is_left_after_a_while(urls: list[str], followed: int, reason: str) -> None:
    assert walked(urls) == (followed, reason)


def stories(form: str) -> list[str]:
    return [SITE + form.format(n=10_000 + number, d=date(2026, 1, 1) + timedelta(days=number)) for number in range(400)]


WITH_AN_END = [
    stories("/{d:%Y/%m/%d}/council-votes-again-{n}"),
    stories("/news/{d:%Y-%m-%d}-council-votes"),
    stories("/article.php?id={n}"),
    stories("/index.php?option=com_content&view=article&id={n}&catid=4"),
    stories("/news/articleView.html?idxno={n}"),
    stories("/story.asp?story=council-votes-again-on-{n}"),
    stories("/story?date={d}&nr={n}"),
    stories("/?p={n}&day={d}&aid={n}"),
    stories("/view.php?{n}"),
    [f"{SITE}/view?id={number}" for number in range(99)],
    stories("/2026/{n}"),
    stories("/{n}/{n}/{n}/{n}"),
    [f"{SITE}/article/{token}" for token in TOKENS],  # a token at the end is the page's name
    [f"{SITE}/{token}/{number}-council-votes" for number, token in enumerate(TOKENS)],  # each page behind its own
    # One address to us, whoever visits: archive.urls folds the session.
    [f"{SITE}/news/council-votes;jsessionid={token}" for token in TOKENS],
    [f"{SITE}/?PHPSESSID={token}" for token in TOKENS],
    [f"{SITE}/council-votes?id=77&sid={token}" for token in TOKENS],
    [f"{SITE}/2011/11/11/11-november", f"{SITE}/1/1/1/1/1", f"{SITE}/news/news", f"{SITE}/berlin/berlin/kultur"],
    ["", "no address", "https://", "mailto:a@paper.example", f"{SITE}/%ff%00?%ff=%ff", "https://[::1/x"],
]


@pytest.mark.parametrize("urls", WITH_AN_END)
def test_articles_are_no_traps(urls: list[str]) -> None:
    assert walked(urls) == (len(urls), None)


def test_the_page_of_the_day_is_followed_every_day_but_no_calendar_beside_it() -> None:
    seen = TrapCounts()
    for day in range(200):
        today = date(2026, 1, 1) + timedelta(days=day)
        seen = TrapCounts(counts=seen.counts, at=today)
        url = f"{SITE}/word-of-the-day/{today}"
        assert trap_of(url, seen) is None
        seen = seen.noted([url])
    later = [f"{SITE}/word-of-the-day/{date(2026, 9, 1) + timedelta(days=day)}" for day in range(30)]
    assert trap_of(later[-1], seen.noted(later[:24])) == "trap-calendar"


@pytest.mark.parametrize(
    ("path", "grace"),
    [("2026/05/21", True), ("2026/05/22", True), ("2026/05/23", False), ("2026/05/14", True), ("2026/05/13", False),
     ("2026/05", False), ("2026/04", False), ("2026", False)],
)  # fmt: skip
def test_what_is_dated_lately_counts_for_nothing(path: str, grace: bool) -> None:
    seen = TrapCounts(at=date(2026, 5, 21)).noted([f"{SITE}/archive/{path}"])
    assert (seen.counts == {}) is grace


URLS = st.lists(
    st.one_of(
        st.builds("{}/calendar/{}/{}".format, st.just(SITE), st.integers(2020, 2040), st.integers(1, 12)),
        st.builds("{}/list{}?page={}".format, st.just(SITE), st.integers(0, 600), st.integers(1, 9)),
    ),
    unique=True,
    max_size=900,
)


@settings(max_examples=25)
@given(URLS, st.integers(0, 900))
def test_counts_stay_small_never_count_too_much_and_merge(urls: list[str], cut: int) -> None:
    whole = TrapCounts().noted(urls)
    merged = TrapCounts().noted(urls[:cut]).merged(TrapCounts().noted(urls[cut:]))
    for counts in (whole, merged):
        assert len(counts.counts) <= MAX_KINDS
        for url in urls[:40]:
            (kind,) = TrapCounts().noted([url]).counts
            true = sum(list(TrapCounts().noted([each]).counts) == [kind] for each in urls)
            assert true - len(urls) / (MAX_KINDS + 1) <= counts.counts.get(kind, 0) <= true
    if len(whole.counts) < MAX_KINDS:
        assert merged == whole
    assert TrapCounts(counts=json.loads(json.dumps(whole.counts))) == whole


@pytest.mark.parametrize(
    "url",
    [SITE + "/a" * 30_000, SITE + "/?" + "a=1&" * 30_000, SITE + "/" + "2031/" * 9_000, SITE + "/?d=" + "2" * 90_000,
     SITE + "/" + "-" * 90_000, SITE + "/?s=" + "-a" * 40_000],
    ids=["deep", "many parameters", "dates", "digits", "dashes", "slug"],
)  # fmt: skip
def test_long_addresses_take_no_time(url: str) -> None:
    began = time.process_time()
    trap_of(url, TrapCounts())
    TrapCounts().noted([url])
    assert time.process_time() - began < 0.5


def test_the_calendar_of_our_own_papers_ends() -> None:
    from tests.site.content import papers
    from tests.site.pages import calendar

    paper = papers()["courier"]
    seen, asked = TrapCounts(at=date(2026, 5, 21)), 0
    todo, known = [f"{SITE}/calendar/2026/05"], {f"{SITE}/calendar/2026/05"}
    while todo:
        url = todo.pop(0)
        asked += 1
        year, month = (int(piece) for piece in url.split("/")[4:6])
        body = calendar(paper, year, month).encode()
        found = re.findall(rb'href="(/calendar/[^"]+)"', body)
        assert found
        assert page_links(body, url=url) is not None
        for link in (SITE + path.decode() for path in found):
            if link not in known and trap_of(link, seen) is None:
                known.add(link)
                seen = seen.noted([link])
                todo += [link] if link.count("/") == 5 else []
    assert asked < 30
    assert len(known) < 100


def test_no_article_of_the_corpus_is_a_trap(corpus: Path) -> None:
    """Each host's pages in turn, as if all were links of its home page: of two sets of addresses of news sites."""
    lines = (corpus / "replay" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    urls = [json.loads(line)["url"] for line in lines]
    for path in sorted((corpus / "suites" / "url").rglob("*")):
        if path.is_file() and "LICENSE" not in path.name:
            urls += re.findall(r"https?://[^\s\"'<>\\,]+", path.read_text(encoding="utf-8", errors="replace"))
    hosts = defaultdict(list)
    for url in dict.fromkeys(urls):
        try:
            hosts[url_key(url).partition("/")[0]].append(url)
        except ValueError:
            continue
    assert sum(map(len, hosts.values())) > 40_000
    assert [(host, end) for host, pages in hosts.items() if (end := walked(pages))[1] is not None] == []
