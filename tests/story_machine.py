"""Random histories of stories: captures (late ones too), revisions, other readings, splits and joins.

Whenever the archive is settled (`restory`), a fresh one that gets the same captures in any order and the same decisions
must come to the same. Short in tests/test_stories.py, long in scripts/check-long.d/story-histories.py.
"""

from __future__ import annotations

import random
from pathlib import Path

from fts_machine import integrity_check
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from store_helpers import EXTRACTOR, article, at, new_store, snapshot, state

from archive.dedupe.decided import groups_of
from archive.dedupe.exact import JOINING, Placed
from archive.model import Extraction
from archive.regroup import propose_join, propose_split
from archive.store import Store

URLS = [f"https://{host}.example/2026/a-b" for host in "abcdef"]
OTHERS = [
    "https://a.example/amp/2026/a-b",
    "https://b.example/amp/2026/a-b",
    "https://a.example/2026/b-a",
]  # spellings of a and b
MINUTES = 40  # few, so that captures come at the same instant too


class ScriptedDeduper:
    """A text is a set of letters. The best match is the one with the most in common, the earliest placed of equals."""

    def __init__(self) -> None:
        self.texts: dict[int, list[frozenset[str]]] = {}

    def place(self, article, *, text, title, language, url, at):
        letters = letters_of(text)
        best, score = None, 0.0
        for other, texts in sorted(self.texts.items()):
            for have in texts:
                common = len(letters & have) / len(letters | have)
                if common > score:
                    best, score = other, common
        self.texts.setdefault(article, []).append(letters)
        if best is None:
            return Placed("new")
        kind = "exact" if score == 1 else "near" if score >= 0.6 else "rewrite" if score >= 0.5 else "related"
        return Placed(kind, best, score)

    def revise(self, article, *, text, title, language, url, at):
        self.texts.setdefault(article, []).append(letters_of(text))

    def forget(self, article):
        self.texts.pop(article, None)

    def clear(self):
        self.texts.clear()


def letters_of(text: str) -> frozenset[str]:
    return frozenset(word[0] for word in text.split())


def text_from(letters: str) -> str:
    return " ".join(f"{letter}{number}" for letter in letters for number in range(20))


def stories(store: Store) -> dict[str, list[str]]:
    """Members by story, by public ids, in the order in which they were placed."""
    found: dict[str, list[str]] = {}
    for story, member in store.db.conn.execute(
        "SELECT s.id, a.id FROM articles a JOIN stories s ON s.pk = a.story ORDER BY a.pk"
    ):
        found.setdefault(story, []).append(member)
    return found


class StoryMachine(RuleBasedStateMachine):
    """`captures` holds (snapshot, the extraction in force) of everything that arrived."""

    scripted = True  # else the archive's own rule for exact copies

    def __init__(self) -> None:
        super().__init__()
        self.store = self.new()
        self.captures: dict[tuple[str, int], list] = {}
        self.decisions: list = []

    def new(self, decisions=()) -> Store:
        options = {"deduper": ScriptedDeduper()} if self.scripted else {}
        return new_store(Path(":memory:"), decisions=decisions, **options)

    def teardown(self) -> None:
        self.look()
        if self.captures:
            self.settle(random.Random(len(self.captures)), known=True)
        self.store.close()

    @rule(
        url=st.sampled_from([*URLS, *URLS, *OTHERS]),
        minute=st.integers(0, MINUTES),
        letters=st.sampled_from(["a", "ab", "abc", "bcd", "cde", "xy", "xyz", "z"]),
        published=st.sampled_from([None, None, "2026-04-01", "2026-04-02T10:00:00+02:00", "2026-05-01T05:00:00Z"]),
        canonical=st.sampled_from([None, None, URLS[0], URLS[1]]),
    )
    def see_a_text(self, url, minute, letters, published, canonical):
        text = article(text_from(letters), published=published, canonical=canonical)
        self.arrive(snapshot(url, minute), text, (url, minute))

    @rule(url=st.sampled_from(URLS), minute=st.integers(0, MINUTES), what=st.sampled_from([404, 304, "revisit"]))
    def see_no_text(self, url, minute, what):
        if what == 404:
            shot = snapshot(url, minute, status=404)
        elif what == 304:
            shot = snapshot(url, minute, record_type="revisit", status=304, payload_digest=None)
        else:
            refers = {"refers_to_url": url, "refers_to_at": at(minute // 2), "payload_digest": None}
            shot = snapshot(url, minute, record_type="revisit", **refers)
        self.arrive(shot, None, (url, minute))

    def arrive(self, shot, extraction, key):
        if key not in self.captures:
            self.captures[key] = [shot, extraction]
            with self.store.transaction():
                self.take(self.store, shot, extraction)
        self.look()

    @precondition(lambda self: any(text for _, text in self.captures.values()))
    @rule(data=st.data(), letters=st.sampled_from([None, None, "ab", "xyz"]))
    def read_again(self, data, letters):  # None: it is found to be no article
        keys = sorted(key for key, (_, text) in self.captures.items() if text is not None)
        key = data.draw(st.sampled_from(keys))
        old = self.captures[key][1]
        new = Extraction.refused("listing") if letters is None else article(text_from(letters), canonical=old.canonical)
        self.captures[key][1] = new
        with self.store.transaction():
            pk = self.store.db.conn.execute(
                "SELECT pk FROM captures WHERE url = ? AND captured_at LIKE ?",
                (key[0], at(key[1]).strftime("%Y-%m-%dT%H:%M:%S") + "%"),
            ).fetchone()[0]
            self.store.add_extraction(pk, EXTRACTOR, new)
            self.store.place(pk)
        self.look()

    @precondition(lambda self: any(len(members) > 1 for members in stories(self.store).values()))
    @rule(data=st.data())
    def split(self, data):
        several = sorted(members for members in stories(self.store).values() if len(members) > 1)
        members = data.draw(st.sampled_from(several))
        leaving = data.draw(st.lists(st.sampled_from(members), min_size=1, max_size=3, unique=True))
        if self.decide(propose_split(self.store.db.conn, leaving, self.decisions)):
            after = [sorted(found) for found in stories(self.store).values()]
            assert sorted(leaving) in after
            assert sorted(set(members) - set(leaving)) in after

    @precondition(lambda self: len(stories(self.store)) > 1)
    @rule(data=st.data())
    def join(self, data):
        before = stories(self.store)
        picked = data.draw(st.lists(st.sampled_from(sorted(before)), min_size=2, max_size=3, unique=True))
        assert self.decide(propose_join(self.store.db.conn, picked, self.decisions))
        assert sorted(name for story in picked for name in before[story]) in map(sorted, stories(self.store).values())

    def decide(self, proposal) -> bool:
        if proposal.stories:
            self.decisions.append(proposal.decision)
            with self.store.transaction():
                self.store.regroup(self.decisions, proposal.ids)
        self.look()
        return bool(proposal.stories)

    @precondition(lambda self: self.captures)
    @rule(seed=st.randoms(use_true_random=False), known=st.booleans())
    def settle(self, seed, known):
        """Settle the lived archive; make a fresh one in another order; both must be equal. `known`: decisions come first."""
        with self.store.transaction():
            report = self.store.restory(self.decisions)
        assert len(report.absent) <= len(groups_of(self.decisions).of)
        settled = state(self.store)
        self.look()
        self.look_settled()
        with self.store.transaction():
            self.store.restory(self.decisions)
        assert state(self.store) == settled
        arriving = sorted(self.captures.items())
        seed.shuffle(arriving)
        fresh = self.new(self.decisions if known else ())
        try:
            with fresh.transaction():
                for _, (shot, extraction) in arriving:
                    self.take(fresh, shot, extraction)
            with fresh.transaction():
                fresh.restory(self.decisions)
            assert state(fresh) == settled
        finally:
            fresh.close()

    def take(self, store, shot, extraction):
        capture = store.add_capture(shot)
        assert capture is not None
        if extraction is not None:
            store.add_extraction(capture, EXTRACTOR, extraction)
        store.place(capture)

    def look(self):
        """Check what holds at any time."""
        conn = self.store.db.conn
        wrong = conn.execute(
            "SELECT s.id FROM stories s WHERE NOT EXISTS (SELECT 1 FROM articles a WHERE a.story = s.pk AND a.id = s.id)"
            " OR NOT EXISTS (SELECT 1 FROM articles a WHERE a.pk = s.head AND a.story = s.pk)"
            " OR s.members <> (SELECT count(*) FROM articles a WHERE a.story = s.pk AND a.hidden = 0)"
            " OR s.head <> (SELECT pk FROM articles a WHERE a.story = s.pk"
            "    ORDER BY hidden, published IS NULL, sort_at, first_seen, id LIMIT 1)"
        ).fetchall()
        assert wrong == []
        assert (
            conn.execute("SELECT count(*) FROM articles a WHERE story NOT IN (SELECT pk FROM stories)").fetchone()[0]
            == 0
        )
        # An article is shown if and only if a capture of it has a text now.
        assert (
            conn.execute(
                "SELECT a.id FROM articles a WHERE a.hidden = EXISTS (SELECT 1 FROM captures c JOIN extractions e"
                " ON e.pk = c.extraction AND e.status = 'article' WHERE c.article = a.pk)"
            ).fetchall()
            == []
        )
        integrity_check(conn)

    def look_settled(self):
        """Check what the rules say, after all is placed in contract order."""
        conn = self.store.db.conn
        groups = groups_of(self.decisions)
        rows = conn.execute(
            "SELECT a.pk, a.id, s.id, a.kind, b.id, l.kind, bs.id FROM articles a JOIN stories s ON s.pk = a.story"
            ' LEFT JOIN links l ON l.article = a.pk LEFT JOIN articles b ON b.pk = l."of"'
            " LEFT JOIN stories bs ON bs.pk = b.story ORDER BY a.pk"
        ).fetchall()
        own = {row[1] for row in rows}
        aliases: dict[int, list[str]] = {}
        for pk, name in conn.execute("SELECT article, id FROM aliases"):
            if name not in own:
                aliases.setdefault(pk, []).append(name)
        story_of: dict[int, str] = {}
        group_of: dict[str, int] = {}
        first: set[str] = set()
        for pk, name, story, kind, _match, match_kind, match_story in rows:
            assert (name == story) == (story not in first)  # the id is that of the first in contract order
            first.add(story)
            group = groups.group(name, aliases.get(pk, ()))
            if group is not None:
                assert story_of.setdefault(group, story) == story  # together
                assert group_of.setdefault(story, group) == group  # and apart
            elif match_kind in JOINING:
                assert story == match_story  # undecided: with its match
            else:
                assert story == name
            if match_kind in JOINING and story == match_story:
                assert kind == match_kind
            elif story == name:
                assert kind == ("related" if match_kind == "related" else "new")
            else:
                assert kind == "joined"


class ArchiveStoryMachine(StoryMachine):
    """The same with the rules by which the archive itself tells copies."""

    scripted = False
