"""The columns of each table. A column may be added at the end; none is changed or taken out without another `FORMAT`.

The kinds are Parquet's own, as every reader knows them: `timestamp` has microseconds and is UTC.
"""

from __future__ import annotations

FORMAT = "morgue-parquet-1"

ARTICLES, REVISIONS, CAPTURES, STORIES = "articles", "revisions", "captures", "stories"
CHANGE: tuple[tuple[str, str], ...] = (
    ("kind", "string"),
    ("paragraph", "int64"),
    ("before", "string"),
    ("after", "string"),
)

TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    ARTICLES: (
        ("id", "string"),
        ("url", "string"),
        ("canonical_url", "string"),
        ("aliases", "list<string>"),
        ("host", "string"),
        ("domain", "string"),
        ("title", "string"),
        ("authors", "list<string>"),
        ("published", "string"),
        ("published_at", "timestamp"),
        ("published_precision", "string"),
        ("published_via", "string"),
        ("modified", "string"),
        ("modified_at", "timestamp"),
        ("sort_at", "timestamp"),
        ("language", "string"),
        ("section", "string"),
        ("keywords", "list<string>"),
        ("description", "string"),
        ("image", "string"),
        ("word_count", "int64"),
        ("truncated", "bool"),
        ("first_seen", "timestamp"),
        ("last_seen", "timestamp"),
        ("gone_at", "timestamp"),
        ("story", "string"),
        ("kind", "string"),
        ("of", "string"),
        ("score", "double"),
        ("provenance", "string"),
        ("capture_url", "string"),
        ("captured_at", "timestamp"),
        ("status", "int64"),
        ("payload_digest", "string"),
        ("record_type", "string"),
        ("warc", "string"),
        ("offset", "int64"),
        ("length", "int64"),
        ("text", "string"),
    ),
    REVISIONS: (
        ("article", "string"),
        ("seen_from", "timestamp"),
        ("seen_to", "timestamp"),
        ("cause", "string"),
        ("seq", "int64"),
        ("title", "string"),
        ("text", "string"),
        ("changes", "list<change>"),
    ),
    CAPTURES: (
        ("article", "string"),
        ("url", "string"),
        ("captured_at", "timestamp"),
        ("status", "int64"),
        ("mime", "string"),
        ("record_type", "string"),
        ("payload_digest", "string"),
        ("truncated", "string"),
        ("refers_to_url", "string"),
        ("refers_to_at", "timestamp"),
        ("warc", "string"),
        ("offset", "int64"),
        ("length", "int64"),
    ),
    STORIES: (
        ("story", "string"),
        ("head", "string"),
        ("members", "int64"),
        ("sites", "int64"),
        ("first_at", "timestamp"),
        ("last_at", "timestamp"),
    ),
}
LONG = frozenset(
    {"text", "description", "provenance"}
)  # no dictionary, no smallest and largest value: they would help nobody
