"""The one writer of archive.db: captures, facts, extractions, and their placement into articles and stories."""

from archive.store.captures import Unsettled, key_or_raw
from archive.store.main import Store
from archive.store.open import open_store
from archive.store.optouts import OPTED_OUT
from archive.store.placement import Placement
from archive.store.readings import EarlierReading, StoredCapture
from archive.store.restory import RestoryReport
from archive.store.rows import stamp

__all__ = [
    "OPTED_OUT",
    "EarlierReading",
    "Placement",
    "RestoryReport",
    "Store",
    "StoredCapture",
    "Unsettled",
    "key_or_raw",
    "open_store",
    "stamp",
]
