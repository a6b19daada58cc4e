"""Deciding about stories: what `morgue story split` and `morgue story join` do.

In one transaction the stories are changed; then the line of decisions.jsonl is written, and the transaction is committed.
A kill before the line leaves everything as it was; one after it is caught up with by the next ingest, decision or restory.
What a line holds, and what it means for articles that come later: `archive.dedupe.decided`.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from archive.clock import Clock
from archive.decisions import DecisionLike, append_decision, read_decisions
from archive.dedupe.decided import JOIN, SPLIT, groups_of
from archive.dedupe.exact import JOINING
from archive.errors import DatabaseError, StoryError, UsageError
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.query.show import find_article
from archive.store import open_store

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class StoryNow:
    """A story as it is after a decision; public ids."""

    story: str
    head: str
    members: tuple[str, ...]  # that are shown, earliest first


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What a decision changed. `before`: the ids of the stories that it was about."""

    decision: str  # story-split, story-join
    changed: bool  # False: it was so already, and nothing was written
    articles: tuple[str, ...]  # that were named
    before: tuple[str, ...]
    stories: tuple[StoryNow, ...]  # that of the articles named first
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision that is not written yet."""

    kind: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a command asks for, before anything is changed."""

    decision: NewDecision
    articles: tuple[str, ...]  # that were named, by their present ids
    stories: tuple[str, ...]  # that it is about; none where all is so already
    ids: tuple[str, ...]  # every article of these stories


@dataclass(frozen=True, slots=True)
class _Story:
    story: str
    members: tuple[str, ...]  # hidden ones too: they may come back


class _DryRunError(Exception):
    """Nothing is to be kept; stays in this module."""


def propose_split(conn: sqlite3.Connection, names: Sequence[str], decisions: Iterable[DecisionLike] = ()) -> Proposal:
    """Return the decision that lets articles leave their story. `decisions`: those that were made before.

    Raises `QueryError`, `StoryError`, `UsageError`.
    """
    if not names:
        raise UsageError("name the articles that are to leave their story: `morgue story split ID`.")
    articles = _articles(conn, names)
    stories = list(dict.fromkeys(_story_of(conn, pk) for pk in articles))
    leaving = tuple(articles.values())
    if len(stories) > 1:
        raise StoryError(
            f"{_listed(leaving)} are of {len(stories)} stories ({_listed([s.story for s in stories])}), and a split is of "
            "one. Split each story for itself, then `morgue story join ID ID` what belongs together."
        )
    staying = [name for name in stories[0].members if name not in leaving]
    data = {"articles": list(leaving), "from": staying, **_beside(conn, stories, decisions)}
    decision = NewDecision(SPLIT, data)
    return _proposal(decision, leaving, [] if _hidden_only(conn, staying) else stories)


def propose_join(conn: sqlite3.Connection, names: Sequence[str], decisions: Iterable[DecisionLike] = ()) -> Proposal:
    """Return the decision that makes one story of several. `decisions`: those that were made before.

    Raises `QueryError`, `UsageError`.
    """
    if not names[1:]:
        raise UsageError("a join needs two stories or more: `morgue story join ID ID`.")
    articles = _articles(conn, names)
    stories = list(dict.fromkeys(_story_of(conn, pk) for pk in articles))
    data = {"stories": [list(story.members) for story in stories], **_beside(conn, stories, decisions)}
    decision = NewDecision(JOIN, data)
    return _proposal(decision, tuple(articles.values()), stories if len(stories) > 1 else [])


def split_story(
    folder: ArchiveFolder, names: Sequence[str], *, clock: Clock, reason: str | None = None, dry_run: bool = False
) -> Regrouped:
    """Let articles (ids or URLs) leave their story and found one of their own together.

    Where they are a whole story already, nothing is written. Raises `QueryError` for an article that is not there,
    `StoryError` if they are of several stories, `LockHeldError`, and `UsageError` without names.
    """
    return _carry_out(folder, propose_split, names, clock=clock, reason=reason, dry_run=dry_run)


def join_stories(
    folder: ArchiveFolder, names: Sequence[str], *, clock: Clock, reason: str | None = None, dry_run: bool = False
) -> Regrouped:
    """Make one story of several, each given by its id, or by the id or a URL of any member.

    Where they are one story already, nothing is written. Raises `QueryError` for one that is not there,
    `LockHeldError`, and `UsageError` for fewer than two names.
    """
    return _carry_out(folder, propose_join, names, clock=clock, reason=reason, dry_run=dry_run)


def _carry_out(
    folder: ArchiveFolder,
    propose: Callable[[sqlite3.Connection, Sequence[str], Iterable[DecisionLike]], Proposal],
    names: Sequence[str],
    *,
    clock: Clock,
    reason: str | None,
    dry_run: bool,
) -> Regrouped:
    if not folder.archive_db.exists():
        raise DatabaseError(f"there is no {folder.archive_db}. Make it from the WARC files with `morgue rebuild`.")
    done: Regrouped | None = None
    with ExitStack() as stack:
        stack.enter_context(lock(folder.archive_lock, "morgue story"))
        decisions: tuple[DecisionLike, ...] = read_decisions(folder.decisions)
        store = stack.enter_context(open_store(folder, clock, decisions=decisions))
        with contextlib.suppress(_DryRunError), store.transaction():
            store.regroup(decisions)
            proposal = propose(store.db.conn, names, decisions)
            if proposal.stories:
                store.regroup([*decisions, proposal.decision], proposal.ids)
            done = Regrouped(
                decision=proposal.decision.kind,
                changed=bool(proposal.stories),
                articles=proposal.articles,
                before=proposal.stories,
                stories=_now(store.db.conn, [*proposal.articles, *proposal.ids]),
                dry_run=dry_run,
            )
            _keep(folder, proposal, at=clock.now(), reason=reason, dry_run=dry_run)
    if done is None:
        raise AssertionError("a transaction that ends without an error has decided")
    return done


def _keep(folder: ArchiveFolder, proposal: Proposal, *, at: datetime, reason: str | None, dry_run: bool) -> None:
    """Write the decision, last in its transaction. Raises `_DryRunError` where nothing is to be kept."""
    if dry_run:
        raise _DryRunError
    if proposal.stories:
        append_decision(folder.decisions, proposal.decision.kind, proposal.decision.data, at=at, reason=reason)


def _beside(
    conn: sqlite3.Connection, stories: Sequence[_Story], decisions: Iterable[DecisionLike]
) -> dict[str, list[list[str]]]:
    """Return further stories that matches of these stories' articles are in, where nobody decided about them yet."""
    decided = groups_of(decisions).of
    rows = conn.execute(
        'SELECT min(b.pk) FROM articles a JOIN links l ON l.article = a.pk JOIN articles b ON b.pk = l."of"'
        " WHERE a.id IN (SELECT value FROM json_each(?)) AND b.story <> a.story"
        " AND l.kind IN (SELECT value FROM json_each(?)) GROUP BY b.story ORDER BY min(b.id)",
        (json.dumps([name for story in stories for name in story.members]), json.dumps(JOINING)),
    ).fetchall()
    found = [_story_of(conn, pk) for (pk,) in rows]
    beside = [list(s.members) for s in found if s not in stories and decided.keys().isdisjoint(s.members)]
    return {"beside": beside} if beside else {}


def _proposal(decision: NewDecision, articles: tuple[str, ...], about: Sequence[_Story]) -> Proposal:
    ids = [name for story in about for name in story.members]
    return Proposal(decision, articles, tuple(story.story for story in about), tuple(ids))


def _articles(conn: sqlite3.Connection, names: Sequence[str]) -> dict[int, str]:
    """Return the articles named, each once, with its present id. Raises `QueryError`."""
    found = (find_article(conn, name) for name in names)
    return {pk: str(conn.execute("SELECT id FROM articles WHERE pk = ?", (pk,)).fetchone()[0]) for pk in found}


def _story_of(conn: sqlite3.Connection, article: int) -> _Story:
    pk, story = conn.execute(
        "SELECT s.pk, s.id FROM articles a JOIN stories s ON s.pk = a.story WHERE a.pk = ?", (article,)
    ).fetchone()
    members = conn.execute("SELECT id FROM articles WHERE story = ? ORDER BY sort_at, first_seen, id", (pk,))
    return _Story(story, tuple(name for (name,) in members))


def _hidden_only(conn: sqlite3.Connection, names: Sequence[str]) -> bool:
    """Return whether none of these articles is shown: who takes all that is seen takes the whole story."""
    return all(conn.execute("SELECT hidden FROM articles WHERE id = ?", (name,)).fetchone()[0] for name in names)


def _now(conn: sqlite3.Connection, ids: Sequence[str]) -> tuple[StoryNow, ...]:
    """Return the stories of these articles, in the order of `ids`."""
    stories: dict[int, StoryNow] = {}
    for name in ids:
        pk, story, head = conn.execute(
            "SELECT s.pk, s.id, h.id FROM articles a JOIN stories s ON s.pk = a.story JOIN articles h ON h.pk = s.head"
            " WHERE a.id = ?",
            (name,),
        ).fetchone()
        if pk not in stories:
            members = conn.execute(
                "SELECT id FROM articles WHERE story = ? AND hidden = 0 ORDER BY sort_at, first_seen, id", (pk,)
            )
            stories[pk] = StoryNow(story, head, tuple(member for (member,) in members))
    return tuple(stories.values())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
