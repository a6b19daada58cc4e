"""Reading the archive again: another extractor's readings beside the old ones, and their promotion into the articles."""

from archive.reextract.extractor import Extractor
from archive.reextract.main import promote, reextract, rollback
from archive.reextract.promotion import MOST_LOST
from archive.reextract.report import Outcome, Report
from archive.reextract.wanted import Wanted

__all__ = ["MOST_LOST", "Extractor", "Outcome", "Report", "Wanted", "promote", "reextract", "rollback"]
