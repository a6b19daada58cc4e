"""`morgue status`: what each source's health is told from, in which words, and in how much room."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from archive.model import Extraction, Role
from archive.store import Store
from crawler.cli import group
from crawler.frontier.schema import open_database
from crawler.health import ill_before
from tests.store_helpers import START, article, at, new_store, put, snapshot, text_of

NOW = START + timedelta(days=40)
HOUR = 60.0  # minutes


@dataclass
class Made:
    """An archive under construction: START is its beginning, NOW the present."""

    path: Path
    store: Store
    pages: int = 0

    def source(self, name: str, **keys: str) -> None:
        with (self.path / "sources.toml").open("a", encoding="utf-8") as out:
            more = "".join(f"{key} = {value}\n" for key, value in keys.items())
            out.write(f'\n[[source]]\nname = "{name}"\nurl = "https://{len(name)}{self.pages}.example/"\n{more}')

    def known(
        self, source: str, role: Role = Role.FEED, *, ago: timedelta = timedelta(hours=1), **columns: object
    ) -> None:
        """Put an address into crawl.db; asked `ago`, with success unless `columns` say otherwise."""
        self.pages += 1
        asked = (NOW - ago).timestamp()
        row: dict[str, object] = {
            "hash": str(self.pages).encode(), "url": f"https://a.example/{self.pages}", "role": role.value, "rank": 1,
            "priority": 0, "state": 0, "next_at": NOW.timestamp() + 600, "hops": 0, "depth": 0, "first_seen": 0.0,
            "last_fetched": asked, "fetches": 5, "visits": 5, "interval": 1800.0, "status": 200, "reason": None,
            "captured_at": "2026-05-01T00:00:00+00:00",
        }  # fmt: skip
        row |= columns
        conn = open_database(self.path / "crawl.db")
        conn.execute("INSERT OR IGNORE INTO queues(key, source) VALUES(?, ?)", (source, source))
        row["queue"] = conn.execute("SELECT id FROM queues WHERE source = ?", (source,)).fetchone()[0]
        conn.execute(f"INSERT INTO urls({','.join(row)}) VALUES({','.join('?' * len(row))})", tuple(row.values()))
        conn.close()

    def article(self, source: str, minutes: float) -> None:
        """Let an article of its own be captured so many minutes after START."""
        self.pages += 1
        url = f"https://a.example/2026/{self.pages}"
        put(self.store, snapshot(url, minutes, source=source, role=Role.PAGE), article(text_of(f"w{self.pages}x")))

    def refused(self, source: str, minutes: float, reason: str) -> None:
        """Let a page be captured that is no article."""
        self.pages += 1
        url = f"https://a.example/shop/{self.pages}"
        put(self.store, snapshot(url, minutes, source=source, role=Role.PAGE), Extraction.refused(reason))

    def feed_read(self, source: str, minutes: float) -> None:
        put(self.store, snapshot("https://a.example/feed", minutes, source=source, role=Role.FEED), None)

    def status(self, *words: str) -> Result:
        return CliRunner().invoke(group, ["-a", str(self.path), "status", *words])

    def told(self, name: str) -> dict[str, object]:
        sources = json.loads(self.status("--json").stdout)["sources"]
        return next(source for source in sources if source["name"] == name)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    assert CliRunner().invoke(group, ["init", str(tmp_path / "a")]).exit_code == 0
    monkeypatch.setenv("MORGUE_NOW", NOW.isoformat())
    (tmp_path / "a" / "archive.db").unlink()
    return Made(tmp_path / "a", new_store(tmp_path / "a" / "archive.db"))


def minutes(days: float) -> float:
    return days * 24 * HOUR


def test_a_source_that_is_well(made: Made) -> None:
    made.source("paper")
    made.known("paper", interval=5400.0)
    made.known("paper", Role.SITEMAP, interval=86400.0, next_at=NOW.timestamp() + 9000)
    made.known("paper", Role.PAGE, status=404, reason="status-404", ago=timedelta(minutes=5))
    for day in range(38, 40):
        made.article("paper", minutes(day))
    made.refused("paper", minutes(39), "listing")
    made.feed_read("paper", minutes(39.9))
    told = made.told("paper")
    assert made.status().exit_code == 0
    assert (told["problem"], told["silence"]) == (None, None)
    assert told["last_success"] == (NOW - timedelta(hours=1)).isoformat()  # of the 404 that came later none is
    assert told["last_new"] == at(minutes(39)).isoformat()
    assert (told["interval"], told["failures"]) == (5400.0, {"status-404": 1})
    assert told["next_visit"] == (NOW + timedelta(minutes=10)).isoformat()
    assert (told["pages_read"], told["no_article"], told["no_article_reasons"]) == (3, 1, {"listing": 1})


def test_an_unusual_silence_is_told_with_its_figures(made: Made) -> None:
    made.source("the paper")
    made.known("the paper")
    for hour in range(0, 34 * 24, 3):
        made.article("the paper", hour * HOUR)
    made.feed_read("the paper", minutes(39.9))
    done = made.status("--problems")
    assert done.exit_code == 3
    assert done.stdout == (
        "the paper: no new article for 6 days; usually one every 3 hours: `morgue sources check 'the paper'` asks its"
        " listings\n"
    )
    silence = {"seconds": pytest.approx(6.0 * 86400, abs=8000), "usual": 10800.0, "allowed": 172800.0}
    assert made.told("the paper")["silence"] == silence


@pytest.mark.parametrize(
    ("asked", "read"),
    [(timedelta(days=5.5), 39.9), (timedelta(hours=1), 34.5)],
    ids=["we did not ask", "what came was not read yet"],
)
def test_a_silence_of_our_own_is_none_of_the_site(made: Made, asked: timedelta, read: float) -> None:
    made.source("paper")
    made.known("paper", ago=asked)
    for hour in range(0, 34 * 24, 3):
        made.article("paper", hour * HOUR)
    made.feed_read("paper", minutes(read))
    assert made.told("paper")["problem"] is None


FAILING = {"status": 500, "reason": "status-500", "failures": 3}


def test_failing_listings_are_named_by_their_own_reasons(made: Made) -> None:
    made.source("paper")
    made.known("paper", **FAILING)
    for _ in range(3):
        made.known("paper", Role.PAGE, status=404, reason="status-404", failures=1)
    made.known("paper", Role.PAGE)
    told = made.told("paper")
    assert told["problem"] == "its listings fail (status-500): `morgue sources check paper` says what mends it"
    assert told["failures"] == {"status-404": 3, "status-500": 1}
    assert told["interval"] is None  # nothing of it is asked at a learned pace now


def test_one_listing_that_works_is_enough(made: Made) -> None:
    made.source("paper")
    made.known("paper", **FAILING)
    made.known("paper")
    assert made.told("paper")["problem"] is None


@pytest.mark.parametrize(
    ("articles", "refused", "ill"),
    [
        (0, 4, False),  # four may be chance
        (0, 5, True),
        (1, 5, False),  # it has brought one
        (2, 18, True),  # nine of ten
        (3, 18, False),
        (1, 18, False),  # fewer than twenty
    ],
)
def test_pages_that_give_no_articles(made: Made, articles: int, refused: int, ill: bool) -> None:
    made.source("paper")
    made.known("paper")
    for number in range(articles):
        made.article("paper", minutes(39.0) + number)
    for number in range(refused):
        made.refused("paper", minutes(39.5) + number, "too-short" if number else "listing")
    made.feed_read("paper", minutes(39.9))
    problem = made.told("paper")["problem"]
    assert (problem is not None) is ill
    if ill:
        assert str(problem).startswith(f"{refused} of the {articles + refused} pages read last gave no article")
        assert f"({refused - 1} too-short, 1 listing): `morgue save https://a.example/shop/" in str(problem)


def test_what_was_refused_long_ago_says_nothing_of_today(made: Made) -> None:
    made.source("paper")
    made.known("paper")
    for number in range(40):
        made.refused("paper", minutes(1) + number, "too-short")
    made.article("paper", minutes(39))
    told = made.told("paper")
    assert (told["pages_read"], told["no_article"], told["problem"]) == (1, 0, None)


def test_a_source_that_is_off_is_not_ill(made: Made) -> None:
    made.source("paper", enabled="false")
    made.known("paper", **FAILING)
    done = made.status()
    assert done.exit_code == 0
    assert "off" in done.stdout


WIDE = [
    "南方日报网络新闻中心编辑部门第一分部",
    "Süddeutsche-Rundschau-am-Sonntag-Lokalteil",
    "صحيفة المثال اليومية",
    "p",
]


def test_the_table_fits_a_hundred_columns_whatever_the_names(made: Made) -> None:
    for name in WIDE:
        made.source(name)
        made.known(name, interval=86400.0, next_at=NOW.timestamp() + 30 * 86400, ago=timedelta(days=999))
        for _ in range(3):
            made.known(name, state=1, ago=timedelta(days=999))
    lines = made.status().stdout.splitlines()
    assert len(lines) == len(WIDE) + 2
    assert max(cell_len(line.rstrip()) for line in lines) <= 100
    assert lines[1].startswith("南方日报网络新闻中心编… ")
    assert "999 d" in lines[1]


def test_no_crawl_yet_and_no_source_yet(made: Made) -> None:
    assert made.status().stdout == "No sources yet: `morgue sources add URL`.\n"
    made.source("paper")
    done = made.status()
    assert (done.exit_code, "No crawl yet" in done.stdout, "never" in done.stdout) == (0, True, True)


def test_the_ill_of_the_newest_report_that_names_them(tmp_path: Path) -> None:
    assert ill_before(tmp_path / "none") == {}
    reports = {"1": {"ill": {"a": "x"}}, "2": {"ill": {"b": "y"}}, "3": {}, "4": []}
    for number, report in reports.items():
        (tmp_path / f"run-2026050106000{number}-x.json").write_text(json.dumps(report))
    (tmp_path / "run-20260501060005-x.json").write_text("{")
    (tmp_path / "run-20260501060006-x.json").write_text("[" * 100_000)  # deeper than JSON can be read
    assert ill_before(tmp_path) == {"b": "y"}


def test_status_answers_from_indexes(made: Made) -> None:
    """Rows of articles are long: a look at each would take minutes where there are millions."""
    asked: list[str] = []
    made.store.db.conn.set_trace_callback(None)
    from archive.query import health, open_reader

    with open_reader(made.path / "archive.db") as reader:
        reader.set_trace_callback(asked.append)
        health.articles_by_source(reader)
        health.arrivals(reader, "paper", START)
        health.last_read(reader, "paper")
        health.last_good_answer(reader, "https://a.example/feed")
        health.readings(reader, "paper", START)
        reader.set_trace_callback(None)
    plans = []
    for sql in asked:
        plans += [row[3] for row in made.store.db.conn.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
    used = [plan for plan in plans if plan.startswith("SEARCH")]
    assert not [plan for plan in plans if plan.startswith("SCAN") and plan != "SCAN c"]
    wanted = [
        "articles_seen",
        "articles_seen",
        "captures_source",
        "captures_identity",
        "captures_read",
        "extractions_refused",
    ]
    assert len(used) == len(wanted)
    for plan, index in zip(used, wanted, strict=True):
        covering = "" if index == "captures_identity" else "COVERING "
        assert f"{covering}INDEX {index}" in plan


def test_last_run_is_told_of_runs_without_a_report_too(made: Made) -> None:
    made.source("paper")
    conn = open_database(made.path / "crawl.db")
    conn.execute("INSERT INTO meta(name, value) VALUES('now', ?)", (str(START.timestamp()),))
    conn.close()
    told = json.loads(made.status("--json").stdout)
    assert datetime.fromisoformat(told["last_run"]) == START.astimezone(UTC)
    (made.path / "reports" / "run-20260502060000-x.json").write_text("{}")
    assert json.loads(made.status("--json").stdout)["last_run"] == "2026-05-02T06:00:00+00:00"
