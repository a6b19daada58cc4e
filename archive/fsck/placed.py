"""What placement wrote, against what it follows from: times from captures, kinds from links, stories from their members.

These columns have no digest: they change with each capture. A flipped bit in one is seen because nothing else agrees with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from archive.fsck.look import Look
from archive.store import sort_instant

# A hidden article's captures belong to the one that took its place, so it is left out.
# `{}`: a column of times. Each is that of one of the article's captures (by the index `captures_article`).
_NOT_OF_A_CAPTURE = (
    "a.hidden = 0 AND {0} IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM captures c WHERE c.article = a.pk AND c.captured_at = {0} AND c.article IS NOT NULL)"
)
_OF_ANOTHER = (
    "a.hidden = 0 AND {0} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM captures c WHERE c.pk = {0} AND c.article = a.pk)"
)
_NOW = "r.cause = 'publisher' AND "  # an earlier reading may have taken a capture for the article's that shows none now
_ARTICLES = ("articles a", "a.id")
_REVISIONS = ("revisions r JOIN articles a ON a.pk = r.article", "a.id || ' ' || r.seen_from")
_CHECKS: Sequence[tuple[str, tuple[str, str], str, str]] = (
    # table, rows and their names, what is wrong with one, what is told of it
    *(
        ("articles", _ARTICLES, _NOT_OF_A_CAPTURE.format(f"a.{name}"), f"its {name} is the time of no capture of it")
        for name in ("first_seen", "last_seen", "gone_at")
    ),
    *(
        (
            "revisions",
            _REVISIONS,
            _NOW + _NOT_OF_A_CAPTURE.format(f"r.{name}"),
            f"its {name} is the time of no capture of it",
        )
        for name in ("seen_from", "seen_to")
    ),
    ("articles", _ARTICLES, _OF_ANOTHER.format("a.capture"), "its capture is another article's"),
    ("revisions", _REVISIONS, _NOW + _OF_ANOTHER.format("r.capture"), "its capture is another article's"),
    (
        "articles",
        ("articles a LEFT JOIN links l ON l.article = a.pk", "a.id"),
        "a.kind NOT IN ('new', 'joined') AND a.kind IS NOT l.kind",  # the two that people may have decided
        "its kind is not that of its link",
    ),
    (
        "stories",
        ("stories s", "s.id"),
        "NOT EXISTS (SELECT 1 FROM articles a WHERE a.pk = s.head AND a.story = s.pk)",
        "its head is not one of its members",
    ),
    (
        "stories",
        ("stories s", "s.id"),
        "NOT EXISTS (SELECT 1 FROM articles a WHERE a.id = s.id AND a.story = s.pk)",
        "the article that it is named after is not one of its members",
    ),
)


def check_placed(look: Look) -> None:
    """Hold articles, revisions and stories against captures, links and one another."""
    for table, (rows, name), wrong, what in _CHECKS:
        with look.reading(table):
            for (public,) in look.rows(f"SELECT {name} FROM {rows} WHERE {wrong}"):  # noqa: S608 - constants
                look.fault("derived", what, file="archive.db", table=table, row=public)
    with look.reading("articles"):
        asked = (
            "SELECT a.id, a.published, a.first_seen, a.sort_at, a.source, c.source FROM articles a"
            " LEFT JOIN captures c ON c.pk = a.capture WHERE a.hidden = 0"
        )
        for public, published, first_seen, sort_at, source, asked_by in look.rows(asked):
            if sort_at != (sort_instant(published) or first_seen):
                what = "its sort_at follows neither from published nor from first_seen"
                look.fault("derived", what, file="archive.db", table="articles", row=public)
            if source != asked_by and source not in look.names:
                what = "its source is not that of its capture"
                look.fault("derived", what, file="archive.db", table="articles", row=public)
