"""What people decided about stories, and which story each article is in then. Pure.

    {"at": …, "kind": "story-split", "reason": …, "articles": ["a-b", "a-c"], "from": ["a-a", "a-d"]}
    {"at": …, "kind": "story-join", "reason": …, "stories": [["a-a", "a-d"], ["a-e"]]}

A line names every article of the stories as the person saw them, by public id: those that leave and those that stay,
or those that come together. So what was decided does not depend on when an article arrives here again:

Where the best match of one of them is in a further story about which nothing was decided, a line names that one's
articles too, as `"beside": [["a-f"]]`: it stays what it is.

- Articles that the last decision about them has in one story (a *group*) are in one story, whatever their texts say.
- Two groups are never in one story. The first article of a group goes with its best match only where that story has
  no group yet (an older article that came later than the decision); otherwise it founds the group's story.
- Any other article goes with its best match, as without decisions. So a later copy of an article that was split off
  joins the story that this one is in now.

An id that no article has decides nothing until there is one.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from archive.decisions import DecisionLike
from archive.dedupe.exact import JOINING

SPLIT = "story-split"
JOIN = "story-join"
JOINED = "joined"  # the kind of an article that is in its story because a person said so


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups that decisions made, by public id. An article that is known by several ids goes by the last named."""

    of: Mapping[str, int] = field(default_factory=dict)  # id -> group
    named: Mapping[str, int] = field(default_factory=dict)  # id -> number of the last decision that named it
    digest: str = ""  # of the decisions, in order; "" where there is none

    def group(self, own: str, aliases: Iterable[str]) -> int | None:
        """Return the group of an article with this id and these further ones; None if nobody decided about it."""
        known = [name for name in (own, *sorted(aliases)) if name in self.of]
        return self.of[max(known, key=lambda name: self.named[name])] if known else None  # max: the first of equals


@dataclass(frozen=True, slots=True)
class Member:
    """An article as its match left it."""

    article: int
    of: int | None = None  # the best match
    match: str = "new"  # kind of the match


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article is: `story` is the article that was placed first in it."""

    story: int
    kind: str


def groups_of(decisions: Iterable[DecisionLike]) -> Groups:
    """Return what the decisions of kind `story-split` and `story-join` come to, in their order. Others are passed over."""
    members: dict[int, set[str]] = {}
    of: dict[str, int] = {}
    named: dict[str, int] = {}
    digest = hashlib.sha256()

    def unite(ids: Collection[str], group: int) -> None:
        # With them come those of their groups that are not here now: a page that was withdrawn, another shard's.
        for old in {of[name] for name in ids if name in of}:
            members.setdefault(group, set()).update(members.pop(old))
        members.setdefault(group, set()).update(ids)
        of.update(dict.fromkeys(members[group], group))

    fresh = itertools.count()
    for number, (kind, leaving, others, beside) in enumerate(_read(decisions)):
        digest.update(json.dumps([kind, leaving, others, beside]).encode())
        for name in leaving:
            if name in of:
                members[of.pop(name)].discard(name)
        if leaving:
            unite(leaving, next(fresh))
        for story in (others, *beside):
            if rest := [name for name in story if name not in leaving]:
                unite(rest, next(fresh))
        named.update(dict.fromkeys((*leaving, *others, *itertools.chain(*beside)), number))
    return Groups(of, named, digest.hexdigest() if named else "")


def assign(members: Iterable[Member], group: Mapping[int, int]) -> dict[int, Place]:
    """Return the story and kind of each article. `members`: in order of placement; `group`: of those decided about.

    The kind is that of the match where the match is in the same story; otherwise `new` (or `related`) for the one that
    was placed first, and `joined` for others.
    """
    places: dict[int, Place] = {}
    story_of: dict[int, int] = {}  # group -> story
    taken: set[int] = set()  # stories that have a group
    for member in members:
        own = group.get(member.article)
        match = places.get(member.of) if member.of is not None and member.match in JOINING else None
        story = None if own is None else story_of.get(own)
        if story is None and match is not None and (own is None or match.story not in taken):
            story = match.story
        if story is None:
            story = member.article
        if own is not None:
            story_of.setdefault(own, story)
            taken.add(story)
        if match is not None and match.story == story:
            kind = member.match
        elif story == member.article:
            kind = "related" if member.match == "related" else "new"
        else:
            kind = JOINED
        places[member.article] = Place(story, kind)
    return places


def _read(decisions: Iterable[DecisionLike]) -> Iterator[tuple[str, list[str], list[str], list[list[str]]]]:
    """Yield kind, those that leave, the others, stories beside them. What is no list of ids names nobody."""
    for decision in decisions:
        beside = _lists(decision.data.get("beside"))
        if decision.kind == SPLIT:
            yield SPLIT, _ids(decision.data.get("articles")), _ids(decision.data.get("from")), beside
        elif decision.kind == JOIN:
            yield JOIN, [], [name for story in _lists(decision.data.get("stories")) for name in story], beside


def _lists(value: object) -> list[list[str]]:
    return [_ids(story) for story in value] if isinstance(value, list) else []


def _ids(value: object) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
