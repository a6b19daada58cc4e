"""What can be wrong with an archive: kinds of faults, why each matters, and which command mends it. Pure."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum

MOST_NAMED = 1000  # faults kept one by one; more are counted by kind


class Level(IntEnum):
    """How much is looked at."""

    FAST = 0  # files and their sizes, quick_check of the tables without texts
    USUAL = 1  # … quick_check, digests of all texts, the index, each row's place
    FULL = 2  # … every record read, every row against its record, digests of sealed files, integrity_check


@dataclass(frozen=True, slots=True)
class Kind:
    """What faults of one kind mean, and what to type."""

    why: str
    repair: str
    mended: bool = False  # `--repair` mends it by itself


_BACKUP = "Restore the file from a backup"
_TOGETHER = f"{_BACKUP}; without one `morgue fsck --repair` has the next crawl fetch what it held whole"

KINDS: dict[str, Kind] = {
    "missing-file": Kind("What only this file held cannot be made again.", _TOGETHER + "."),
    "short-file": Kind("What stood behind its end cannot be made again.", _TOGETHER + "."),
    "size": Kind(
        "A sealed file never changes: something else has written to it.",
        f"{_BACKUP}; if its records are sound (`morgue fsck --full`), `morgue rebuild` notes it as it is now.",
    ),
    "sealed-digest": Kind(
        "A byte of a sealed file has changed since it was read to its end.",
        f"{_BACKUP}; if no record of it is named, only bytes without meaning changed, and `morgue rebuild` notes it as it "
        "is now.",
    ),
    "file-twice": Kind(
        "Two files have one name in the tables, so that only the sealed one is read.",
        "Compare them and move the shorter one away; `morgue ingest` reads what is new.",
    ),
    "broken-record": Kind("What this record held is damaged.", _TOGETHER + "."),
    "lost-capture": Kind(
        "Its page cannot be read again; what was extracted of it stands in archive.db alone, and `morgue rebuild` would lose "
        "that.",
        _TOGETHER + ".",
    ),
    "lost-fact": Kind(
        "What this discovery record said stands in archive.db alone, and `morgue rebuild` would lose that.",
        f"{_BACKUP}.",
    ),
    "row-differs": Kind(
        "The database says something else than the WARC record that it was made from.",
        "`morgue fsck --repair`, or `morgue rebuild`.",
        mended=True,
    ),
    "record-without-row": Kind(
        "Search, history and exports do not know what this record holds.",
        "`morgue fsck --repair` reads its file again; so does `morgue rebuild`.",
        mended=True,
    ),
    "text-digest": Kind(
        "The row is not what was written: a bit has flipped, or something else has written to it.",
        "`morgue fsck --repair`, or `morgue rebuild`.",
        mended=True,
    ),
    "derived": Kind(
        "What follows from other rows does not follow from them any more.",
        "`morgue fsck --repair`, or `morgue restory`.",
        mended=True,
    ),
    "counts": Kind(
        "Statistics and lists of sources tell more articles than there are, or fewer.",
        "`morgue fsck --repair` counts them again.",
        mended=True,
    ),
    "index": Kind(
        "Searches miss articles, or find what is not there.",
        "`morgue fsck --repair` makes the index again from the texts.",
        mended=True,
    ),
    "database": Kind(
        "Any answer from this database may be wrong.",
        "`morgue fsck --repair` makes it again and keeps the old one beside it; `morgue rebuild` makes it again.",
        mended=True,
    ),
    "schema": Kind(
        "Tables, indexes or triggers are not those that this version makes: rows written from now on may be wrong.",
        "`morgue fsck --repair` makes it again and keeps the old one beside it; `morgue rebuild` makes it again.",
        mended=True,
    ),
    "frontier": Kind(
        "The crawl asks for too much or too little.", "`morgue rebuild --frontier` makes it again from the WARC files."
    ),
    "open-unknown": Kind(
        "A crawl was killed between its records and their entry in crawl.db: it asks for these pages once more.",
        "`morgue crawl` goes on with it, `morgue fsck --repair` seals it.",
        mended=True,
    ),
    "open-old": Kind(
        "Files are sealed after 24 hours; no crawl has run since to do it.",
        "`morgue crawl` or `morgue fsck --repair` seals it.",
        mended=True,
    ),
    "decisions": Kind("What people decided cannot be made again.", "Take the line or file from a backup."),
    "profile": Kind(
        "Pages are read with more furniture in their texts.",
        "Restore the file from a backup; without one `morgue learn --all-captures` learns anew.",
    ),
    "report": Kind("Only history is lost.", "Take the file from a backup, or delete it."),
    "backup": Kind(
        "What was taken down can be restored from there.",
        "`morgue backup` to the same target makes a new one and lets those go; `--forget` if the place is no more.",
    ),
    "unreadable": Kind(
        "What it holds could not be checked.",
        "Check owner, mode and room on the disk, and run `morgue fsck --full` again.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: `what`, and where, by file and byte or by table and public id."""

    kind: str  # of KINDS
    what: str
    file: str | None = None  # below the archive's folder
    offset: int | None = None  # byte
    table: str | None = None
    row: str | None = None  # public id; of a capture its time and address

    @property
    def where(self) -> str:
        """The place, in one line."""
        place = self.file or ""
        if self.offset is not None:
            place += f":{self.offset}"
        if self.table is not None:
            place += (", " if place else "") + self.table + (f" {self.row}" if self.row is not None else "")
        return place

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        kind = KINDS[self.kind]
        out: dict[str, object] = {"kind": self.kind, "what": self.what}
        for name in ("file", "offset", "table", "row"):
            if (value := getattr(self, name)) is not None:
                out[name] = value
        return {**out, "why": kind.why, "repair": kind.repair, "mended_by_repair": kind.mended}

    def __str__(self) -> str:
        kind = KINDS[self.kind]
        return f"{self.where}: {self.what}. {kind.why} {kind.repair}"


@dataclass(slots=True)
class Findings:
    """What a check found. Bounded: rows are remembered by number alone (8 bytes each), sound ones by one bit."""

    level: Level
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # by kind
    tables: Counter[str] = field(default_factory=Counter)  # text-digest: by table
    lost: array[int] = field(default_factory=lambda: array("q"))  # captures.pk whose record cannot be read
    unsound: array[int] = field(default_factory=lambda: array("q"))  # captures.pk whose extraction is damaged
    aside: array[int] = field(default_factory=lambda: array("q"))  # extractions.pk, damaged and not in force
    files: set[str] = field(default_factory=set)  # with records that have no row, by their names in tables
    checked: Counter[str] = field(default_factory=Counter)  # what was looked at
    waiting: list[str] = field(default_factory=list)  # files that ingest has not read to their end: no fault

    def add(self, fault: Fault) -> None:
        """Take a fault."""
        self.counts[fault.kind] += 1
        if fault.kind == "text-digest" and fault.table is not None:
            self.tables[fault.table] += 1
        if len(self.faults) < MOST_NAMED:
            self.faults.append(fault)

    @property
    def total(self) -> int:
        """All faults."""
        return self.counts.total()

    def has(self, *kinds: str) -> bool:
        """Return whether there is a fault of one of these kinds."""
        return any(self.counts[kind] for kind in kinds)

    def as_json(self) -> dict[str, object]:
        """Return all of it for `--json`."""
        return {
            "level": self.level.name.lower(),
            "sound": not self.total,
            "faults": [fault.as_json() for fault in self.faults],
            "counts": dict(sorted(self.counts.items())),
            "checked": dict(sorted(self.checked.items())),
            "waiting_for_ingest": self.waiting,
        }
