"""`sources.toml`: what to crawl. Written by people and by `morgue sources`; used by both rooms.

Reading checks everything at once and names file, entry, key and what is allowed. Writing changes as few lines as
possible: comments and order are people's own.
"""

from archive.sources.model import SavedSearch, Source, SourcesFile, name_for
from archive.sources.read import as_contact, load_sources, parse_sources
from archive.sources.template import SOURCES_TEMPLATE
from archive.sources.write import (
    add_feeds,
    add_search,
    add_source,
    remove_search,
    remove_source,
    rename_source,
    selectors_line,
    set_contact,
    set_enabled,
)

__all__ = [
    "SOURCES_TEMPLATE",
    "SavedSearch",
    "Source",
    "SourcesFile",
    "add_feeds",
    "add_search",
    "add_source",
    "as_contact",
    "load_sources",
    "name_for",
    "parse_sources",
    "remove_search",
    "remove_source",
    "rename_source",
    "selectors_line",
    "set_contact",
    "set_enabled",
]
