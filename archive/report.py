"""What an ingest did, in numbers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from archive.errors import BrokenRecordError, MorgueError

_MOST_NAMED = 1_000  # broken records that are kept by name; a file of noise may have millions
_MOST_REASONS = 100
_PARTICULAR = re.compile(r"byte [0-9]+ unpacked: |b?'[^']*'|b?\"[^\"]*\"|\b(?:sha|md)[0-9-]+:\S+|[0-9]+")


@dataclass(slots=True)
class IngestReport:
    """Counts of captures and articles, each broken record, and each file that could not be read."""

    captures: int = 0
    known: int = 0  # captures that were there already
    facts: int = 0
    new: int = 0
    revisions: int = 0
    unchanged: int = 0
    gone: int = 0  # captures that say that an article is gone
    taken_down: int = 0  # captures of what was taken down: not taken in
    refused: Counter[str] = field(default_factory=Counter)  # reason -> captures that are no article
    kinds: Counter[str] = field(default_factory=Counter)  # kind -> new articles
    by_source: dict[str, Counter[str]] = field(default_factory=dict)  # source -> new, revisions, gone
    broken_records: int = 0
    broken: list[BrokenRecordError] = field(default_factory=list)  # the first of them
    broken_reasons: Counter[str] = field(default_factory=Counter)  # of all of them, without what is each one's own
    copied: int = 0  # records of others' files, to warc/imported/
    left_out: int = 0  # … that --host and --url-prefix do not want
    no_pages: Counter[str] = field(
        default_factory=Counter
    )  # of those copied, what is no capture of a page: kind -> records
    share: float | None = None  # of the bytes to be read, 0 to 1
    unreadable: list[MorgueError] = field(default_factory=list)  # WARC files, which stay on the shelf; site profiles
    learned: list[dict[str, object]] = field(
        default_factory=list
    )  # of each source that taught a profile, what came of it
    not_learned: list[str] = field(default_factory=list)  # why a source could not be learned from
    absent: tuple[str, ...] = ()  # ids that decisions about stories name and no article has; a rebuild tells them

    @property
    def is_sound(self) -> bool:
        """Whether everything could be read."""
        return not self.broken_records and not self.unreadable

    def note_broken(self, error: BrokenRecordError) -> None:
        """Count a record that cannot be read."""
        self.broken_records += 1
        reason = kind_of_fault(error.why)
        if len(self.broken_reasons) < _MOST_REASONS or reason in self.broken_reasons:
            self.broken_reasons[reason] += 1
        else:
            self.broken_reasons["other reasons"] += 1
        if len(self.broken) < _MOST_NAMED:
            self.broken.append(error)

    def note_source(self, source: str | None, what: str) -> None:
        """Count for a source what came of a capture: `new`, `revisions` or `gone`."""
        if source is not None:
            self.by_source.setdefault(source, Counter())[what] += 1

    def counts(self) -> dict[str, object]:
        """Return the numbers alone, small enough to be told every second."""
        return {
            "captures": self.captures,
            "known": self.known,
            "facts": self.facts,
            "new": self.new,
            "revisions": self.revisions,
            "unchanged": self.unchanged,
            "gone": self.gone,
            "taken_down": self.taken_down,
            "refused": dict(self.refused.most_common()),
            "kinds": dict(self.kinds),
            "broken_records": self.broken_records,
        }

    def as_json(self) -> dict[str, object]:
        """Return the report for `--json`: the numbers, and by name what could not be read."""
        return {
            **self.counts(),
            "by_source": {source: dict(counts) for source, counts in sorted(self.by_source.items())},
            "copied": self.copied,
            "left_out": self.left_out,
            "no_pages": dict(self.no_pages.most_common()),
            "broken_reasons": dict(self.broken_reasons.most_common()),
            "broken": [{"path": b.path, "offset": b.offset, "why": b.why} for b in self.broken],
            "unreadable": [str(error) for error in self.unreadable],
            "learned": self.learned,
            "not_learned": self.not_learned,
            "absent": list(self.absent),
        }


def kind_of_fault(why: str) -> str:
    """Return why a record is broken without what is this record's own: numbers, quotations, digests.

    >>> kind_of_fault("its Content-Length 974 is wrong: no record follows")
    'its Content-Length … is wrong: no record follows'
    """
    return _PARTICULAR.sub(lambda found: "" if found[0].startswith("byte ") else "…", why)
