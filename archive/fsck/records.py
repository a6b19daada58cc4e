"""Every record read: its gzip member, its digests, and what archive.db has of it; then every row without a record.

What was met with is remembered as one bit a row: 125 KB for a million captures, the same for a million discovery facts.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from archive.errors import BrokenRecordError, ShelfError, UrlError
from archive.fsck.files import place_of
from archive.fsck.look import Look, Shelved
from archive.model import FactRecord, Snapshot
from archive.store import COMPARED, compared_values, fact_digest
from archive.urls import url_key
from archive.warc import (
    DISCOVERY_TYPE,
    IMPORTED,
    OPEN_SUFFIX,
    Offset,
    RawReader,
    RawRecord,
    digest_matches,
    parse_own_name,
    read_record,
    read_records,
)

_ROW = f"SELECT pk, url, captured_at, source, {', '.join(COMPARED)} FROM captures"  # noqa: S608 - constants
_EQUAL = (
    "SELECT pk FROM captures WHERE url = ? AND captured_at = ? AND ifnull(payload_digest, '') = ? AND record_type = ?"
)
_BEFORE = 4  # of a row: what stands before the compared columns
_END_OF_BLOCK = 4  # bytes behind a block, CRLF twice (WARC 1.1 section 4)
_CAPTURES = frozenset({"response", "revisit", "resource", "conversion"})


class Bits:
    """A set of row numbers up to `last`, one bit each."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._bits = bytearray(last // 8 + 1)

    def add(self, number: int) -> None:
        """Take a number; one beyond the last is of a row that came meanwhile."""
        if 0 <= number <= self._last:
            self._bits[number >> 3] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        return 0 <= number <= self._last and bool(self._bits[number >> 3] & 1 << (number & 7))


class RecordCheck:
    """Reads the shelf once."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen = Bits(look.last_capture)  # captures whose record was read
        self._elsewhere = Bits(look.last_capture)  # … of which an equal record was read at another place
        self._facts = Bits(look.last_fact)
        self._facts_elsewhere = Bits(look.last_fact)
        self._total = sum(file.size for file in look.shelf)
        self._read = 0

    def run(self) -> None:
        """Check all files, then the rows that none of their records accounts for."""
        for file in self._look.shelf:
            if file.path is not None:
                _File(self, self._look, file).run()
                self._read += file.size
        with self._look.reading("captures"):
            self._rows_without_record()
        with self._look.reading("discoveries"):
            self._facts_without_record()

    def tell(self, position: int) -> None:
        """Count a record."""
        self._look.share = (self._read + position) / self._total if self._total else None
        self._look.count("records")

    # what a record says against what its row says

    def capture(self, file: Shelved, snapshot: Snapshot) -> None:
        """Find a capture's row and compare it."""
        where = {"file": place_of(self._look, file), "offset": snapshot.ref.offset, "table": "captures"}
        values = compared_values(snapshot)
        rows = list(self._look.rows(f"{_ROW} WHERE warc = ? AND offset = ?", (file.pk, snapshot.ref.offset)))
        for row in rows:
            self._seen.add(row[0])
            row_name = f"{row[2]} {row[1]}"
            wrong = [name for name, has, must in zip(COMPARED, row[_BEFORE:], values, strict=True) if has != must]
            if snapshot.source is None and snapshot.role is None:
                # Who asked stands in the record before. If that is broken, the row alone knows it, and is right.
                wrong = [name for name in wrong if name not in ("role", "truncated")]
            if wrong == ["truncated"] and snapshot.unrendered:
                self._look.findings.lost.append(row[0])
                self._look.fault("lost-capture", "what a browser made of it cannot be read", row=row_name, **where)
                continue
            if snapshot.source and row[3] not in self._look.names | {snapshot.source}:
                wrong.append("source")
            if wrong:
                what = f"{', '.join(wrong)} of the row and of the record differ"
                self._look.fault("row-differs", what, row=row_name, **where)
        if rows or self._look.conn is None or snapshot.end > file.ingested_to or not file.accept(snapshot.url):
            return
        identity = dict(zip(COMPARED, values, strict=True))
        known = [identity["url"], identity["captured_at"], identity["payload_digest"] or "", identity["record_type"]]
        equal = list(self._look.rows(_EQUAL, known))
        for (pk,) in equal:
            self._elsewhere.add(pk)
        if not equal:
            self._look.findings.files.add(file.name)
            what = f"archive.db has no row of this {snapshot.record_type} record"
            self._look.fault("record-without-row", what, row=f"{known[1]} {known[0]}", **where)

    def facts(self, file: Shelved, record: FactRecord) -> None:
        """Find the rows of what a discovery record says.

        Ingest commits facts while pages before them are still read: there may be rows beyond `ingested_to`, but need not.
        """
        read = record.ref.offset + record.ref.length <= file.ingested_to
        for fact in record.facts:
            self._look.count("facts")
            try:
                url_key(fact.url)
            except UrlError:
                continue  # left in its record
            if not file.accept(fact.url):
                continue
            digest = fact_digest(fact, record.source)
            rows = list(self._look.rows("SELECT pk, warc, offset FROM discoveries WHERE digest = ?", (digest,)))
            for pk, *place in rows:
                (self._facts if place == [file.pk, record.ref.offset] else self._facts_elsewhere).add(pk)
            if not rows and read and self._look.conn is not None:
                self._look.findings.files.add(file.name)
                where = {"file": place_of(self._look, file), "offset": record.ref.offset, "table": "discoveries"}
                what = "archive.db has no row of what this discovery record says"
                self._look.fault("record-without-row", what, row=fact.url, **where)

    # rows that no record accounts for

    def _rows_without_record(self) -> None:
        files = {file.pk: file for file in self._look.shelf if file.pk is not None}
        rows = f"SELECT pk, url, captured_at, warc, offset, {', '.join(COMPARED)} FROM captures WHERE pk <= ?"  # noqa: S608
        for pk, url, at, warc, offset, *values in self._look.rows(rows, (self._look.last_capture,)):
            self._look.count("captures")
            file = files.get(warc)
            if pk in self._seen or (file is not None and file.path is None):
                continue  # of a missing file the rows are counted
            where = {"offset": offset, "table": "captures", "row": f"{at} {url}"}
            if file is None:
                self._look.fault("row-differs", "its WARC file has no row", **where)
            elif pk in self._elsewhere:
                what = "its record lies elsewhere"
                self._look.fault("row-differs", what, file=place_of(self._look, file), **where)
            elif not _is_there(file, offset, values):
                self._look.findings.lost.append(pk)
                what = "its record cannot be read"
                self._look.fault("lost-capture", what, file=place_of(self._look, file), **where)

    def _facts_without_record(self) -> None:
        files = {file.pk: file for file in self._look.shelf if file.pk is not None}
        rows = "SELECT pk, url, warc, offset FROM discoveries WHERE pk <= ?"
        for pk, url, warc, offset in self._look.rows(rows, (self._look.last_fact,)):
            file = files.get(warc)
            if pk in self._facts or (file is not None and file.path is None):
                continue
            place = None if file is None else place_of(self._look, file)
            where = {"file": place, "offset": offset, "table": "discoveries", "row": url}
            if pk in self._facts_elsewhere:
                self._look.fault("row-differs", "its record lies elsewhere", **where)
            elif _is_discovery(file, offset):
                self._look.fault("row-differs", "the discovery record at its place says something else", **where)
            else:
                self._look.fault("lost-fact", "no discovery record says what this row does", **where)


def _is_there(file: Shelved, offset: int, values: Sequence[object]) -> bool:
    """Read one record by itself: it may lie behind a place where reading the file in order had to stop."""
    try:
        snapshot = read_record(file.path, offset, name=file.name) if file.path is not None else None
    except (ShelfError, OverflowError, OSError):
        return False
    if snapshot is None:
        return False
    known = COMPARED.index("payload_digest")
    return compared_values(snapshot)[: known + 1] == tuple(values[: known + 1])


def _is_discovery(file: Shelved | None, offset: int) -> bool:
    """Read one discovery record by itself: if it is sound, the row is what is wrong."""
    try:
        if file is None or file.path is None:
            return False
        with RawReader(file.path) as reader:
            record = reader.read_at(offset)
    except (ShelfError, OverflowError, OSError):
        return False
    digest = record.fields.get("warc-block-digest") if record else None
    return (
        record is not None
        and record.fields.content_type == DISCOVERY_TYPE
        and (not digest or digest_matches(digest, record.block) is not False)
    )


class _File:
    """One file, read from its beginning."""

    def __init__(self, check: RecordCheck, look: Look, file: Shelved) -> None:
        self._check = check
        self._look = look
        self._file = file
        self._where = place_of(look, file)
        self._end = 0  # of the last record read
        self._told = -1  # where a broken record was told last
        self._fd = -1
        self._growing = False
        self._packed_by_us = parse_own_name(file.name) is not None or file.name.startswith(f"{IMPORTED}/")

    def run(self) -> None:
        file = self._file
        assert file.path is not None  # noqa: S101 - for mypy; the caller looked
        path = (
            file.path if file.path.exists() else file.path.with_name(file.name.rpartition("/")[2])
        )  # sealed meanwhile
        self._growing = path.name.endswith(OPEN_SUFFIX)
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            items = read_records(
                path,
                end=file.size,
                name=file.name,
                on_broken=self._broken,
                on_record=self._record,
            )
            for item in items:
                self._take(item)
        except (ShelfError, OSError) as error:
            kind = "broken-record" if isinstance(error, ShelfError) else "unreadable"
            self._look.fault(kind, str(error), file=self._where)
        finally:
            if self._fd >= 0:
                os.close(self._fd)
        # A file that grows ends for the reader at its first unfinished record; below what is known to be whole there is none.
        if self._growing and self._end < min(file.must_reach, file.size) and self._told < self._end:
            what = f"no whole record from here on, though {file.must_reach:,} bytes are known to be whole"
            self._look.fault("broken-record", what, file=self._where, offset=self._end)

    def _take(self, item: Snapshot | FactRecord | Offset) -> None:
        with self._look.reading("captures"):
            if isinstance(item, Snapshot):
                self._check.capture(self._file, item)
            elif isinstance(item, FactRecord):
                self._check.facts(self._file, item)

    def _broken(self, error: BrokenRecordError) -> None:
        self._told = max(self._told, error.offset)
        # What a file of others had wrong when it came is no damage, and what a crawl writes just now is not whole yet.
        if self._file.name not in self._look.as_imported and not (
            self._growing and error.offset >= self._file.must_reach
        ):
            self._look.fault(
                "broken-record", f"this record is broken ({error.why})", file=self._where, offset=error.offset
            )

    def _record(self, record: RawRecord) -> None:
        """Check what reading for captures does not: digests of other records, and the length behind a gzip member."""
        self._end = record.offset + record.length
        self._check.tell(record.offset)
        digest = record.fields.get("warc-block-digest")
        own = self._file.name not in self._look.as_imported
        if (
            own
            and record.fields.record_type not in _CAPTURES
            and digest
            and digest_matches(digest, record.block) is False
        ):
            what = "the block digest of this record does not fit"
            self._look.fault("broken-record", what, file=self._where, offset=record.offset)
        # RFC 1952: ISIZE, the last four bytes of a member. Our own reader needs it not; zlib's refuses a wrong one.
        if self._packed_by_us and record.alone:
            size = int.from_bytes(os.pread(self._fd, 4, self._end - 4), "little")
            if size != (len(record.head) + len(record.block) + _END_OF_BLOCK) & 0xFFFFFFFF:
                what = "the length behind the gzip member of this record is wrong; its content is sound"
                self._look.fault("broken-record", what, file=self._where, offset=record.offset)


def check_records(look: Look) -> None:
    """Read every record of the shelf and hold rows and records against each other."""
    RecordCheck(look).run()
