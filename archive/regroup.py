"""Deciding about stories: what `morgue story split` and `morgue story join` do.

In one transaction the stories are changed; then the line of decisions.jsonl is written, and the transaction is committed.
A kill before the line leaves everything as it was; one after it is caught up with by the next ingest, decision or restory.
What a line holds, and what it means for articles that come later: `archive.dedupe.decided`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from archive.clock import Clock
from archive.decisions import DecisionLike, append_decision, read_decisions
from archive.dedupe.decided import JOIN, SPLIT
from archive.errors import DatabaseError, StoryError, UsageError
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.query.show import find_article
from archive.store import Store, open_store

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
class _New:
    """A decision that is not written yet."""

    kind: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Story:
    pk: int
    story: str
    members: tuple[str, ...]  # hidden ones too: they may come back
    shown: int


_Decide = Callable[[sqlite3.Connection], tuple[_New, list[_Story], list[str]]]


class _DryRunError(Exception):
    """Nothing is to be kept; stays in this module."""


def split_story(
    folder: ArchiveFolder, names: Sequence[str], *, clock: Clock, reason: str | None = None, dry_run: bool = False
) -> Regrouped:
    """Let articles (ids or URLs) leave their story and found one of their own together.

    Where they are a whole story already, nothing is written. Raises `QueryError` for an article that is not there,
    `StoryError` if they are of several stories, `LockHeldError`, and `UsageError` without names.
    """
    if not names:
        raise UsageError("name the articles that are to leave their story: `morgue story split ID`.")

    def decide(conn: sqlite3.Connection) -> tuple[_New, list[_Story], list[str]]:
        articles = _articles(conn, names)
        stories = {_story_of(conn, pk) for pk in articles}
        leaving = list(articles.values())
        if len(stories) > 1:
            raise StoryError(
                f"{_listed(leaving)} are of {len(stories)} stories ({_listed(sorted(s.story for s in stories))}), and a "
                "split is of one. Split each story for itself, then `morgue story join ID ID` what belongs together."
            )
        (story,) = stories
        staying = [name for name in story.members if name not in leaving]
        data = {"articles": leaving, "from": staying}
        return _New(SPLIT, data), [] if _hidden_only(conn, staying) else [story], leaving

    return _carry_out(folder, decide, clock=clock, reason=reason, dry_run=dry_run)


def join_stories(
    folder: ArchiveFolder, names: Sequence[str], *, clock: Clock, reason: str | None = None, dry_run: bool = False
) -> Regrouped:
    """Make one story of several, each given by its id, or by the id or a URL of any member.

    Where they are one story already, nothing is written. Raises `QueryError` for one that is not there,
    `LockHeldError`, and `UsageError` for fewer than two names.
    """
    if not names[1:]:
        raise UsageError("a join needs two stories or more: `morgue story join ID ID`.")

    def decide(conn: sqlite3.Connection) -> tuple[_New, list[_Story], list[str]]:
        articles = _articles(conn, names)
        stories = list(dict.fromkeys(_story_of(conn, pk) for pk in articles))
        data = {"stories": [list(story.members) for story in stories]}
        return _New(JOIN, data), stories if len(stories) > 1 else [], list(articles.values())

    return _carry_out(folder, decide, clock=clock, reason=reason, dry_run=dry_run)


def _carry_out(
    folder: ArchiveFolder,
    decide: _Decide,
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
        try:
            with store.transaction():
                store.regroup(decisions)
                new, about, named = decide(store.db.conn)
                ids = [name for story in about for name in story.members]
                if about:
                    store.regroup([*decisions, new], ids)
                done = Regrouped(
                    decision=new.kind,
                    changed=bool(about),
                    articles=tuple(named),
                    before=tuple(story.story for story in about),
                    stories=_now(store, [*named, *ids]),
                    dry_run=dry_run,
                )
                _keep(folder, new if about else None, at=clock.now(), reason=reason, dry_run=dry_run)
        except _DryRunError:
            pass
    if done is None:
        raise AssertionError("a transaction that ends without an error has decided")
    return done


def _keep(folder: ArchiveFolder, new: _New | None, *, at: datetime, reason: str | None, dry_run: bool) -> None:
    """Write the decision, last in its transaction. Raises `_DryRunError` where nothing is to be kept."""
    if dry_run:
        raise _DryRunError
    if new is not None:
        append_decision(folder.decisions, new.kind, new.data, at=at, reason=reason)


def _articles(conn: sqlite3.Connection, names: Sequence[str]) -> dict[int, str]:
    """Return the articles named, each once, with its present id. Raises `QueryError`."""
    found = (find_article(conn, name) for name in names)
    return {pk: str(conn.execute("SELECT id FROM articles WHERE pk = ?", (pk,)).fetchone()[0]) for pk in found}


def _story_of(conn: sqlite3.Connection, article: int) -> _Story:
    pk, story = conn.execute(
        "SELECT s.pk, s.id FROM articles a JOIN stories s ON s.pk = a.story WHERE a.pk = ?", (article,)
    ).fetchone()
    rows = conn.execute("SELECT id, hidden FROM articles WHERE story = ? ORDER BY sort_at, first_seen, id", (pk,))
    members = rows.fetchall()
    return _Story(pk, story, tuple(name for name, _ in members), sum(not hidden for _, hidden in members))


def _hidden_only(conn: sqlite3.Connection, names: Sequence[str]) -> bool:
    """Return whether none of these articles is shown: who takes all that is seen takes the whole story."""
    return all(conn.execute("SELECT hidden FROM articles WHERE id = ?", (name,)).fetchone()[0] for name in names)


def _now(store: Store, ids: Sequence[str]) -> tuple[StoryNow, ...]:
    """Return the stories of these articles, in the order of `ids`."""
    stories: dict[str, StoryNow] = {}
    for name in ids:
        row = store.db.conn.execute(
            "SELECT s.pk, s.id, h.id FROM articles a JOIN stories s ON s.pk = a.story JOIN articles h ON h.pk = s.head"
            " WHERE a.id = ?",
            (name,),
        ).fetchone()
        members = store.db.conn.execute(
            "SELECT id FROM articles WHERE story = ? AND hidden = 0 ORDER BY sort_at, first_seen, id", (row[0],)
        )
        stories.setdefault(row[1], StoryNow(row[1], row[2], tuple(member[0] for member in members)))
    return tuple(stories.values())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
