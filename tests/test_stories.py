"""Stories: what people decide of them, and what becomes of it whenever and in whatever order articles come."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, settings
from store_helpers import EXTRACTOR, article, new_store, put, snapshot, state
from story_machine import ScriptedDeduper, StoryMachine, stories, text_from

from archive import regroup
from archive.clock import SystemClock
from archive.commands.story import delay_text
from archive.console import Progress
from archive.dedupe.decided import JOIN, SPLIT, Member, assign, groups_of
from archive.folder import ArchiveFolder
from archive.model import Extraction
from archive.query import Filters, count, members, search, stats
from archive.reading import open_ingest, unread
from archive.rebuild import rebuild_archive
from archive.regroup import propose_join, propose_split, split_story
from archive.sources import SOURCES_TEMPLATE
from archive.store import open_store
from archive.store.stories import Stories
from archive.urls import article_id, url_key
from crawler.cli import group
from tests.warc_tools import T0, exchange, keep, writer

TestHistories = StoryMachine.TestCase
TestHistories.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


@dataclass
class Decision:
    kind: str
    data: dict


def split(leaving: str, staying: str) -> Decision:
    return Decision(SPLIT, {"articles": list(leaving), "from": list(staying)})


def join(*parts: str) -> Decision:
    return Decision(JOIN, {"stories": [list(part) for part in parts]})


# Decisions as groups


@pytest.mark.parametrize(
    ("decisions", "groups"),
    [
        ([], []),
        ([split("b", "ac")], ["ac", "b"]),
        ([join("ab", "c")], ["abc"]),
        ([join("ab", "c"), split("c", "ab")], ["ab", "c"]),  # the last counts
        ([split("b", "a"), join("a", "b")], ["ab"]),
        ([split("b", "ac"), split("c", "a")], ["a", "b", "c"]),
        ([split("b", "acz"), join("ac", "d")], ["acdz", "b"]),  # z is not here now, and belongs to a all the same
        ([split("b", "acz"), split("c", "a")], ["az", "b", "c"]),
        ([Decision(SPLIT, {"articles": ["a"], "from": ["b"], "beside": [["c", "d"]]})], ["a", "b", "cd"]),
        ([split("ab", "bc")], ["ab", "c"]),  # who leaves does not stay
        ([Decision("source-renamed", {"articles": ["a"]})], []),  # another kind
        ([Decision(SPLIT, {"articles": "ab", "from": [1]}), Decision(JOIN, {"stories": [None]}), join()], []),  # junk
    ],
)
def test_decisions_come_to_groups(decisions, groups):
    found: dict[int, str] = {}
    for name, number in sorted(groups_of(decisions).of.items()):
        found[number] = found.get(number, "") + name
    assert sorted(found.values()) == groups


def test_an_article_of_several_ids_goes_by_the_last_that_was_named():
    groups = groups_of([split("b", "a"), split("c", "d")])
    assert groups.group("b", ["d"]) == groups.of["d"]
    assert groups.group("b", ["a"]) == groups.of["b"]  # of two named at once: its own
    assert groups.group("x", []) is None


@pytest.mark.parametrize(
    ("matches", "groups", "stories", "kinds"),
    [  # an article is its place in the order; a match is (of, kind)
        ([None, (0, "near")], {}, [0, 0], ["new", "near"]),
        ([None, (0, "near")], {0: 1, 1: 2}, [0, 1], ["new", "new"]),
        ([None, (0, "related")], {}, [0, 1], ["new", "related"]),
        ([None, (0, "related")], {0: 1, 1: 1}, [0, 0], ["new", "joined"]),
        ([None, (0, "near"), (1, "exact")], {0: 1, 1: 2}, [0, 1, 1], ["new", "new", "exact"]),  # 2 came later
        ([None, (0, "near"), (1, "exact")], {0: 1, 1: 2, 2: 1}, [0, 1, 0], ["new", "new", "joined"]),
        # Of two that are to be apart, the first goes with an older text that nobody decided about.
        ([None, (0, "exact"), (0, "exact")], {1: 1, 2: 2}, [0, 0, 2], ["new", "exact", "new"]),
        ([None, None, (0, "near"), (1, "near")], {0: 1, 1: 1}, [0, 0, 0, 0], ["new", "joined", "near", "near"]),
        ([None, (9, "near")], {}, [0, 1], ["new", "new"]),  # the match is not among them
    ],
)
def test_where_each_article_is(matches, groups, stories, kinds):
    rows = [Member(n) if match is None else Member(n, *match) for n, match in enumerate(matches)]
    places = assign(rows, groups)
    assert [places[n].story for n in range(len(rows))] == stories
    assert [places[n].kind for n in range(len(rows))] == kinds


# In an archive

A, B, C, D, E = (f"https://{host}.example/2026/a-b" for host in "abcde")
AMP = "https://a.example/amp/2026/a-b"


def id_of(url: str) -> str:
    return article_id(url_key(url))


@pytest.fixture
def store(tmp_path):
    store = new_store(tmp_path / "archive.db", deduper=ScriptedDeduper())
    yield store
    store.close()


def see(store, url, minute, letters, **facts):
    with store.transaction():
        return put(store, snapshot(url, minute), article(text_from(letters), **facts))


def decide(store, *proposals):
    """Carry these decisions out one after the other; returns them."""
    done = []
    for propose, names in proposals:
        proposal = propose(store.db.conn, names, done)
        done.append(proposal.decision)
        with store.transaction():
            store.regroup(done, proposal.ids)
    return done


def in_letters(store) -> list[str]:
    """Return the stories, each as the hosts of its members, the founding one first."""
    letter = {id_of(url): url[8] for url in (A, B, C, D, E)}
    return sorted(letter[story] + "".join(letter[name] for name in found if name != story)
                  for story, found in stories(store).items())  # fmt: skip


SEEN = [(A, 1, "abc"), (B, 2, "abc"), (C, 3, "abc"), (D, 4, "xyz"), (E, 5, "xyz")]


@pytest.mark.parametrize(
    ("proposals", "expected"),
    [
        ([], ["abc", "de"]),
        ([(propose_split, [B])], ["ac", "b", "de"]),
        ([(propose_split, [B, C])], ["a", "bc", "de"]),
        ([(propose_split, [A])], ["a", "bc", "de"]),  # the founding one: the rest is b's
        ([(propose_join, [C, E])], ["abcde"]),
        ([(propose_join, [E, A])], ["abcde"]),  # in any order
        ([(propose_join, [A, D]), (propose_split, [D, E])], ["abc", "de"]),
        ([(propose_join, [A, D]), (propose_split, [A, E])], ["ae", "bcd"]),
        ([(propose_split, [A]), (propose_join, [A, B])], ["abc", "de"]),
        ([(propose_split, [A]), (propose_split, [B]), (propose_join, [A, C, D])], ["acde", "b"]),
    ],
)
def test_splits_and_joins_hold_at_once_and_after_restory(store, proposals, expected):
    for url, minute, letters in SEEN:
        see(store, url, minute, letters)
    decisions = decide(store, *proposals)
    assert in_letters(store) == expected
    at_once = state(store)
    with store.transaction():
        assert store.restory(decisions).absent == ()
    assert state(store) == at_once


def test_a_later_copy_goes_where_its_best_match_is(store):
    see(store, A, 1, "abcd")
    see(store, B, 2, "abce")
    decisions = decide(store, (propose_split, [B]))
    assert see(store, C, 3, "abce").story == id_of(B)
    assert see(store, D, 4, "abcd").story == id_of(A)
    with store.transaction():
        store.restory(decisions)
    assert in_letters(store) == ["ad", "bc"]


def test_an_older_text_that_comes_late_takes_the_first_along_and_merges_nothing(store):
    see(store, A, 10, "abc")
    see(store, B, 11, "abc")
    decisions = decide(store, (propose_split, [B]))
    see(store, C, 1, "abc")
    with store.transaction():
        store.restory(decisions)
    assert in_letters(store) == ["b", "ca"]


def test_who_leaves_does_not_go_to_a_third_story_that_has_its_match(store):
    see(store, A, 10, "xyz")
    see(store, B, 11, "abc")
    decisions = decide(store, (propose_join, [A, B]))
    see(store, C, 1, "abc")  # came late, and is what b was copied from
    with store.transaction():
        store.restory(decisions)
    assert in_letters(store) == ["ab", "c"]
    proposal = propose_split(store.db.conn, [B], decisions)
    assert proposal.decision.data == {"articles": [id_of(B)], "from": [id_of(A)], "beside": [[id_of(C)]]}
    decisions.append(proposal.decision)
    for again in (False, True):
        with store.transaction():
            store.restory(decisions) if again else store.regroup(decisions, proposal.ids)
        assert in_letters(store) == ["a", "b", "c"]


def test_a_decision_holds_for_an_article_that_comes_back_with_another_address_first(store):
    see(store, A, 10, "abc")
    see(store, B, 11, "abc")
    decisions = decide(store, (propose_split, [A]))
    other = "https://a.example/2026/b-a"
    see(
        store, other, 1, "abc", canonical=A
    )  # born with its own key; a's becomes its alias, because the text is the same
    with store.transaction():
        assert store.restory(decisions).absent == ()
    assert stories(store) == {id_of(other): [id_of(other)], id_of(B): [id_of(B)]}


def test_decisions_about_articles_that_are_not_here_wait_for_them(store):
    decisions = [Decision(JOIN, {"stories": [[id_of(A)], [id_of(D)]]})]
    see(store, A, 1, "abc")
    with store.transaction():
        assert store.restory(decisions).absent == (id_of(D),)
    assert see(store, D, 2, "xyz").story == id_of(A)  # at once
    with store.transaction():
        assert store.restory(decisions).absent == ()
    assert in_letters(store) == ["ad"]


def test_a_line_that_the_database_has_not_carried_out_is_caught_up_with(store):
    for url, minute, letters in SEEN:
        see(store, url, minute, letters)
    decision = propose_split(store.db.conn, [B]).decision
    for _ in range(2):
        with store.transaction():
            store.regroup([decision])
        assert in_letters(store) == ["ac", "b", "de"]
    with store.transaction():
        store.regroup([])  # the line was taken out by hand
    assert in_letters(store) == ["ac", "b", "de"]  # what it did is undone by a restory
    with store.transaction():
        store.restory([])
    assert in_letters(store) == ["abc", "de"]


# Members that are hidden


def withdraw(store, url):
    with store.transaction():
        pk = store.db.conn.execute("SELECT pk FROM captures WHERE url = ?", (url,)).fetchone()[0]
        store.add_extraction(pk, EXTRACTOR, Extraction.refused("listing"))
        store.place(pk)


def test_hidden_members_do_not_count_and_do_not_lead(store):
    for url, minute in ((A, 1), (B, 2), (C, 3)):
        see(store, url, minute, "abc")
    withdraw(store, A)
    one = "SELECT h.id, s.members FROM stories s JOIN articles h ON h.pk = s.head"
    assert store.db.conn.execute(one).fetchall() == [(id_of(B), 2)]
    assert [hit.copies for hit in search(store.db.conn, "")] == [1]
    with store.transaction():
        put(store, snapshot(A, 20, status=404), None)  # says nothing of a text: it stays hidden
    assert store.db.conn.execute(one).fetchall() == [(id_of(B), 2)]
    see(store, A, 30, "abc")
    assert store.db.conn.execute(one).fetchall() == [(id_of(B), 3)]
    see(store, A, 31, "abc", published="2026-05-01")
    assert store.db.conn.execute(one).fetchall() == [(id_of(A), 3)]
    withdraw(store, B)
    withdraw(store, C)
    assert propose_split(store.db.conn, [A]).stories == ()  # all that is seen of the story
    assert stats(store.db.conn)["stories"] == 1


def test_an_article_that_comes_back_with_the_same_text_is_shown_again(store):
    see(store, A, 1, "abc")
    with store.transaction():
        put(store, snapshot(A, 2, status=404), None)
    withdraw(store, A)
    see(store, A, 3, "abc")
    assert store.db.conn.execute("SELECT hidden, text FROM articles").fetchall() == [(0, text_from("abc"))]


# Who copied whom


def test_the_timeline_tells_who_copied_whom_and_how_fast(store):
    see(store, A, 700, "abcde", published="2026-05-01T06:00:00+02:00")
    see(store, B, 701, "abcde", published="2026-05-01T05:00:00Z")
    see(store, C, 702, "abcdf")  # undated: seen 17:42
    see(store, D, 703, "abcdf", published="2026-05-01")
    see(store, E, 704, "xyz")
    rows = store.db.conn.execute(
        'SELECT article, kind, score, "of", head, seconds_after_head, seconds_after_of FROM story_timeline'
        " ORDER BY first_seen"
    ).fetchall()
    day = 24 * 3600
    assert rows == [
        (id_of(A), "new", None, None, 0, 4 * 3600, None),
        (id_of(B), "exact", 1.0, id_of(A), 0, 5 * 3600, 3600),
        (id_of(C), "near", 4 / 6, id_of(A), 0, day - 22_680, day - 22_680 - 4 * 3600),
        (id_of(D), "exact", 1.0, id_of(C), 1, 0, 22_680 - day),  # a day alone: midnight, before what it copies
        (id_of(E), "new", None, None, 1, 0, None),
    ]
    decide(store, (propose_split, [B]), (propose_join, [E, B]))
    rows = store.db.conn.execute('SELECT kind, score, "of" FROM story_timeline WHERE story = ?', (id_of(B),)).fetchall()
    assert sorted(rows) == [("joined", None, None), ("new", None, None)]  # a's text is another story now
    name, found = members(store.db.conn, E)
    assert (name, [row["id"] for row in found]) == (id_of(B), [id_of(B), id_of(E)])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "+0 s"), (59, "+59 s"), (60, "+1 min"), (3599, "+59 min"), (3600, "+1 h 00 min"), (-86_399, "-23 h 59 min"),
     (86_400, "+1 d 00 h"), (-1_000_000, "-11 d 13 h")],
)  # fmt: skip
def test_delays_are_readable(seconds, text):
    assert delay_text(seconds) == text


def test_an_archive_of_an_older_version_says_what_brings_it_up_to_date(archive):
    with open_store(archive, SystemClock()) as store:
        for statement in (
            "DROP VIEW story_timeline",
            "DROP TABLE decided",
            "DELETE FROM _sqlite_migrations WHERE name = 'm005_timeline'",
            "UPDATE stories SET members = 99",
        ):
            store.db.conn.execute(statement)
    for command in ("show", "story"):
        code, _, err = run(archive, command, A)
        assert (code, "`morgue ingest` brings it up to date" in err) == (1, True)
    assert run(archive, "ingest", "--jobs", "0")[0] == 0
    assert run(archive, "story", A)[1].startswith(f"Story {ID[A]}, 3 articles")
    with open_store(archive, SystemClock()) as store:
        assert store.db.conn.execute("SELECT members FROM stories ORDER BY members").fetchall() == [(2,), (3,)]


# Search


@pytest.fixture
def wire(store):
    """One text in five papers, and two others."""
    for minute, (url, language, published) in enumerate(
        [
            (A, "en", "2026-05-03"),
            (B, "en", "2026-05-01"),  # the head
            (C, "de", "2026-05-09"),
            (D, "en", None),
            (E, "en", "2026-05-05"),
        ]
    ):
        facts = {
            "title": f"Storm {url[8]}",
            "published": published,
            "language": language,
            "authors": (f"Ann {url[8]}",),
        }
        see(store, url, minute, "abc", **facts)
    see(store, "https://f.example/2026/a-b", 10, "abg", title="Storm f", published="2026-05-02", language="en")
    see(store, "https://g.example/2026/a-b", 11, "xyz", title="Calm g", published="2026-05-04", language="en")
    withdraw(store, E)
    return store.db.conn


@pytest.mark.parametrize(
    ("words", "options", "hits"),
    [  # host and number of copies of each hit
        ("", {}, "g0 b4"),  # the story at the time of its head, though c came last
        ("", {"sort": "oldest"}, "b4 g0"),
        ("storm", {}, "b4"),
        ("storm", {"sort": "newest"}, "b4"),
        ("storm OR calm", {"sort": "newest"}, "g0 b4"),
        ("storm OR calm", {"sort": "oldest"}, "b4 g0"),
        ("", {"language": "de"}, "c4"),  # only a copy matches
        ("storm", {"language": "de"}, "c4"),
        ("", {"author": "ann a"}, "a4"),
        ("storm", {"source": "d.example"}, "d4"),
        ("", {"source": "e.example"}, ""),  # hidden
        ("", {"since": "2026-05-02", "sort": "oldest"}, "f4 g0"),  # the head is too old: the oldest that is not
        ("", {"since": "2026-05-02", "until": "2026-05-08"}, "g0 a4"),  # or the newest
        ("", {"kind": "rewrite"}, "f4"),
        ("storm", {"kind": "exact", "sort": "oldest"}, "b4"),
        ("", {"kind": "new"}, "g0 a4"),
        ("", {"all": True}, "c4 g0 a4 f4 d4 b4"),
        ("storm", {"all": True, "sort": "oldest"}, "b4 d4 f4 a4 c4"),
        ("", {"all": True, "kind": "exact"}, "c4 d4 b4"),
    ],
)
def test_one_hit_per_story_whatever_is_asked(wire, words, options, hits):
    found = search(wire, words, **({"sort": "newest"} if not words else {}) | options)
    assert " ".join(f"{hit.url[8]}{hit.copies}" for hit in found) == hits
    filters = {name: value for name, value in options.items() if name not in {"sort", "all"}}
    assert count(wire, words, Filters(**filters), all=bool(options.get("all"))) == len(found)
    pages = [
        hit.url[8]
        for offset in range(len(found) + 1)
        for hit in search(wire, words, **({"sort": "newest"} if not words else {}) | options, limit=1, offset=offset)
    ]
    assert pages == [hit.url[8] for hit in found]


# The commands


@pytest.fixture
def folder(tmp_path) -> ArchiveFolder:
    made = ArchiveFolder(tmp_path / "a")
    for path in (made.root, made.warc, made.reports):
        path.mkdir()
    made.sources.write_text(SOURCES_TEMPLATE)
    return made


@pytest.fixture
def archive(folder):
    """One story of three papers, another of two."""
    with open_store(folder, SystemClock()) as store, store.transaction():
        for minute, (url, letters) in enumerate([(A, "abc"), (B, "abc"), (C, "abc"), (D, "xyz"), (E, "xyz")]):
            put(store, snapshot(url, minute), article(text_from(letters), f"[Storm] {url[8]}", published="2026-05-01"))
        put(store, snapshot(AMP, 9), article(text_from("abc"), "[Storm] a", canonical=A))
    return folder


def run(folder: ArchiveFolder, *words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(group, ["-a", str(folder.root), *words], prog_name="morgue")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def lines(folder: ArchiveFolder) -> list[dict]:
    return [json.loads(line) for line in folder.decisions.read_text().splitlines()] if folder.decisions.exists() else []


ID = {url: id_of(url) for url in (A, B, C, D, E, AMP)}


@pytest.mark.parametrize(
    ("words", "code", "said", "written"),
    [
        (["split", B], 0, [f"Story {ID[B]} is now 1 article ({ID[B]}).", f"Story {ID[A]} is now 2 articles"], 1),
        (["split", ID[A]], 0, [f"Story {ID[A]} is now 1", f"Story {ID[B]} is now 2 articles ({ID[B]}, {ID[C]})"], 1),
        (["split", ID[AMP]], 0, [f"Story {ID[A]} is now 1"], 1),  # an alias
        (["split", ID[B], B], 0, [f"Story {ID[B]} is now 1 article"], 1),  # twice the same
        (["split", B, "--dry-run"], 0, [f"Story {ID[B]} would be 1 article"], 0),
        (["split", A, B, C], 0, ["are the whole of story", "Nothing was changed"], 0),
        (["split", A, D], 1, ["are of 2 stories", "`morgue story join ID ID`"], 0),
        (["split", "a-aaaaaaaaaaaa"], 1, ["nothing is known of 'a-aaaaaaaaaaaa'", "`morgue search WORDS`"], 0),
        (["split", "a-\udcffaaaaaaaaaaa"], 1, ["nothing is known of", "`morgue search WORDS`"], 0),  # was no UTF-8
        (["list", "a-\udcff"], 1, ["nothing is known of", "`morgue search WORDS`"], 0),
        (["split"], 2, ["Missing argument"], 0),
        (["join", A, D], 0, [f"Story {ID[A]} is now 5 articles", f"Story {ID[D]} is one with {ID[A]}."], 1),
        (["join", E, ID[B]], 0, [f"Story {ID[A]} is now 5 articles"], 1),
        (["join", E, B, "--dry-run"], 0, [f"{ID[A]} would be 5 articles", f"{ID[D]} would be one with {ID[A]}."], 0),
        (["join", A, C], 0, ["are one story already", "Nothing was changed"], 0),
        (["join", A, A], 0, [f"{ID[A]} is one story already"], 0),
        (["join", A, B, D], 0, [f"Story {ID[A]} is now 5 articles"], 1),
        (["join", A, "https://z.example/"], 1, ["nothing is known of 'https://z.example/'"], 0),
        (["join", A], 2, ["a join needs two stories or more"], 0),
        ([ID[E]], 0, [f"Story {ID[D]}, 2 articles", "[Storm] d", "[Storm] e", "exact"], 0),
        (["list", AMP], 0, [f"Story {ID[A]}, 3 articles"], 0),
    ],
)  # fmt: skip
def test_the_command_says_what_changed(archive, words, code, said, written):
    done, out, err = run(archive, "story", *words)
    assert [part for part in said if part not in out + err] == []
    assert (done, len(lines(archive))) == (code, written)


def test_a_story_of_hidden_articles_says_what_can_be_read(archive):
    with open_store(archive, SystemClock()) as store:
        withdraw(store, B)
    assert f"Story {ID[B]} is now one of hidden articles only." in run(archive, "story", "split", B)[1]
    code, _, err = run(archive, "story", B)
    assert (code, f"`morgue show {ID[B]}`" in err) == (1, True)
    assert run(archive, "show", ID[B])[0] == 0


def test_a_decision_says_when_why_and_of_whom(archive):
    assert run(archive, "story", "split", B, "--reason", "another storm", "--json")[0] == 0
    assert run(archive, "story", "join", B, D)[0] == 0
    first, second = lines(archive)
    assert first.pop("at").endswith("Z")
    assert first == {"kind": SPLIT, "reason": "another storm", "articles": [ID[B]], "from": [ID[A], ID[C]]}
    assert (second["kind"], second["reason"], second["stories"]) == (JOIN, None, [[ID[B]], [ID[D], ID[E]]])


def test_json_says_what_changed(archive):
    code, out, _ = run(archive, "story", "split", A, "--json")
    assert code == 0
    assert json.loads(out) == {
        "decision": SPLIT, "changed": True, "articles": [ID[A]], "before": [ID[A]], "dry_run": False,
        "stories": [{"story": ID[A], "head": ID[A], "members": [ID[A]]},
                    {"story": ID[B], "head": ID[B], "members": [ID[B], ID[C]]}],
    }  # fmt: skip
    told = json.loads(run(archive, "story", ID[C], "--json")[1])
    assert (told["story"], [row["id"] for row in told["members"]]) == (ID[B], [ID[B], ID[C]])
    assert [(row["kind"], row["score"], row["of"]) for row in told["members"]] == [
        ("new", None, None),
        ("joined", None, None),
    ]
    nothing = json.loads(run(archive, "story", "split", A, "--json")[1])
    assert (nothing["decision"], nothing["changed"], nothing["before"]) == (None, False, [])


def test_search_prints_one_line_per_story(archive):
    rows = list(csv.DictReader(io.StringIO(run(archive, "search", "storm", "--csv")[1])))
    assert [(row["id"], row["copies"], row["kind"], row["story"]) for row in rows] == [
        (ID[A], "2", "new", ID[A]),
        (ID[D], "1", "new", ID[D]),
    ]
    assert run(archive, "search", "storm", "--count")[1] == "2\n"
    assert run(archive, "search", "storm", "--all", "--kind", "exact", "--count")[1] == "3\n"
    hits = json.loads(run(archive, "search", "storm", "--kind", "exact", "--json")[1])
    assert [(hit["story"], hit["copies"], hit["kind"]) for hit in hits] == [(ID[A], 2, "exact"), (ID[D], 1, "exact")]


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_leaves_all_as_it_was_or_is_caught_up_with(archive, monkeypatch, after):
    """A kill before the line is on the disk, or between it and the commit."""
    real = regroup.append_decision

    def dies(*args, **kwargs):
        if after:
            real(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(regroup, "append_decision", dies)
    with pytest.raises(KeyboardInterrupt):
        split_story(archive, [B], clock=SystemClock())
    assert run(archive, "story", B)[1].startswith(f"Story {ID[A]}, 3")
    with open_ingest(archive, clock=SystemClock(), jobs=0):
        pass
    assert run(archive, "story", B)[1].startswith(f"Story {ID[B]}, 1" if after else f"Story {ID[A]}, 3")


def test_restory_and_rebuild_tell_of_articles_that_are_not_there(archive):
    with archive.decisions.open("a") as file:
        file.write('{"at": "2026-05-01T06:00:00Z", "kind": "story-split", "articles": ["a-gone"], "from": []}\n')
    for command in ("restory", "rebuild"):
        code, out, err = run(archive, command, "--json")
        assert (code, json.loads(out)["absent"]) == (0, ["a-gone"])
        assert "decisions.jsonl decides about 1 article not in this archive (a-gone)" in err


def test_a_rebuild_keeps_what_was_decided(folder, monkeypatch):
    words = " ".join(f"The harbour of town number {n} reopened on Monday after long works." for n in range(30))
    page = f"<html><head><title>Tide</title></head><body><article><h1>Tide</h1><p>{words}</p></article></body></html>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    with writer(folder.warc) as out:
        for minute, url in enumerate((A, B, C, D)):
            keep(out, exchange(head, page.encode(), url=url, started_at=T0 + timedelta(minutes=minute)))
    with open_ingest(folder, clock=SystemClock(), jobs=0) as ingest:
        ingest.files(unread(folder, ingest.store))
    for words in (("split", B, C), ("split", A), ("join", C, A)):
        assert run(folder, "story", *words)[0] == 0
    with open_store(folder, SystemClock()) as store:
        before, found = state(store), in_letters(store)
    assert found == ["abc", "d"]
    Path(folder.archive_db).unlink()
    settled: list[int] = []  # how many names each time: in the square of a story's members if for each that comes
    real = Stories.settle
    monkeypatch.setattr(
        Stories, "settle", lambda self, groups, ids: settled.append(len(ids)) or real(self, groups, ids)
    )
    report = rebuild_archive(folder, clock=SystemClock(), jobs=0, progress=Progress("x", quiet=True))
    assert [names for names in settled if names] == [4]
    with open_store(folder, SystemClock()) as store:
        assert state(store) == before
    assert report.absent == ()


def test_a_story_of_many_is_listed_once(folder):
    many = [f"https://{side}{n}.example/2026/a-b" for side in "de" for n in range(40)]
    with open_store(folder, SystemClock()) as store, store.transaction():
        for minute, url in enumerate(many):
            put(
                store, snapshot(url, minute), article(text_from("abc" if url[8] == "d" else "xyz"), f"[Storm] {url[8]}")
            )
        asked: list[str] = []
        store.db.conn.set_trace_callback(asked.append)
        now = regroup._now(store.db.conn, [id_of(url) for url in many])
    assert [len(story.members) for story in now] == [40, 40]
    assert sum("hidden = 0" in sql for sql in asked) == 2
