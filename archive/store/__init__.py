"""The one writer of archive.db: captures, facts, extractions, and their placement into articles and stories."""

from archive.store.main import Store
from archive.store.placement import Placement
from archive.store.restory import RestoryReport

__all__ = ["Placement", "RestoryReport", "Store"]
