"""The one writer of archive.db: captures, facts, extractions, and their placement into articles and stories."""

from archive.store.captures import COMPARED, Unsettled, compared_values, key_or_raw
from archive.store.changes import REVISIONS, tell_changes
from archive.store.main import Store
from archive.store.open import open_store
from archive.store.optouts import OPTED_OUT
from archive.store.placement import Placement
from archive.store.readings import EarlierReading, StoredCapture
from archive.store.restory import RestoryReport
from archive.store.rows import (
    ARTICLE_DIGEST,
    digest_of,
    digest_of_result,
    fact_digest,
    instant,
    sort_instant,
    stamp,
    status_of,
    unpack,
)
from archive.store.superseded import Before

__all__ = [
    "ARTICLE_DIGEST",
    "COMPARED",
    "OPTED_OUT",
    "REVISIONS",
    "Before",
    "EarlierReading",
    "Placement",
    "RestoryReport",
    "Store",
    "StoredCapture",
    "Unsettled",
    "compared_values",
    "digest_of",
    "digest_of_result",
    "fact_digest",
    "instant",
    "key_or_raw",
    "open_store",
    "sort_instant",
    "stamp",
    "status_of",
    "tell_changes",
    "unpack",
]
