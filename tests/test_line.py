"""Two days of the whole line: four papers crawled, read, kept, and made again from what was kept."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.line import CRAWL_DELAY, DAY_2, Days, articles_by_path, dump, new_archive
from tests.site.content import papers
from tests.site.expected import changes_on, expected_on

ALL_1 = expected_on(1)
NOT_ARTICLES = ("/", "/rss.xml", "/atom.xml", "/feed", "/robots.txt", "/calendar", "/sitemap", "/authors", "/old")


def own_path(url: str) -> str:
    return urlsplit(url).path


def test_every_article_of_day_one_is_an_article(days: Days) -> None:
    found = articles_by_path(days.first, days.server.sites)
    assert set(found) == {(row.site, row.path) for row in ALL_1}


@pytest.mark.parametrize("site", papers())
def test_articles_say_what_their_pages_say(days: Days, site: str) -> None:
    found = articles_by_path(days.first, days.server.sites)
    for row in (row for row in ALL_1 if row.site == site):
        article = found[site, row.path]
        assert article["title"] == row.title
        assert json.loads(article["authors"]) == list(row.authors), row.path
        assert article["published"][:10] == row.published, row.path
        assert row.published_full in (None, article["published"])
        assert (article["language"], article["source"]) == (row.language, site)
        assert row.phrase in article["text"]


def test_nothing_else_is_an_article(days: Days) -> None:
    urls = days.second.values("SELECT url FROM captures WHERE article IS NULL")
    assert {own_path(url) for url in urls} >= {"/", "/rss.xml", "/atom.xml", "/sitemap.xml", "/robots.txt"}
    wrong = [url for url in days.second.values("SELECT url FROM articles") if own_path(url) in NOT_ARTICLES]
    assert wrong == []
    sections = {f"/{section}/" for paper in papers().values() for section in paper.sections}
    assert sections.isdisjoint(own_path(url) for url in days.second.values("SELECT url FROM articles"))
    reasons = set(days.first.values("SELECT DISTINCT reason FROM extractions WHERE status = 'refused'"))
    assert reasons >= {"front-page", "listing", "feed", "status"}


def test_a_story_printed_twice_is_one_story_with_two_addresses(days: Days) -> None:
    copies = [row for row in ALL_1 if row.copy_of]
    found = articles_by_path(days.first, days.server.sites)
    for row in copies:
        assert found[row.site, row.path]["story"] == found[row.site, str(row.copy_of)]["story"]
    stories = days.first.values("SELECT count(*) FROM stories")
    assert stories == [len(ALL_1) - len(copies) - len(SYNDICATED)]


SYNDICATED = {("bote", "/english/orrin-strait-deal"): "near", ("sada", "/english/2207/straits-closure"): "near"}


def test_what_other_papers_print_of_a_story_is_one_story(days: Days) -> None:
    """One of the three came first; the others took it over, under other headlines, one without its last paragraphs."""
    found = articles_by_path(days.first, days.server.sites)
    family = [("courier", "/world/2026/05/19/straits-treaty"), *SYNDICATED]
    assert len({found[name]["story"] for name in family}) == 1
    assert sorted(str(found[name]["kind"]) for name in family) in (["exact", "near", "new"], ["near", "near", "new"])


def test_robots_txt_is_obeyed_and_asked_for_first(days: Days) -> None:
    for log in days.logs:
        assert [entry.path for entry in log if entry.path.startswith(("/private/", "/search", "/druck/"))] == []
    for site in papers():
        assert next(entry.path for entry in days.logs[0] if entry.site == site) == "/robots.txt"


def test_the_guest_says_who_he_is_and_asks_one_thing_at_a_time(days: Days) -> None:
    entries = [entry for log in days.logs for entry in log]
    assert {entry.concurrent for entry in entries} == {1}
    assert {entry.method for entry in entries} == {"GET"}
    assert all("mailto:desk@paper.example" in entry.user_agent for entry in entries)


def test_the_crawl_delay_is_kept_though_sources_toml_allows_none(days: Days) -> None:
    for log in days.logs:
        times = [entry.time for entry in log if entry.site == "shiori"]
        assert all(later - earlier >= CRAWL_DELAY for earlier, later in pairwise(times))
    assert len([entry for entry in days.logs[0] if entry.site == "shiori"]) > 8


def test_the_endless_calendar_ends(days: Days) -> None:
    for log in days.logs:
        assert len([entry for entry in log if entry.path.startswith("/calendar")]) < 5
    assert [report["ended_by"] for report in days.reports] == ["done"] * 3


def test_no_address_is_asked_for_twice_in_a_run(days: Days) -> None:
    for log in days.logs:
        asked = [(entry.site, entry.path) for entry in log if entry.path != "/robots.txt"]
        assert len(asked) == len(set(asked))


def test_the_same_evening_again_nothing_is_due(days: Days) -> None:
    assert days.logs[1] == []
    assert days.reports[1]["requests"] == 0


def test_day_two_brings_the_new_and_only_the_new(days: Days) -> None:
    new = {(row.site, row.path) for row in expected_on(2)} - {(row.site, row.path) for row in ALL_1}
    assert new == set(changes_on(2).new)
    found = articles_by_path(days.second, days.server.sites)
    assert set(found) == {(row.site, row.path) for row in ALL_1} | new
    assert days.reports[2]["ingest"]["new"] == len(new)
    assert {key for key, row in found.items() if row["first_seen"] > "2026-05-21"} == new


def test_revised_articles_keep_both_texts(days: Days) -> None:
    rows = days.second.rows(
        "SELECT a.url, r.seq, r.title, r.text, r.seen_from FROM revisions r JOIN articles a ON a.pk = r.article"
        " WHERE r.cause = 'publisher' AND a.pk IN (SELECT article FROM revisions WHERE seq > 1) ORDER BY a.url, seq"
    )
    revised = set(changes_on(2).revised)
    assert {own_path(row["url"]) for row in rows} == {path for _, path in revised}
    for day in (1, 2):
        truth = {row.path: row for row in expected_on(day) if (row.site, row.path) in revised}
        kept = {own_path(row["url"]): row for row in rows if row["seq"] == day}
        for path, row in truth.items():
            assert kept[path]["title"] == row.title
            assert all(paragraph in kept[path]["text"] for paragraph in row.text.split("\n\n"))
            assert kept[path]["seen_from"].startswith(f"2026-05-{19 + day}")
    assert days.reports[2]["ingest"]["revisions"] == len(revised)


def test_other_furniture_is_no_revision(days: Days) -> None:
    (site, path), *_ = changes_on(2).refurnished
    assert [entry.status for entry in days.logs[2] if (entry.site, entry.path) == (site, path)] == [200]
    url = days.server.url(site, path)
    assert days.second.values("SELECT count(*) FROM captures WHERE url = ?", url) == [2]
    assert days.second.values(
        "SELECT count(*) FROM revisions r JOIN articles a ON a.pk = r.article WHERE a.url = ?", url
    ) == [1]


def test_a_removed_article_is_gone_but_kept(days: Days) -> None:
    found = articles_by_path(days.second, days.server.sites)
    assert {key for key, row in found.items() if row["gone_at"]} == set(changes_on(2).gone)
    (site, path), *_ = changes_on(2).gone
    truth = next(row for row in ALL_1 if row.path == path)
    assert truth.phrase in found[site, path]["text"]
    assert days.reports[2]["ingest"]["gone"] == 1


def test_what_is_kept_is_asked_for_conditionally_and_304_where_nothing_changed(days: Days) -> None:
    kept = {(entry.site, entry.path) for entry in days.logs[0] if entry.status == 200}
    changes = changes_on(2)
    changed = {*changes.revised, *changes.refurnished, *changes.gone}
    again = [entry for entry in days.logs[2] if (entry.site, entry.path) in kept and entry.site != "shiori"]
    assert [entry.path for entry in again if not entry.conditional] == []
    articles = {(row.site, row.path) for row in ALL_1 if row.site != "shiori"}
    assert {(entry.site, entry.path) for entry in again} >= articles
    assert {entry.status for entry in again if (entry.site, entry.path) in articles - changed} == {304}
    assert not any(entry.conditional for entry in days.logs[2] if entry.site == "shiori")  # it gives no validators


def test_everything_again_brings_nothing_new(days: Days, tmp_path: Path) -> None:
    days.server.set_day(2)
    days.server.log.clear()
    archive = days.second.copy(tmp_path / "again")
    report = archive.crawl("--due", "all", "--source", "courier", "--source", "bote", "--source", "sada")
    assert report["requests"] == len(days.server.log) > 60
    assert (report["ingest"]["new"], report["ingest"]["revisions"]) == (0, 0)
    public = ("stories", "links", "aliases")
    assert dump(archive, *public) == dump(days.second, *public)
    texts = "SELECT article, seq, seen_from, title, text FROM revisions ORDER BY article, seq"
    assert archive.rows(texts) == days.second.rows(texts)


def test_restory_and_rebuild_give_the_same_archive(days: Days, tmp_path: Path) -> None:
    archive = days.second.copy(tmp_path / "copy")
    archive.run("ingest")  # takes in the last crawl's report, which was written when its own ingest had ended
    lived = dump(archive)
    archive.run("restory")
    before = dump(archive)
    # How rare a word is depends on what came before: the order of capture gives other scores than the order of reading,
    # and now and then another answer to whether a text is related to one before it, which joins nothing.
    assert _without_relatives(before) == _without_relatives(lived)
    for name in ("archive.db", "crawl.db"):
        for path in archive.path.glob(f"{name}*"):
            path.unlink()
    archive.run("rebuild", "--quiet", "--jobs", "1")
    archive.run("rebuild", "--frontier", "--quiet")
    assert dump(archive) == before
    assert list(archive.path.glob("*rebuild*")) == []
    days.server.set_day(2)
    days.server.log.clear()
    report = archive.crawl()
    kept = {(entry.site, entry.path) for log in days.logs for entry in log if entry.status in (200, 304)}
    assert [entry.path for entry in days.server.log if (entry.site, entry.path) in kept] == []
    assert (report["ingest"].get("new", 0), report["ingest"].get("revisions", 0)) == (0, 0)


def _without_relatives(dumped: dict[str, list[str]]) -> dict[str, list[object]]:
    """Return a dump without scores, and without who is related to whom: all that the order of reading may change."""
    out: dict[str, list[object]] = {}
    for name, lines in dumped.items():
        rows = [json.loads(line) for line in lines]
        if name == "links":
            out[name] = sorted((row["id"], row["of"], row["kind"]) for row in rows if row["kind"] != "related")
        elif name == "articles":
            out[name] = [row | {"kind": "new" if row["kind"] == "related" else row["kind"]} for row in rows]
        else:
            out[name] = rows
    return out


def test_the_frontier_made_again_goes_on_as_the_old_one_would(days: Days, tmp_path: Path) -> None:
    archive = days.first.copy(tmp_path / "copy")
    archive.run("rebuild", "--frontier", "--quiet")
    days.server.set_day(2)
    days.server.log.clear()
    report = archive.crawl("--source", "courier", "--source", "bote", "--source", "sada", now=DAY_2)
    changes = changes_on(2)
    assert report["ingest"]["new"] == len([site for site, _ in changes.new if site != "shiori"])
    assert report["ingest"]["revisions"] == len(changes.revised)
    before = {(entry.site, entry.path, entry.status) for entry in days.logs[2] if entry.site != "shiori"}
    assert {(entry.site, entry.path, entry.status) for entry in days.server.log} == before


def test_the_shelf_is_sound_and_holds_no_left_overs(days: Days, tmp_path: Path) -> None:
    names = [path.name for path in days.second.path.rglob("*")]
    assert [name for name in names if name.endswith((".part", ".rebuild"))] == []
    sealed, still_open = days.second.warcs()  # a file is sealed after a day
    assert (sealed.name[-8:], still_open.name[-5:]) == (".warc.gz", ".open")
    for path in (sealed, still_open):
        copy = shutil.copy(path, tmp_path / path.name.removesuffix(".open"))
        for tool in (("warcio", "check"), ("fastwarc", "check")):
            done = subprocess.run(
                [str(Path(sys.executable).with_name(tool[0])), tool[1], str(copy)], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr


def test_every_exchange_is_on_the_shelf(days: Days) -> None:
    asked = sum(len(log) for log in days.logs)
    assert sum(report["kept"] for report in days.reports) == asked
    assert days.second.values("SELECT count(*) FROM captures") == [asked]


def test_each_run_tells_what_each_source_brought(days: Days) -> None:
    kept = [json.loads(path.read_bytes()) for path in sorted((days.second.path / "reports").glob("run-*.json"))]
    assert [report for report in days.reports if report["requests"]] == [
        report for report in kept if report["requests"]
    ]
    for report in (days.reports[0], days.reports[2]):
        told = report["sources"]
        assert sum(source["new"] for source in told.values()) == report["ingest"]["new"]
        assert sum(source["bytes_received"] for source in told.values()) == report["bytes_received"]
        assert sum(source["requests"] for source in told.values()) == report["requests"]
    assert {name: source["new"] for name, source in days.reports[0]["sources"].items()} == {
        name: len([row for row in ALL_1 if row.site == name]) for name in papers()
    }
    assert sum(source["gone"] for source in days.reports[2]["sources"].values()) == 1
    assert any(source["put_off"].get("robots") for source in days.reports[0]["sources"].values())
    assert any(source["redirects"] for source in days.reports[0]["sources"].values())


def test_own_warc_files_give_another_archive_the_same_articles(days: Days, tmp_path: Path) -> None:
    other = new_archive(tmp_path / "other", days.server.sites)
    files = [shutil.copy(path, tmp_path / path.name.removesuffix(".open")) for path in days.second.warcs()]
    shutil.copy(
        days.second.path / "decisions.jsonl", other.path
    )  # when which profile was adopted: it decides with the pages
    shutil.copytree(days.second.path / "profiles", other.path / "profiles", dirs_exist_ok=True)
    other.run("ingest", *files, "--jobs", "1")
    other.run("restory")
    before = dump(other)
    public = ("articles", "revisions", "stories", "aliases", "discoveries")
    assert _without_relatives(dump(other, *public)) == _without_relatives(dump(days.second, *public))
    again = other.run("ingest", *files, "--json").json
    assert (again["captures"], again["new"], again["revisions"]) == (0, 0, 0)
    assert dump(other) == before
    nothing = days.second.copy(tmp_path / "copy").run("ingest", "--json").json
    assert nothing["captures"] == nothing["known"] == 0


def test_one_host_of_a_warc_file(days: Days, tmp_path: Path) -> None:
    host, sada = theirs(days)
    file = shutil.copy(days.first.warcs()[0], tmp_path / "theirs.warc.gz")
    archive = new_archive(tmp_path / "archive", {})
    archive.run("ingest", file, "--host", host, "--jobs", "0")
    assert {own_path(url) for url in archive.values("SELECT url FROM articles")} == sada
    before = dump(archive)
    archive.run("rebuild", "--jobs", "0")
    assert dump(archive) == before


def test_a_file_left_in_place(days: Days, tmp_path: Path) -> None:
    host, sada = theirs(days)
    file = Path(shutil.copy(days.first.warcs()[0], tmp_path / "theirs.warc.gz"))
    archive = new_archive(tmp_path / "archive", {})
    words = ("ingest", file, "--host", host, "--in-place", "--jobs", "0")
    archive.run(*words)
    assert {own_path(url) for url in archive.values("SELECT url FROM articles")} == sada
    assert archive.warcs() == []
    before = dump(archive)
    archive.run("rebuild", "--jobs", "0")
    archive.run(*words)
    assert dump(archive) == before
    assert (archive.path / "decisions.jsonl").read_text().count('"imported-in-place"') == 1
    assert f"{file}:" in archive.run("show", archive.values("SELECT id FROM articles")[0]).out  # where it is kept
    file.rename(tmp_path / "elsewhere.warc.gz")
    assert f"{file} is missing" in archive.run("rebuild", code=3).err
    assert archive.values("SELECT count(*) FROM articles") == [0]


def theirs(days: Days) -> tuple[str, set[str]]:
    """Return the Sada's host and its articles of day 1: not many, so that reading them takes no time."""
    return urlsplit(days.server.sites["sada"]).hostname or "", {row.path for row in ALL_1 if row.site == "sada"}
