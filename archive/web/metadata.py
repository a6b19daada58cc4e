"""What Datasette is told of archive.db: titles, what each table and column means, ready questions."""

from __future__ import annotations

from typing import Any

from archive.web.queries import QUERIES

_HIDDEN = (
    "_sqlite_migrations",
    "dedupe_exact",
    "dedupe_lines",
    "dedupe_pairs",
    "dedupe_terms",
    "profiles",
    "tombstones",
    "extractors",
    "extractions",
    "learned",
    "decided",
    "opt_outs_ignored",
    "robots_uses",
    "promotions",
    "superseded",
)

_ARTICLE: dict[str, str] = {  # columns that the view and the table share
    "id": "public id; stays the same after a rebuild",
    "url": "address as first captured",
    "source": "name in sources.toml; empty for single pages and foreign files",
    "domain": "registered domain of the address",
    "title": "headline",
    "authors": "JSON list of names",
    "published": "as the page gave it, with its own offset; empty when it cannot be believed",
    "published_precision": "second, minute, day or month",
    "published_via": "where that date came from: json-ld, meta, feed, text, url, htmldate …",
    "modified": "when the page says it was last changed, as written there",
    "language": "ISO 639-1",
    "word_count": "words of the text",
    "first_seen": "first capture, UTC",
    "last_seen": "last capture that showed it, UTC",
    "gone_at": "when it answered 404 or 410, UTC; empty while it is there",
    "kind": "how it came into its story: new, exact, near, rewrite, related; joined: a person said so",
    "text": "paragraphs, separated by a blank line",
}

_TABLES: dict[str, dict[str, Any]] = {
    "articles_view": {
        "title": "Articles",
        "description": "What reads best: one row per article, with its story and the number of its copies.",
        "columns": _ARTICLE
        | {
            "story": "id of the story's founding article",
            "story_head": "id of the member that stands for the story in search",
            "copies": "other members of the story",
        },
        "sort_desc": "first_seen",
    },
    "public_articles": {
        "title": "Articles that may be shown in public",
        "description": "Articles without those that opt out: what may be exported or shown to others.",
        "columns": {"pk": "row number: articles.pk"}
        | _ARTICLE
        | {"sort_at": "published, else first seen; UTC", "story": "id of the story's founding article"},
        "sort_desc": "sort_at",
    },
    "opted_out": {
        "description": "Articles whose site asks to be left out, as it holds now: they are not in public_articles.",
        "columns": {"article": "articles.pk"},
    },
    "opt_outs": {
        "description": "By what the newest whole capture of an article opts out, whether it is heeded and holds yet or not.",
        "columns": {
            "article": "articles.pk",
            "capture": "captures.pk of the capture that decided",
            "from_at": "it holds from then on, UTC; empty: at once",
            "signals": "JSON list of name, via and value, as in opt_out_signals",
        },
    },
    "opt_out_signals": {
        "description": "What each capture asks of those who keep it: noarchive and such, TDM reservations, uses not wanted.",
        "columns": {
            "capture": "captures.pk",
            "via": "where it stands: header:x-robots-tag, meta:robots, meta:morgue, robots.txt:content-usage …",
            "name": "noindex, noarchive, unavailable-after, tdm-reservation, content-usage, content-signal",
            "value": "as written: the word, the date, the address of a policy, the preferences",
            "opts_out": "1: it opts out; 0: what it forbids is nothing that this archive does (training of models)",
            "starts_at": "it holds from then on, UTC; empty: at once",
        },
    },
    "revisions_view": {
        "title": "Revisions",
        "description": "Each text that an article has had, with its article and what it changed against the one before.",
        "columns": {
            "article": "id of the article",
            "seq": "1, 2, … by time, within its cause; 1 is how it was first seen",
            "cause": "publisher: the page changed; extractor: what an earlier reading of the same page said",
            "seen_from": "first capture with this text, UTC",
            "seen_to": "last capture with this text before another, UTC",
            "source": _ARTICLE["source"],
            "domain": _ARTICLE["domain"],
            "title": "headline then",
            "url": _ARTICLE["url"],
            "title_changed": "1: the headline changed with it",
            "added": "paragraphs that came with it",
            "removed": "paragraphs that went with it",
            "changed": "paragraphs that it words otherwise",
            "published": "of the article, as the page gave it",
            "sort_at": "of the article: published, else first seen; UTC",
            "text": "text then",
        },
        "sort_desc": "seen_from",
    },
    "stories_view": {
        "title": "Stories",
        "description": "One row per story: the article that stands for it, and how far it spread.",
        "columns": {
            "story": "id of the story's founding article",
            "head": "id of the member that stands for it in search",
            "title": "its headline",
            "source": "its source",
            "domain": "its domain",
            "language": "its language, ISO 639-1",
            "members": "articles in it that are shown",
            "sites": "registered domains that have it",
            "first_at": "earliest sort_at of a member, UTC",
            "last_at": "latest sort_at of a member, UTC",
            "sort_at": "the head's own",
        },
        "sort_desc": "sort_at",
    },
    "source_days": {
        "title": "Sources by day",
        "description": "How much each source published on a day (UTC), and how much of it was edited or went that day.",
        "columns": {
            "day": "like 2026-05-01",
            "source": "name of the source; empty for single pages and foreign files",
            "articles": "published (or, undated, first seen) that day",
            "edited": "revisions by the publisher that were first seen that day, without how each article was first seen",
            "gone": "articles that answered 404 or 410 that day for the first time",
        },
        "sort_desc": "day",
    },
    "article_days": {
        "description": "Articles shown, by day of sort_at and source; kept in step by triggers.",
        "columns": {
            "day": "like 2026-05-01, UTC",
            "source": "name of the source; empty where there is none",
            "articles": "how many",
        },
    },
    "article_months": {
        "description": "The same by month, with domain and language: what a search without words counts.",
        "columns": {
            "month": "like 2026-05, UTC",
            "source": "name of the source; empty where there is none",
            "domain": "registered domain",
            "language": "ISO 639-1; empty where it is not known",
            "articles": "how many",
        },
    },
    "articles": {
        "description": "Current state of each article. articles_view reads better.",
        "columns": _ARTICLE
        | {
            "pk": "row number",
            "url_key": "identity of the address: scheme, www, tracking parameters and such folded away",
            "canonical_url": "address that the page names as its own",
            "canonical_key": "key of that, where it may be believed",
            "sort_at": "published, else first seen; UTC",
            "story": "stories.pk",
            "capture": "captures.pk of the capture whose text this is",
            "truncated": "1: the page was cut, the text may end early",
            "section": "section of the paper, as the page says",
            "image": "address of the lead image",
            "keywords": "JSON list",
            "description": "the page's own summary",
            "provenance": "JSON: field -> where it came from",
            "digest": "of the columns of text",
            "hidden": "1: no capture shows it any more; not searched",
            "title_terms": "what the search index holds of the title",
            "text_terms": "what the search index holds of the text",
        },
        "label_column": "title",
    },
    "revisions": {
        "description": "Each text that an article has had, with the times (UTC) it was seen.",
        "columns": {
            "pk": "row number",
            "article": "articles.pk",
            "seq": "1, 2, … by time, within its cause",
            "seen_from": "first capture with this text",
            "seen_to": "last capture with this text before another",
            "capture": "captures.pk of the capture that the text is from",
            "title": "headline then",
            "text": "text then",
            "cause": "publisher: the page changed; extractor: what an earlier reading of the same page said",
            "content": "digest of title and words, without regard to spacing",
            "digest": "of title and text exactly as they stand here",
        },
    },
    "revision_changes": {
        "description": "What each revision changed against the one before it (of cause extractor: what took its place changed "
        "against it): one row per paragraph, and one for the title; "
        "at most 1,000 of a revision (`morgue diff` shows all).",
        "columns": {
            "pk": "row number",
            "article": "articles.pk",
            "seen_from": "of the revision, UTC; with the article it names the revision for links",
            "cause": "as in revisions: publisher or extractor",
            "seq": "revisions.seq of the revision, within its cause; moves when an earlier capture comes late",
            "number": "1, 2, … within the revision: the title first, then in the order of the text",
            "kind": "title, added, removed, changed, moved",
            "paragraph": "its place in the text, from 1; of a removed one in the text before; empty for the title",
            "before": "as it was; empty if it is new",
            "after": "as it is then; empty if it was removed",
        },
        "sort_desc": "seen_from",
    },
    "captures": {
        "description": "One row per kept response (the CDX): where its WARC record lies, and which article it shows.",
        "columns": {
            "pk": "row number",
            "url": "as requested",
            "url_key": "identity of that address",
            "captured_at": "when it was asked for",
            "status": "HTTP status; empty where the record has none",
            "mime": "media type",
            "record_type": "response, revisit, resource, conversion",
            "payload_digest": "of the body, as in the WARC record",
            "warc": "warcs.pk",
            "offset": "first byte of the record in that file",
            "length": "bytes of the record in that file",
            "source": "name of the source that asked for it",
            "role": "what it was asked for as: page, home, section, feed, sitemap, robots, asset",
            "truncated": "why it was not seen whole: WARC-Truncated of body or document, or unrendered; empty if it was",
            "refers_to_url": "revisit: address of the capture whose body this repeats",
            "refers_to_at": "revisit: time of that capture",
            "extraction": "extractions.pk of the reading in force",
            "article": "articles.pk of the article it shows",
            "content": "digest of what a reader saw; empty: not seen whole, or gone",
        },
        "label_column": "url",
    },
    "discoveries": {
        "description": "What feeds, sitemaps and front pages said of each address, unchecked.",
        "columns": {
            "pk": "row number",
            "url": "address spoken of",
            "url_key": "identity of that address",
            "via": "feed, sitemap, news-sitemap, home, section, robots, redirect, config, user, link",
            "found_on": "address of the page or feed that said it",
            "seen_at": "when it was read there",
            "title": "as written there",
            "published": "as written there",
            "author": "as written there",
            "entry_id": "guid or id of the feed's entry",
            "summary": "as written there",
            "language": "as written there",
            "source": "name of the source",
            "warc": "warcs.pk of the file that holds the record",
            "offset": "first byte of that record",
            "digest": "of all it says: the same fact twice is one row",
        },
    },
    "stories": {
        "description": "Articles that are copies of one text.",
        "columns": {
            "pk": "row number",
            "id": "id of the founding article",
            "head": "articles.pk of the member that stands for the story",
            "members": "articles in it that are shown",
        },
    },
    "story_timeline": {
        "description": "Who copied whom, and how fast: one row per article that is shown, with its story. Delays may be "
        "negative: a page's own date may be earlier than that of the article it was recognised by. Where "
        "published_precision is day, midnight counts.",
        "columns": {
            "story": "id of the story's founding article",
            "article": "its id",
            "source": _ARTICLE["source"],
            "domain": _ARTICLE["domain"],
            "title": _ARTICLE["title"],
            "url": _ARTICLE["url"],
            "kind": _ARTICLE["kind"],
            "score": "probability that it and the article it copies tell one story, 0 to 1",
            "of": "id of the article it copies: its best match, if that is in the same story",
            "published": _ARTICLE["published"],
            "published_precision": _ARTICLE["published_precision"],
            "first_seen": _ARTICLE["first_seen"],
            "sort_at": "published, else first seen; UTC",
            "head": "1: it stands for the story in search",
            "seconds_after_head": "from the head's sort_at to its own",
            "seconds_after_of": "from the sort_at of the article it copies to its own",
        },
        "sort": "sort_at",
    },
    "links": {
        "description": "How a copy was recognised: of which article, with which score.",
        "columns": {
            "article": "articles.pk of the later article",
            "of": "articles.pk of the one it was compared with",
            "kind": "exact, near, rewrite, related",
            "score": "probability that both tell one story, 0 to 1",
            "evidence": "JSON: why",
        },
    },
    "warcs": {
        "description": "WARC files and how far each was read.",
        "columns": {
            "pk": "row number",
            "name": "path below warc/, without .open",
            "size": "bytes, once the file is closed",
            "ingested_to": "bytes up to which every record is in this database",
            "sealed": "1: nothing is appended any more",
            "sha256": "of the closed file",
            "imported_from": "where a foreign file came from",
            "imported_sha256": "of that file",
            "in_place": "1: it lies where it was (`ingest --in-place`)",
            "filter": "JSON: hosts and URL prefixes taken from it",
        },
    },
    "runs": {
        "description": "One row per crawl: its report, as in reports/.",
        "columns": {
            "id": "name of the report's file",
            "started_at": "when the crawl began",
            "ended_at": "when it ended",
            "report": "JSON: counts in all and by source, failures, problems",
        },
    },
    "aliases": {
        "description": "Every address an article is known by.",
        "columns": {
            "key": "identity of an address",
            "id": "the id that an article of this address would have",
            "article": "articles.pk",
        },
    },
}


def metadata(database: str) -> dict[str, Any]:
    """Return Datasette's metadata for the database named `database` (a name of ours: it stands in markup)."""
    tables: dict[str, dict[str, Any]] = {name: {"hidden": True} for name in _HIDDEN}
    tables.update(_TABLES)
    return {
        "title": "Morgue",
        "description_html": (
            f'A news archive. <a href="/{database}/search">Search</a>, read the <a href="/{database}/newest">newest</a>, '
            f'or look through all <a href="/{database}/articles_view">articles</a>.'
        ),
        "databases": {
            database: {
                "description": "Articles, their revisions, copies and captures.",
                "tables": tables,
                "queries": {name: {**query, "hide_sql": True} for name, query in QUERIES.items()},
            }
        },
    }
