"""What reads pages: a function with a name. The installed one, unless somebody tries another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from archive.extract import EXTRACTOR, ExtractTask, with_selectors
from archive.model import Extraction, ExtractorId


def read_installed(task: ExtractTask) -> Extraction:
    """Read a capture with the extractor that is installed."""
    from archive.extract.extract import extract_snapshot

    if task.snapshot is None:
        raise ValueError("an ExtractTask for reading again needs a snapshot")
    return extract_snapshot(task.snapshot, task.facts, task.selectors, task.profile, thorough=task.thorough)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """An extractor. `read` must be a function at the top of its module: workers get it by its name."""

    identity: ExtractorId = EXTRACTOR
    read: Callable[[ExtractTask], Extraction] = read_installed

    def of(self, selectors: Mapping[str, str]) -> ExtractorId:
        """Return who reads pages of a source with these selectors."""
        return with_selectors(self.identity, selectors)
