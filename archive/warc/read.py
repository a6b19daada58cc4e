"""WARC records as captures and discovery facts: own files and those of other tools alike.

Only captures of http and https URLs come out: responses, revisits, resources, conversions. Requests, warcinfo, DNS
records and other tools' metadata are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from archive.errors import BrokenRecordError, PayloadError, RecordNotFoundError, ShelfError
from archive.model import FactRecord, RecordRef, Rendered, Role, Snapshot
from archive.payload import MOST_INTERIM, ResponseHead, dechunk, is_chunked, parse_response_head, split_head
from archive.warc.facts import DISCOVERY_TYPE, Discovery, decode_discovery
from archive.warc.fields import Fields, digest_matches, parse_date, sha1_digest
from archive.warc.names import IMPORTED, OPEN_SUFFIX
from archive.warc.raw import MAX_RECORD, OnBroken, RawReader, RawRecord
from archive.warc.window import Window

_CAPTURES = frozenset({"response", "revisit", "resource", "conversion"})
_OFFSET_EVERY = 2**22  # bytes between two `Offset`s, so that a caller can show progress and commit


@dataclass(frozen=True, slots=True)
class Offset:
    """All records before `position` (bytes) have been given out; reading may go on from there.

    Not every record's end is such a place: the discovery record before a response tells the response's source, so the
    two must be read together. The end of a `Snapshot` always is one.
    """

    position: int


class _WrongError(Exception):
    """Why a record is dropped."""


@dataclass(slots=True)
class _Group:
    """The discovery record last read, until the record it is about has come."""

    concurrent_to: str | None = None
    source: str | None = None
    role: Role | None = None
    rendered: bool | None = None  # see `Discovery`

    def begin(self, record: RawRecord, discovery: Discovery) -> None:
        """Remember a discovery record."""
        self.concurrent_to = record.fields.get("warc-concurrent-to")
        self.source, self.role, self.rendered = discovery.source, discovery.role, discovery.rendered

    def is_about(self, record: RawRecord) -> bool:
        """Say whether the discovery record last read is about this record."""
        return self.concurrent_to is not None and self.concurrent_to == record.fields.get("warc-record-id")

    def passed(self, record: RawRecord) -> None:
        """Forget it once its record has come. If a kill came before that record, the next discovery record follows."""
        if record.fields.get("warc-record-id") == self.concurrent_to:
            self.concurrent_to = None


@dataclass(slots=True)
class _Held:
    """A response whose conversion record may be the next record of the file."""

    snapshot: Snapshot
    record_id: str | None
    announced: bool

    def joined(self, following: RawRecord, item: Snapshot | FactRecord | None) -> Snapshot:
        """Return the capture with what follows it, if that is its rendering; without, what was announced is missing."""
        if isinstance(item, Snapshot) and _is_rendering(following.fields, self.record_id, self.snapshot):
            rendered = Rendered(body=item.body, ref=item.ref, truncated=item.truncated)
            return replace(self.snapshot, rendered=rendered)
        return self.alone()

    def alone(self) -> Snapshot:
        return replace(self.snapshot, unrendered=True) if self.announced else self.snapshot


def _is_rendering(fields: Fields, record_id: str | None, of: Snapshot) -> bool:
    """Say whether a record is what a browser made of a response: HTML, converted from it, of its URI and time."""
    return (
        fields.record_type == "conversion"
        and record_id is not None
        and fields.get("warc-refers-to") == record_id
        and fields.content_type == "text/html"
        and fields.target == of.url
        and parse_date(fields.get("warc-date")) == of.captured_at
    )


def read_records(
    path: Path,
    *,
    start: int = 0,
    end: int | None = None,
    on_broken: Callable[[BrokenRecordError], None] | None = None,
    name: str | None = None,
    on_record: Callable[[RawRecord], None] = lambda _record: None,
) -> Iterator[Snapshot | FactRecord | Offset]:
    """Give what the WARC file `path` holds from byte `start` to `end` (default: its size now), in file order.

    `start` is 0 or an `Offset` (or a `Snapshot`'s end) met before. The last item is always an `Offset`. Reading stops
    cleanly before an incomplete last record. A record that cannot be read, or whose digest does not fit, is dropped
    and told to `on_broken`; each one that can be unpacked is shown to `on_record` first. `name` is the file's name in
    tables (default: the file's own, below `imported/` if it lies in a folder of that name).

    Raises `NotAWarcError`, or `ShelfError` if the file cannot be read.
    """
    shelf = _shelf_name_of(path) if name is None else name
    group = _Group()
    held: _Held | None = None
    growing = path.name.endswith(OPEN_SUFFIX)
    safe = told = start
    with RawReader(path, start=start, end=end, on_broken=on_broken) as reader:
        for record in reader:
            on_record(record)
            try:
                item = _interpret(record, shelf, group)
            except _WrongError as wrong:
                _tell(on_broken, path, record, str(wrong))
                item = None
            if held is not None:
                before, held = held.joined(record, item), None
                yield before
                if before.rendered is not None:
                    item = None
            if isinstance(item, Snapshot) and item.record_type == "response":
                announced = bool(group.rendered) and group.is_about(record)
                if announced or not growing:  # what is being written may end here for now, and must not wait for more
                    held, item = _Held(item, record.fields.get("warc-record-id"), announced), None
            group.passed(record)
            if item is not None:
                yield item
            if group.concurrent_to is None and held is None:
                safe = reader.position
                if safe - told >= _OFFSET_EVERY:
                    told = safe
                    yield Offset(safe)
        if held is not None and not growing:
            yield held.alone()
        if (group.concurrent_to is None and held is None) or not growing:
            safe = reader.position
    yield Offset(safe)


def read_record(path: Path, offset: int, *, name: str | None = None, window: Window | None = None) -> Snapshot:
    """Return the capture whose record begins at byte `offset` of `path`, with its rendering if that follows.

    `window`: the file's bytes, where it lies elsewhere. Source and role are None: they stand in another record.

    Raises `RecordNotFoundError` if no capture begins there, `BrokenRecordError` if it is damaged.
    """
    try:
        with RawReader(path, window=window) as reader:
            record = reader.read_at(offset)
            following = _conversion_at(reader, record.offset + record.length) if record is not None else None
    except ShelfError:
        record = following = None
    if record is None:
        raise RecordNotFoundError(path, offset)
    shelf = _shelf_name_of(path) if name is None else name
    try:
        item = _interpret(record, shelf, _Group())
    except _WrongError as wrong:
        raise BrokenRecordError(path, offset, str(wrong)) from None
    if not isinstance(item, Snapshot):
        raise RecordNotFoundError(path, offset)
    if following is None or item.record_type != "response":
        return item
    try:
        rendered = _interpret(following, shelf, _Group())
    except _WrongError:
        return item
    return _Held(item, record.fields.get("warc-record-id"), announced=False).joined(following, rendered)


def fault_of(record: RawRecord) -> str | None:
    """Return why a record could never be read as what it claims to be, wherever it lies; None if it can.

    Kinds of records that are of no interest have no faults.
    """
    try:
        _interpret(replace(record, alone=True), "", _Group())
    except _WrongError as wrong:
        return str(wrong)
    return None


def _conversion_at(reader: RawReader, offset: int) -> RawRecord | None:
    fields = reader.fields_at(offset)
    return reader.read_at(offset) if fields is not None and fields.record_type == "conversion" else None


def _shelf_name_of(path: Path) -> str:
    own = path.name.removesuffix(OPEN_SUFFIX)
    return f"{IMPORTED}/{own}" if path.parent.name == IMPORTED else own


def _tell(on_broken: OnBroken | None, path: Path, record: RawRecord, why: str) -> None:
    if on_broken is not None:
        on_broken(BrokenRecordError(path, record.offset, why))


def _interpret(record: RawRecord, shelf: str, group: _Group) -> Snapshot | FactRecord | None:
    """Return what one record means to us, None if nothing. Raises `_WrongError`."""
    fields = record.fields
    record_type = fields.record_type
    if record_type == "metadata":
        return _facts(record, shelf, group)
    if record_type not in _CAPTURES:
        if not record_type:
            raise _WrongError("it has no WARC-Type")
        return None
    url = fields.target
    if not url:
        raise _WrongError("it has no WARC-Target-URI")
    if not url[:8].lower().startswith(("http://", "https://")):
        return None  # dns:, whois:, urn: and the like
    if not record.alone:
        raise _WrongError("it shares its gzip member with other records, so it cannot be found again by its offset")
    if fields.get("warc-segment-number") is not None:
        raise _WrongError("it is one segment of a record in several parts")
    captured_at = parse_date(fields.get("warc-date"))
    if captured_at is None:
        raise _WrongError(f"its WARC-Date {fields.get('warc-date')!r} is no date")
    content = _content(record, record_type)
    known = group.is_about(record)
    return Snapshot(
        url=url,
        captured_at=captured_at,
        record_type=record_type,
        status=content.status,
        headers=content.headers,
        body=content.body,
        payload_digest=content.digest,
        ref=_ref(record, shelf),
        truncated=fields.get("warc-truncated") or None,
        source=group.source if known else None,
        role=group.role if known else None,
        refers_to_url=fields.get("warc-refers-to-target-uri") if record_type == "revisit" else None,
        refers_to_at=parse_date(fields.get("warc-refers-to-date")) if record_type == "revisit" else None,
        unrendered=known and group.rendered is False,
    )


def _ref(record: RawRecord, shelf: str) -> RecordRef:
    return RecordRef(warc=shelf, offset=record.offset, length=record.length)


def _facts(record: RawRecord, shelf: str, group: _Group) -> FactRecord | None:
    fields = record.fields
    if fields.content_type != DISCOVERY_TYPE:
        return None
    if (
        fields.get("warc-block-digest") is not None
        and digest_matches(fields.values["warc-block-digest"], record.block) is False
    ):
        raise _WrongError("its block digest does not fit")
    discovery = decode_discovery(record.block)
    recorded_at = parse_date(fields.get("warc-date"))
    if discovery is None or recorded_at is None:
        return None
    group.begin(record, discovery)
    if not discovery.facts:
        return None
    return FactRecord(facts=discovery.facts, source=discovery.source, recorded_at=recorded_at, ref=_ref(record, shelf))


@dataclass(frozen=True, slots=True)
class _Content:
    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    digest: str | None


def _content(record: RawRecord, record_type: str) -> _Content:
    """Return the HTTP side of a capture, its digests checked."""
    fields, block = record.fields, record.block
    if record_type in ("resource", "conversion"):
        headers = (("Content-Type", fields.get("content-type") or ""),)
        intact = _check_block(fields, block)
        return _Content(None, headers if headers[0][1] else (), block, _payload_digest(fields, block, intact=intact))
    if not block and record_type == "revisit":
        return _Content(None, (), b"", fields.get("warc-payload-digest"))
    intact = _check_block(fields, block)
    head, first, payload = _final_response(block)
    if record_type == "revisit":
        return _Content(head.status, head.headers, b"", fields.get("warc-payload-digest"))
    body = dechunk(payload, MAX_RECORD) if is_chunked(head.headers) else payload
    return _Content(head.status, head.headers, body, _payload_digest(fields, first, payload, body, intact=intact))


def _final_response(block: bytes) -> tuple[ResponseHead, bytes, bytes]:
    """Return the head of the final response, what follows the first head, and what follows the final one.

    Some tools keep interim responses (RFC 9110 section 15.2: 100, 103) before the final one.
    """
    first = rest = None
    for _ in range(MOST_INTERIM):
        head_bytes, rest = split_head(block if rest is None else rest)
        first = rest if first is None else first
        try:
            head = parse_response_head(head_bytes)
        except PayloadError as error:
            raise _WrongError(str(error)) from None
        if head.status // 100 != 1 or rest[:5].upper() != b"HTTP/":
            return head, first, rest
    raise _WrongError(f"more than {MOST_INTERIM} interim responses")


def _check_block(fields: Fields, block: bytes) -> bool:
    """Return whether the block's digest proves that it is as it was written."""
    digest = fields.get("warc-block-digest")
    fits = digest_matches(digest, block) if digest else None
    if fits is False and not fields.get("warc-truncated"):
        raise _WrongError(f"its block digest is not the {(digest or '')[:80]} it claims")
    return fits is True


def _payload_digest(fields: Fields, *candidates: bytes, intact: bool) -> str:
    """Return the payload digest as the record says it, checked, or computed where it says none.

    Where it fits nothing and the block is proven `intact`, the tool that wrote it counted wrong (of the decoded body, of an
    older one): nothing is damaged, and the right digest takes its place.

    Tools disagree on what the payload of a chunked body is: warcio and wget hash it with the framing, Heritrix and the
    clarified standard without. Either is accepted.
    """
    digest = fields.get("warc-payload-digest")
    if not digest:
        return sha1_digest(candidates[0])
    if fields.get("warc-truncated"):
        return digest
    # The same bytes need not be hashed twice: slices of the whole are the whole itself.
    if all(digest_matches(digest, bytes_) is False for bytes_ in {id(c): c for c in candidates}.values()):
        if intact:
            return sha1_digest(candidates[0])
        raise _WrongError(f"its payload digest is not the {digest[:80]} it claims")
    return digest
