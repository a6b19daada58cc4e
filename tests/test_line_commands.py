"""What one can ask of an archive from the command line, of the papers as they stood after two days."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pytest

from tests.line import Days, articles_by_path, in_parallel, json_lines, run
from tests.site.content import papers
from tests.site.expected import expected_on
from tests.site.routes import answer

TODAY = expected_on(2)
LIBRARY = "news/2026/05/20/library-budget-vote"


def page(site: str, path: str, base: str = "http://paper.example") -> bytes:
    return answer(site, 1, base, path).body


def test_search_finds_words_of_any_script_and_never_stumbles(days: Days) -> None:
    questions = [
        ("ferry",),
        ("灯台",),  # two characters within a sentence
        ("السفن",),
        ("Seilbahn",),
        ("covid-19", '"u.s."'),  # what full-text languages take for operators
        ('"unclosed', "AND", "NEAR(", "*"),
    ]
    done = in_parallel(days.second, [("search", *words, "--json") for words in questions])
    assert [each.code for each in done] == [0] * len(questions), [each.err for each in done]
    hits = [{hit["title"] for hit in each.json} for each in done]
    truth = {row.title for row in TODAY}
    assert all(hits[:4])
    assert set().union(*hits) <= truth
    assert "Ferry to Pell Island loses its last evening sailing" in hits[0]
    assert hits[1] == {"汐織市、旧灯台を図書室として公開へ", "灯台図書室に寄贈の申し出、一日で二千冊"}
    assert any("السفن" in row.text for row in TODAY if row.title in hits[2])
    assert hits[4] == set()


def test_search_filters_counts_and_prints_csv(days: Days) -> None:
    ferry = ("search", "ferry")
    done = in_parallel(
        days.second,
        [
            (*ferry, "--count"),
            (*ferry, "--csv", "--language", "en", "--sort", "oldest"),
            ("search", "--source", "shiori", "--json", "--limit", "100"),
            ("search", "tide mill", "--json"),
            ("search", "tide mill", "--all", "--json"),
            ("search", "no such words at all"),
            (*ferry, "--facets", "--json"),
            (*ferry, "--facets"),
            (*ferry, "--facets", "--csv"),
        ],
    )
    count, table, japanese, stories, every, nothing, facets, told, listed = done
    assert [each.code for each in done] == [0] * 9
    assert facets.json["total"] == int(count.out) == sum(facets.json["by"]["language"].values())
    assert f"{facets.json['total']} stories in all" in told.err
    assert {row["by"] for row in csv.DictReader(io.StringIO(listed.out))} == set(facets.json["by"])
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert len(rows) == int(count.out) > 1
    assert [row["published"] for row in rows] == sorted(row["published"] for row in rows)
    assert {hit["title"] for hit in japanese.json} == {row.title for row in TODAY if row.site == "shiori"}
    assert (len(stories.json), len(every.json)) == (1, 2)
    assert stories.json[0]["copies"] == 1
    assert nothing.out == ""
    assert nothing.err.startswith("Nothing found.")


def test_show_story_and_stats(days: Days) -> None:
    url = days.server.sites["courier"] + LIBRARY
    found = articles_by_path(days.second, days.server.sites)
    name = found["courier", "/" + LIBRARY]["id"]
    mill = found["courier", "/business/2026/05/14/tide-mill-electricity"]["id"]
    done = in_parallel(
        days.second,
        [
            ("show", url),
            ("show", name, "--json"),
            ("show", f"{name}@2026-05-20", "--json"),
            ("story", mill, "--json"),
            ("story", mill),
            ("stats", "--json"),
            ("stats",),
            ("show", "https://elsewhere.example/x"),
        ],
    )
    text, shown, before, story, table, stats, plain, unknown = done
    assert [each.code for each in done] == [0] * 7 + [1]
    assert "£214,000" in text.out
    assert "revisions:" in text.out
    assert "kept in:" in text.out
    assert len(shown.json["revisions"]) == 2
    assert "£412,000 a year" in before.json["revision"]["text"]
    assert {member["kind"] for member in story.json["members"]} == {"new", "exact"}
    assert "Old tide mill" in table.out
    assert stats.json["articles"] == len(found)
    assert stats.json["by_source"] == {site: len([1 for name, _ in found if name == site]) for site in papers()}
    assert (stats.json["edited"], stats.json["gone"]) == (2, 1)
    assert f"articles: {len(found)}" in plain.out
    assert "nothing is known" in unknown.err


def test_sql_answers_and_cannot_write(days: Days) -> None:
    count = "SELECT source, count(*) AS n FROM articles_view GROUP BY source"
    writing = ["DELETE FROM articles", "UPDATE articles SET title = 'x'", "DROP TABLE articles", "PRAGMA user_version = 9",
               "ATTACH DATABASE '/nowhere/x.db' AS x", "VACUUM INTO '/nowhere/y.db'"]  # fmt: skip
    asked = [("sql", count, "--json"), ("sql", count, "--csv"), ("sql", count), ("sql", "SELECT nonsense")]
    done = in_parallel(days.second, [*asked, *(("sql", each) for each in writing)])
    assert [each.code for each in done] == [0, 0, 0] + [1] * (1 + len(writing))
    assert {row["source"] for row in done[0].json} == set(papers())
    assert [row["n"] for row in csv.DictReader(io.StringIO(done[1].out))] == [str(row["n"]) for row in done[0].json]
    for each in done[3:]:
        assert each.err.startswith("morgue: ")
        assert "Traceback" not in each.err
    assert days.second.values("SELECT count(*) FROM articles") == [sum(row["n"] for row in done[0].json)]


def test_status_is_well(days: Days) -> None:
    health, table, problems = in_parallel(days.second, [("status", "--json"), ("status",), ("status", "--problems")])
    assert [health.code, table.code, problems.code] == [0, 0, 0]
    assert {source["name"] for source in health.json["sources"]} == set(papers())
    assert all(source["last_success"].startswith("2026-05-21") for source in health.json["sources"])
    assert health.json["due"] == 0
    assert "courier" in table.out
    assert problems.out == ""


def test_extract_reads_one_page_from_a_file_or_a_pipe(tmp_path: Path) -> None:
    truth = next(row for row in expected_on(1) if row.path == "/" + LIBRARY)
    (tmp_path / "page.html").write_bytes(page("courier", truth.path))
    words = ("--url", "http://paper.example" + truth.path, "--captured-at", "2026-05-20T22:00:00Z")
    from_file = run("extract", tmp_path / "page.html", *words).json
    from_pipe = run("extract", "-", *words, stdin=page("courier", truth.path).decode()).json
    assert from_file == from_pipe
    assert (from_file["article"], from_file["title"], from_file["authors"]) == (True, truth.title, list(truth.authors))
    assert from_file["published"] == truth.published_full
    assert truth.phrase in from_file["text"]


def test_extract_reads_many_pages_in_order_and_names_those_it_cannot(tmp_path: Path) -> None:
    rows = [row for row in expected_on(1) if row.site == "courier"][:5]
    lines = []
    for number, row in enumerate(rows):
        path = tmp_path / f"{number}.html.gz"
        path.write_bytes(gzip.compress(page("courier", row.path)))
        lines.append({"path": str(path), "url": "http://paper.example" + row.path})
    lines.insert(2, {"path": str(tmp_path / "missing.html"), "url": "http://paper.example/missing"})
    lines.insert(
        4, {"path": str(tmp_path / "0.html.gz"), "url": "http://paper.example/when", "captured_at": "yesterday"}
    )
    lines.append({"url": "http://paper.example/no-path"})
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    done = run("extract", "--jsonl", tmp_path / "list.jsonl", "--jobs", "2")
    assert done.code == 0, done.err
    found = json_lines(done.out)
    assert [line["url"] for line in found] == [line["url"] for line in lines]
    assert [set(found[place]) for place in (2, 4, 7)] == [{"url", "error"}] * 3
    assert [line["title"] for line in found if "error" not in line] == [row.title for row in rows]


def test_cluster_places_texts_in_order(tmp_path: Path) -> None:
    rows = [row for row in expected_on(1) if row.site == "courier"]
    lines = [
        {"id": row.path, "title": row.title, "text": row.text, "url": "http://a.example" + row.path} for row in rows
    ]
    done = run("cluster", "--jsonl", "-", stdin="\n".join(map(json.dumps, lines)))
    assert done.code == 0, done.err
    found = json_lines(done.out)
    assert [line["id"] for line in found] == [row.path for row in rows]
    exact = [line for line in found if line["kind"] == "exact"]
    assert [(line["id"], line["of"]) for line in exact] == [
        (line["id"], line["of"]) for line in exact if line["id"].endswith("tide-mill-electricity")
    ]
    assert len(exact) == 1
    assert set(found[0]) == {"id", "cluster", "kind", "of", "score"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-a", "/nowhere/at/all", "search", "x"), 1, "morgue init"),  # no archive
        (("search", "--sort", "best", "x"), 2, "--sort"),  # a choice that is none
        (("extract", "/nowhere.html", "--url", "http://a.example/"), 2, "/nowhere.html"),
        (("extract", "-"), 2, "--url"),
        (("crawl", "--budget", "soon"), 2, "10m"),
    ],
)
def test_wrong_words_end_in_a_sentence(words: tuple[str, ...], code: int, said: str) -> None:
    done = run(*words, stdin="")
    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.err
