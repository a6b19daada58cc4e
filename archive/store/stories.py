"""Rows of stories: founding, joining, what people decided, and which member leads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable

from archive.dedupe.decided import Groups, Member, assign
from archive.dedupe.exact import JOINING

_JOINING = ", ".join(f"'{kind}'" for kind in JOINING)
_HERE = "(SELECT value FROM json_each(?))"
# What the match of a member, or a decision about it, ties the story to.
_MATCHED = (
    "SELECT DISTINCT b.story FROM articles a JOIN links l ON l.article = a.pk"  # noqa: S608 - made of constants
    f' JOIN articles b ON b.pk = l."of" WHERE a.story IN {_HERE} AND l.kind IN ({_JOINING})'
)
# An id is that of the article that was born with it, and only then of one that has it as an alias.
_ALIASES = (
    "SELECT article, id FROM aliases s WHERE article IN (SELECT pk FROM articles WHERE story IN "  # noqa: S608
    f"{_HERE}) AND NOT EXISTS (SELECT 1 FROM articles a WHERE a.id = s.id)"
)
_NAMED = (
    f"SELECT id, pk, story FROM articles WHERE id IN {_HERE} UNION ALL"  # noqa: S608 - made of constants
    f" SELECT s.id, a.pk, a.story FROM aliases s JOIN articles a ON a.pk = s.article WHERE s.id IN {_HERE}"
    " AND NOT EXISTS (SELECT 1 FROM articles b WHERE b.id = s.id)"
)
_MEMBERS = (
    "SELECT a.pk, a.id, l.\"of\", ifnull(l.kind, 'new'), a.kind, a.story FROM articles a"  # noqa: S608
    f" LEFT JOIN links l ON l.article = a.pk WHERE a.story IN {_HERE} ORDER BY a.pk"
)
# In contract order of the captures that they were born with.
_FOUNDER = (
    "SELECT a.id FROM articles a WHERE a.story = ? ORDER BY a.hidden, a.first_seen, (SELECT c.url_key || char(10) ||"
    " ifnull(c.payload_digest, '') || char(10) || c.url || char(10) || c.record_type FROM captures c"
    " WHERE c.article = a.pk AND c.captured_at = a.first_seen"
    " ORDER BY c.url_key, ifnull(c.payload_digest, ''), c.url, c.record_type LIMIT 1), a.pk LIMIT 1"
)


class Stories:
    """A story has the id of its founding article; its head is the earliest published member, then earliest seen."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def found(self, article: int, article_id: str) -> int:
        """Make the story of an article that is like no other, and return it."""
        cursor = self._conn.execute("INSERT INTO stories (id, head, members) VALUES (?, ?, 1)", (article_id, article))
        return int(cursor.lastrowid or 0)

    def story_of(self, article: int) -> int:
        """Return the story of an article that has been placed."""
        return int(self._conn.execute("SELECT story FROM articles WHERE pk = ?", (article,)).fetchone()[0])

    def changed(self, article: int) -> None:
        """Count the members and choose the head again: a member came, was hidden or shown, or its dates changed."""
        self._refresh(self.story_of(article))

    def named(self, ids: Collection[str]) -> dict[str, int]:
        """Return the articles that have one of these public ids, their own or an alias's."""
        values = json.dumps(sorted(ids))
        return {name: pk for name, pk, _story in self._conn.execute(_NAMED, (values, values))}

    def settle(self, groups: Groups, ids: Collection[str]) -> None:
        """Put the articles of these public ids, and all that hangs together with them, where the decisions want them.

        Of a story that this makes or changes, the founding article is the first in contract order.
        """
        stories = self._tied(groups, ids)
        if not stories:
            return
        here = json.dumps(sorted(stories))
        rows = self._conn.execute(_MEMBERS, (here,)).fetchall()
        aliases: dict[int, list[str]] = {}
        for article, name in self._conn.execute(_ALIASES, (here,)):
            aliases.setdefault(article, []).append(name)
        group = {pk: own for pk, name, *_ in rows if (own := groups.group(name, aliases.get(pk, ()))) is not None}
        places = assign((Member(pk, of, match) for pk, _id, of, match, *_ in rows), group)
        self._conn.execute(f"DELETE FROM stories WHERE pk IN {_HERE}", (here,))  # noqa: S608 - made of constants
        made: dict[int, int] = {}
        for pk, name, _of, _match, _kind, _story in rows:
            place = places[pk]
            if place.story == pk:
                made[pk] = self.found(pk, name)
            self._conn.execute(
                "UPDATE articles SET story = ?, kind = ? WHERE pk = ?", (made[place.story], place.kind, pk)
            )
        for story in made.values():
            self._conn.execute("UPDATE stories SET id = '-' || pk WHERE pk = ?", (story,))  # no two alike on the way
        for story in made.values():
            founder = self._conn.execute(_FOUNDER, (story,)).fetchone()[0]
            self._conn.execute("UPDATE stories SET id = ? WHERE pk = ?", (founder, story))
            self._refresh(story)

    def _tied(self, groups: Groups, ids: Collection[str]) -> set[int]:
        """Return the stories of these articles with all that their matches and groups tie them to."""
        mates: dict[int, list[str]] = {}
        for name, group in groups.of.items():
            mates.setdefault(group, []).append(name)
        stories: set[int] = set()
        asked: set[str] = set()
        wanted = set(ids)
        while wanted:
            asked |= wanted
            values = json.dumps(sorted(wanted))
            found = {story for _id, _pk, story in self._conn.execute(_NAMED, (values, values))} - stories
            while found:
                stories |= found
                here = json.dumps(sorted(found))
                found = {row[0] for row in self._conn.execute(_MATCHED, (here,))} - stories
            wanted = {mate for name in self._ids(stories) if name in groups.of for mate in mates[groups.of[name]]}
            wanted -= asked
        return stories

    def _ids(self, stories: Iterable[int]) -> list[str]:
        here = json.dumps(sorted(stories))
        sql = f"SELECT id FROM articles WHERE story IN {_HERE} UNION {_ALIASES.replace('article, id', 'id', 1)}"  # noqa: S608
        return [row[0] for row in self._conn.execute(sql, (here, here))]

    def recount(self, story: int) -> None:
        """Do what `changed` does for a story that a member has left."""
        self._refresh(story)

    def _refresh(self, story: int) -> None:
        """Count the members that are shown, and choose the head: shown, published, earliest, first seen, by id."""
        self._conn.execute(
            "UPDATE stories SET members = (SELECT count(*) FROM articles WHERE story = ? AND hidden = 0), head ="
            " (SELECT pk FROM articles WHERE story = ?"
            " ORDER BY hidden, published IS NULL, sort_at, first_seen, id LIMIT 1) WHERE pk = ?",
            (story, story, story),
        )
