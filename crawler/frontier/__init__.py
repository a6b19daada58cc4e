"""The frontier: every URL that is known, whose turn it is, and what became of it (crawl.db).

    records     what goes in and out          schema      tables, indexes, migrations
    intake      candidates -> rows, facts     scheduler   politeness keys and queues, in memory
    leasing     rows -> leases                outcomes    results -> rows
    robots      robots.txt by origin          upkeep      sources, `--due all`, numbers
    frontier    `Frontier`, the door to all

Leases live in memory: they are out as long as the process that holds crawl.lock lives, and end with it.
"""

from crawler.frontier.frontier import Frontier
from crawler.frontier.intake import NOT_WANTED, PAGE_LIMIT
from crawler.frontier.records import (
    AddResult,
    KeptLike,
    LateFact,
    Lease,
    Previous,
    SourceLike,
    Stats,
    UrlNames,
    UrlState,
)
from crawler.frontier.view import FrontierView, SourceStats, view

__all__ = [
    "NOT_WANTED",
    "PAGE_LIMIT",
    "AddResult",
    "Frontier",
    "FrontierView",
    "KeptLike",
    "LateFact",
    "Lease",
    "Previous",
    "SourceLike",
    "SourceStats",
    "Stats",
    "UrlNames",
    "UrlState",
    "view",
]
