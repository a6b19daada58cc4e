"""What several views say of hits, as rows for JSON and CSV and as entries of feeds."""

from __future__ import annotations

from collections.abc import Sequence

from archive.query import Hit
from archive.web import links
from archive.web.request import Item

HIT_COLUMNS = ("id", "url", "title", "published", "source", "language", "authors", "copies", "kind", "story")


def hit_data(hit: Hit) -> dict[str, object]:
    """Return a hit for JSON; words that were found stand between « and »."""
    return {
        "id": hit.id,
        "page": links.article(hit.id),
        "url": hit.url,
        "title": hit.title.text,
        "snippet": hit.snippet.with_marks("«", "»"),
        "source": hit.source,
        "domain": hit.domain,
        "authors": list(hit.authors),
        "published": hit.published,
        "published_precision": hit.published_precision,
        "first_seen": hit.first_seen,
        "language": hit.language,
        "kind": hit.kind,
        "story": hit.story,
        "copies": hit.copies,
        "score": None if hit.score is None else round(hit.score, 4),
    }


def hit_rows(hits: Sequence[Hit]) -> list[list[object]]:
    """Return hits for CSV, in the order of `HIT_COLUMNS`."""
    data = [hit_data(hit) | {"authors": "; ".join(hit.authors)} for hit in hits]
    return [[row[column] for column in HIT_COLUMNS] for row in data]


def hit_items(hits: Sequence[Hit]) -> list[Item]:
    """Return hits for a feed. What is new there is what the archive first saw, whenever it was published."""
    return [
        Item(
            name=f"article:{hit.id}",
            title=hit.title.text,
            path=links.article(hit.id),
            updated=hit.first_seen,
            published=hit.published,
            summary=hit.snippet.text,
            authors=hit.authors,
            via=links.web(hit.url),
            language=hit.language,
        )
        for hit in hits
    ]
