"""Questions to archive.db, read-only: search, show, statistics, SQL. Nothing here can change an archive."""

from archive.query.captures import LastCapture, last_capture, redirected_to
from archive.query.changes import Changes, Revision, Step, changes
from archive.query.facets import Facets, facets
from archive.query.filters import Filters
from archive.query.match import match_expression
from archive.query.reader import Reader, open_reader
from archive.query.search import Hit, count, hits, matching, search
from archive.query.show import Shown, find_article, revisions_at, show
from archive.query.snippets import Marked
from archive.query.sql import SqlResult, run_sql
from archive.query.stats import stats
from archive.query.story import members

__all__ = [
    "Changes",
    "Facets",
    "Filters",
    "Hit",
    "LastCapture",
    "Marked",
    "Reader",
    "Revision",
    "Shown",
    "SqlResult",
    "Step",
    "changes",
    "count",
    "facets",
    "find_article",
    "hits",
    "last_capture",
    "match_expression",
    "matching",
    "members",
    "open_reader",
    "redirected_to",
    "revisions_at",
    "run_sql",
    "search",
    "show",
    "stats",
]
