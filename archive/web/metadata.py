"""What Datasette is told of archive.db: titles, what each table and column means, ready questions."""

from __future__ import annotations

from typing import Any

_HIDDEN = ("_sqlite_migrations", "dedupe_exact", "profiles", "tombstones", "extractions")

_TABLES: dict[str, dict[str, Any]] = {
    "articles_view": {
        "title": "Articles",
        "description": "What reads best: one row per article, with its story and the number of its copies.",
        "columns": {
            "id": "public id; stays the same after a rebuild",
            "url": "address as first captured",
            "published": "as the page gave it, with its own offset; empty when it cannot be believed",
            "published_via": "where that date came from",
            "published_precision": "second, minute, day or month",
            "first_seen": "first capture, UTC",
            "last_seen": "last capture that showed it, UTC",
            "gone_at": "when it answered 404 or 410, UTC",
            "kind": "how it came into its story: new, exact, near, rewrite, related",
            "story": "id of the story's founding article",
            "copies": "other members of the story",
        },
        "sort_desc": "first_seen",
    },
    "articles": {
        "description": "Current state of each article. articles_view reads better.",
        "columns": {
            "title_terms": "what the search index holds of the title",
            "text_terms": "what the search index holds of the text",
            "provenance": "JSON: field -> where it came from",
            "sort_at": "published, else first seen; UTC",
        },
        "label_column": "title",
    },
    "revisions": {
        "description": "Each text that an article has had, with the times (UTC) it was seen.",
        "columns": {"cause": "publisher: the page changed; extractor: our reading of it changed"},
    },
    "captures": {
        "description": "One row per kept response (the CDX): where its WARC record lies, and which article it shows.",
        "label_column": "url",
    },
    "discoveries": {"description": "What feeds, sitemaps and front pages said of each address, unchecked."},
    "stories": {"description": "Articles that are copies of one text."},
    "links": {"description": "How a copy was recognised: of which article, with which score."},
    "warcs": {"description": "WARC files and how far each was read."},
    "runs": {"description": "One row per crawl: its report, as in reports/."},
    "aliases": {"description": "Further addresses of articles."},
}

_QUERIES: dict[str, dict[str, Any]] = {
    "search": {
        "title": "Search",
        "description": 'Words, "phrases", OR, NOT or -word, prefix*, title:word. One row per article, best first.',
        "sql": (
            "select v.id, v.title, v.published, v.source, v.language, v.copies, v.url from articles_fts f "
            "join articles a on a.pk = f.rowid join articles_view v on v.id = a.id "
            "where articles_fts match morgue_match(:words) order by f.rank limit 200"
        ),
    },
    "newest": {
        "title": "Newest articles",
        "sql": "select v.id, v.title, v.published, v.source, v.url from articles a join articles_view v on v.id = a.id "
        "where a.hidden = 0 order by a.sort_at desc limit 200",
    },
    "edited_after_publication": {
        "title": "Edited after publication",
        "sql": "select a.id, a.title, a.source, count(*) as revisions, min(r.seen_from) as first, max(r.seen_from) as last "
        "from revisions r join articles a on a.pk = r.article where r.cause = 'publisher' "
        "group by a.pk having count(*) > 1 order by last desc limit 200",
    },
    "gone": {
        "title": "Gone since",
        "sql": "select id, title, source, url, gone_at from articles where gone_at is not null order by gone_at desc",
    },
    "copies": {
        "title": "Copied most",
        "sql": "select s.id as story, h.title, h.source, s.members from stories s join articles h on h.pk = s.head "
        "where s.members > 1 order by s.members desc, s.id limit 200",
    },
    "source_days": {
        "title": "Articles per source and day",
        "sql": "select substr(sort_at, 1, 10) as day, ifnull(source, domain) as source, count(*) as articles "
        "from articles where hidden = 0 group by 1, 2 order by 1 desc, 3 desc limit 1000",
    },
    "not_articles": {
        "title": "Pages that gave no article, by reason",
        "sql": "select c.source, e.reason, count(*) as pages from captures c join extractions e on e.pk = c.extraction "
        "where e.status = 'refused' group by 1, 2 order by 3 desc",
    },
}


def metadata(database: str) -> dict[str, Any]:
    """Return Datasette's metadata for the database named `database`."""
    tables: dict[str, dict[str, Any]] = {name: {"hidden": True} for name in _HIDDEN}
    tables.update(_TABLES)
    return {
        "title": "Morgue",
        "description": "A news archive. Start with the query “search”, or the view articles_view.",
        "databases": {
            database: {
                "description": "Articles, their revisions, copies and captures.",
                "tables": tables,
                "queries": _QUERIES,
            }
        },
    }
