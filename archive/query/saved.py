"""Saved searches as questions: the filters of an entry of sources.toml."""

from __future__ import annotations

from archive.query.filters import Filters
from archive.sources.model import SavedSearch

FILTERS = ("source", "language", "author", "kind", "since", "until")


def filters_of(saved: SavedSearch, *, opted_out: bool = True) -> Filters:
    """Return what else a hit of a saved search must be."""
    return Filters(
        since=saved.since,
        until=saved.until,
        source=saved.source,
        language=saved.language,
        author=saved.author,
        kind=saved.kind,
        opted_out=opted_out,
    )


def question_of(saved: SavedSearch) -> dict[str, str | bool]:
    """Return words and filters by name, without those that say nothing.

    >>> question_of(SavedSearch(name="ferries", words="ferry", language="en"))
    {'words': 'ferry', 'language': 'en'}
    """
    said = {name: getattr(saved, name) for name in ("words", *FILTERS, "all")}
    return {name: value for name, value in said.items() if value}
