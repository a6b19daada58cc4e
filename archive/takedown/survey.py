"""Which records of the shelf a takedown touches, and how. Reads every record once; changes nothing.

- Of an address that is to go: dropped, whatever their kind; also redirects to it, and what belongs to a dropped record.
- A revisit of another address that refers to a dropped capture gets that one's body first (`BODY`); further ones are pointed
  to the first (`POINT`).
- What was fetched to show it (a picture, a style sheet) stays and is named: other pages may show it, too. Its record no longer
  says for which page it was fetched. `morgue takedown` of its own address removes it.
- A capture that is no article and quotes it (a feed, a front page, a sitemap, a page of links) loses its body (`REDACT`).
- Discovery records lose the facts that tell of it (`FACTS`), other tools' records the lines (`LINES`).
- Captures of other articles that link to it or quote its title stay, and are named.
- Of a gzip member of several records, one of which is touched, each gets a member of its own first (`SPLIT`) and is judged
  anew: only so can one be found by its place.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

from archive.errors import BrokenRecordError, PayloadError
from archive.model import Role
from archive.payload import dechunk, decode_content, header, is_chunked, media_type, parse_response_head, split_final
from archive.takedown.gone import Gone, text_of
from archive.takedown.records import lines_left, without_facts
from archive.tombstones import links_in, unzipped
from archive.urls import redirect_url
from archive.warc import DISCOVERY_TYPE, RawReader, RawRecord
from archive.warc.facts import decode_discovery

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CAPTURES = frozenset({"response", "resource", "conversion"})
_LISTING_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/xml", "text/xml"}
)
_LISTINGS = frozenset({Role.HOME, Role.SECTION, Role.FEED, Role.SITEMAP})
_GROUP = 8  # records that may stand between a record and the one before it that it belongs to
_MOST_LINES = 2**24  # bytes of a record of lines that is looked into; a longer one is told of
_NO_BODY = "304"  # in the place of a digest: the revisit has no body to be given


class Act(Enum):
    """What becomes of a record."""

    DROP = auto()
    REDACT = auto()
    BODY = auto()
    POINT = auto()
    FACTS = auto()
    LINES = auto()
    SPLIT = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies."""

    name: str  # of the file, as in tables
    offset: int


@dataclass(frozen=True, slots=True)
class Change:
    """One record and what becomes of it."""

    act: Act
    url: str  # that it is about
    other: Place | None = None  # BODY: the record that has the body
    to: tuple[str, str] | None = None  # POINT: URL and WARC-Date of the capture to refer to
    digest: str | None = None  # payload digest of what is dropped or redacted


@dataclass(frozen=True, slots=True)
class Row:
    """What archive.db knows of a capture that it has."""

    article: str | None  # public id
    reason: str | None  # why it is no article


RowAt = Callable[[int], Row | None]


@dataclass(slots=True)
class Plan:
    """What a takedown does to the shelf."""

    changes: dict[str, dict[int, Change]] = field(default_factory=dict)  # file -> offset -> change
    redirects: list[str] = field(default_factory=list)  # pages (no listings) that only lead to it
    quoting: dict[str, str] = field(default_factory=dict)  # article's id or URL -> why: links, title
    unread: list[BrokenRecordError] = field(default_factory=list)  # could not be looked into
    records: int = 0  # looked at

    def count(self, *acts: Act) -> int:
        """Return how many records are changed in one of these ways."""
        return sum(change.act in acts for of_file in self.changes.values() for change in of_file.values())

    def urls(self, act: Act) -> list[str]:
        """Return the addresses of records that are changed so, each once, sorted."""
        return sorted({c.url for of_file in self.changes.values() for c in of_file.values() if c.act is act})

    def bodies_only(self) -> dict[str, dict[int, Change]]:
        """Return the changes that must be done, and looked at again, before anything is dropped."""
        acts = (Act.SPLIT,) if self.count(Act.SPLIT) else (Act.BODY, Act.POINT)
        wanted = {name: {at: c for at, c in each.items() if c.act in acts} for name, each in self.changes.items()}
        return {name: each for name, each in wanted.items() if each}


@dataclass(slots=True)
class _Answer:
    """The response last read, for what follows it."""

    offset: int
    record_id: str | None
    url: str
    row: Row | None
    role: Role | None


@dataclass(slots=True)
class Survey:
    """Looks through files, one after the other, and then gives the plan."""

    gone: Gone
    plan: Plan = field(default_factory=Plan)
    _too_long: bool = False  # whether the record judged last was not looked through
    _dropped: set[str] = field(default_factory=set)  # record ids
    _blanked: set[str] = field(default_factory=set)  # … of captures that lose their body
    _bodies: dict[tuple[str, str], Place] = field(default_factory=dict)  # (URL, second) of dropped captures
    _by_digest: dict[str, Place] = field(default_factory=dict)
    _crowded: set[Place] = field(default_factory=set)  # members of several records
    # WARC-Date, place, URL, (URL, second) that it refers to, digest: of other addresses' revisits of what is dropped
    _revisits: list[tuple[str, Place, str, tuple[str, str], str | None]] = field(default_factory=list)

    def look(self, path: Path, name: str, row_at: RowAt = lambda _offset: None) -> None:
        """Look through one file, known as `name`. Raises `ShelfError` if it cannot be read."""
        recent: deque[tuple[int, str | None]] = deque(maxlen=_GROUP)
        role: tuple[str | None, Role | None] = (None, None)
        answer: _Answer | None = None
        with RawReader(path, on_broken=self.plan.unread.append) as reader:
            for record in reader:
                self.plan.records += 1
                fields = record.fields
                if not record.alone:
                    self._crowded.add(Place(name, record.offset))
                discovery = _discovery_of(record)
                if discovery is not None and fields.get("warc-concurrent-to") is not None:
                    role = (fields.get("warc-concurrent-to"), discovery.role)
                if fields.get("morgue-redacted") is not None and (blanked := fields.get("warc-record-id")) is not None:
                    self._blanked.add(blanked)  # before a kill
                self._too_long = False
                change = self._judge(record, name, role, row_at, answer)
                if self._too_long:
                    why = f"it has {len(record.block)} bytes of lines, over the limit of {_MOST_LINES}: not looked through"
                    self.plan.unread.append(BrokenRecordError(path, record.offset, why))
                if change is not None:
                    self._note(name, record, change)
                    if change.act is Act.DROP:
                        self._drop_before(name, recent, record)
                if fields.record_type in _CAPTURES | {"revisit"} and fields.record_type != "conversion":
                    mine = role[1] if role[0] == fields.get("warc-record-id") else None
                    answer = _Answer(
                        record.offset, fields.get("warc-record-id"), fields.target, row_at(record.offset), mine
                    )
                recent.append((record.offset, fields.get("warc-concurrent-to")))

    def settled(self) -> Plan:
        """Return the plan, once all files were looked through: a revisit may lie in another file than what it refers to."""
        first: dict[Place, tuple[str, str]] = {}
        in_order = sorted(self._revisits, key=lambda each: (each[0], each[1].name, each[1].offset))
        for date, place, url, refers_to, digest in in_order:
            found = self._bodies.get(refers_to)
            body = None if digest == _NO_BODY else found or self._by_digest.get(digest or "")
            if body is None:  # a 304, or the body is not here: at least the address must go
                change = Change(Act.POINT, url)
            elif body in first:
                change = Change(Act.POINT, url, to=first[body])
            else:
                first[body] = (url, date)
                change = Change(Act.BODY, url, other=body)
            self.plan.changes.setdefault(place.name, {})[place.offset] = change
        for place in self._crowded:
            changes = self.plan.changes.get(place.name, {})
            if (touched := changes.get(place.offset)) is not None:
                changes[place.offset] = Change(Act.SPLIT, touched.url)
        return self.plan

    # one record

    def _judge(
        self, record: RawRecord, name: str, role: tuple[str | None, Role | None], row_at: RowAt, answer: _Answer | None
    ) -> Change | None:
        fields, kind = record.fields, record.fields.record_type
        url = fields.about
        if kind == "warcinfo":
            return None
        if url and self.gone.covers(url):
            act = Act.FACTS if self._tells_of_others(record) else Act.DROP
            return Change(act, url, digest=fields.get("warc-payload-digest"))
        belongs_to = {fields.get("warc-concurrent-to"), fields.get("warc-refers-to")}
        whole = fields.get("warc-segment-origin-id")  # of a segmented record (WARC 1.1, section 7): one body in parts
        is_part = whole is not None and (whole in self._blanked or whole in self._dropped)
        # A revisit of another address stays, and is given the body.
        if is_part or (kind != "revisit" and self._dropped & belongs_to):
            return Change(Act.DROP, url)
        if kind == "revisit":
            self._note_revisit(record, name)
            return None
        if kind == "metadata" and fields.content_type == DISCOVERY_TYPE:
            return self._facts(record, url)
        if kind in ("request", "metadata"):
            return self._lines(record, url)
        if kind in _CAPTURES:
            mine = role[1] if role[0] is not None and role[0] == fields.get("warc-record-id") else None
            return self._capture(record, name, mine, row_at, answer)
        return None

    def _capture(
        self, record: RawRecord, name: str, role: Role | None, row_at: RowAt, answer: _Answer | None
    ) -> Change | None:
        url = record.fields.target
        body, content_type, status, location = _document(record)
        if status in _REDIRECTS and location is not None:
            target = redirect_url(url, location)
            if target is not None and self.gone.covers(target):
                if role in (None, Role.PAGE):
                    self.plan.redirects.append(url)
                return Change(Act.DROP, url, digest=record.fields.get("warc-payload-digest"))
        if not body or role is Role.ROBOTS:
            return None
        row = row_at(record.offset)
        rendering = record.fields.record_type == "conversion"
        if rendering and answer is not None and record.fields.get("warc-refers-to") == answer.record_id:
            row, role = answer.row, answer.role
        else:
            answer = None
        text = text_of(body, content_type)
        named = self.gone.named_in(body, text, url)
        if _is_listing(row, role, content_type):
            if not named and not self.gone.quoted_in(text):
                return None
            if rendering and answer is not None:  # the body it was made of tells as much
                self.plan.changes.setdefault(name, {})[answer.offset] = Change(Act.REDACT, url)
            return Change(Act.DROP if rendering else Act.REDACT, url, digest=record.fields.get("warc-payload-digest"))
        if named or self.gone.titled_in(text):
            who = row.article if row is not None and row.article else url
            self.plan.quoting.setdefault(who, "links to it" if named else "quotes its title")
        return None

    def _facts(self, record: RawRecord, url: str) -> Change | None:
        try:
            data = json.loads(record.block)
            facts = data.get("facts") if isinstance(data, dict) else None
        except (ValueError, RecursionError):
            return None
        if isinstance(facts, list) and any(fact_tells(self.gone, fact) for fact in facts):
            if data.get("role") == Role.ASSET and url:
                self.plan.quoting.setdefault(url, "was fetched to show it")
            return Change(Act.FACTS, url)
        return None

    def _tells_of_others(self, record: RawRecord) -> bool:
        """Say whether a discovery record that stands alone, under its first fact's address, has facts of others."""
        fields = record.fields
        if (
            fields.record_type != "metadata"
            or fields.content_type != DISCOVERY_TYPE
            or fields.get("warc-concurrent-to")
        ):
            return False
        try:
            return without_facts(record, lambda fact: fact_tells(self.gone, fact)) is not None
        except (ValueError, RecursionError, AttributeError):
            return False

    def _lines(self, record: RawRecord, url: str) -> Change | None:
        """Judge a request (its Referer) or another tool's metadata (via, outlinks)."""
        if len(record.block) > _MOST_LINES:
            self._too_long = True
            return None
        left = lines_left(record, lambda line: line_tells(self.gone, line))
        return None if left == record.block else Change(Act.LINES, url)

    def _note(self, name: str, record: RawRecord, change: Change) -> None:
        self.plan.changes.setdefault(name, {})[record.offset] = change
        fields = record.fields
        record_id = fields.get("warc-record-id")
        if change.act is Act.REDACT and record_id is not None:
            self._blanked.add(record_id)
        if change.act is not Act.DROP:
            return
        if record_id is not None:
            self._dropped.add(record_id)
        if fields.record_type == "response":
            place = Place(name, record.offset)
            self._bodies.setdefault((fields.target, (fields.get("warc-date") or "")[:19]), place)
            if digest := fields.get("warc-payload-digest"):
                self._by_digest.setdefault(digest, place)

    def _drop_before(self, name: str, recent: Iterable[tuple[int, str | None]], record: RawRecord) -> None:
        """Drop what stands before a dropped record and belongs to it: its discovery record, its request."""
        record_id = record.fields.get("warc-record-id")
        for offset, concurrent_to in recent:
            if record_id is not None and concurrent_to == record_id:
                self.plan.changes.setdefault(name, {})[offset] = Change(Act.DROP, record.fields.target)

    def _note_revisit(self, record: RawRecord, name: str) -> None:
        fields = record.fields
        refers = fields.get("warc-refers-to-target-uri")
        by_id = fields.get("warc-refers-to") in self._dropped
        if (refers is None or not self.gone.covers(refers)) and not by_id:
            return
        digest = (
            _NO_BODY
            if "server-not-modified" in (fields.get("warc-profile") or "")
            else fields.get("warc-payload-digest")
        )
        key = (refers or "", (fields.get("warc-refers-to-date") or "")[:19])
        self._revisits.append((fields.get("warc-date") or "", Place(name, record.offset), fields.target, key, digest))


def fact_tells(gone: Gone, fact: Any) -> bool:
    """Return whether a discovery fact, as its record has it, tells of what is to go."""
    if not isinstance(fact, Mapping):
        return False
    if any(isinstance(fact.get(name), str) and gone.covers(fact[name]) for name in ("url", "found_on")):
        return True
    said = " ".join(value for name in ("title", "summary", "entry_id") if isinstance(value := fact.get(name), str))
    return bool(said) and (gone.spelled_in(said) or gone.quoted_in(said))


def line_tells(gone: Gone, line: str) -> bool:
    """Return whether a line of a request, of warc-fields or of JSON names an address that is to go, also beside others."""
    if "http" not in line.lower():
        return False
    value = line.partition(":")[2].strip() or line
    start = value.find("http")
    if start >= 0 and gone.covers(value[start:].split()[0]):
        return True
    return gone.spelled_in(line) or any(gone.covers(url) for url in links_in(line, ""))


def _is_listing(row: Row | None, role: Role | None, content_type: str) -> bool:
    """Say whether a capture is a listing: asked for as one, or read and found to be no article.

    A page that could not be read (a time limit, a worker that died) is nobody's listing, and nor is one that nobody has read.
    """
    if row is not None and row.article is not None:
        return False
    if role in _LISTINGS or content_type in _LISTING_TYPES:
        return True
    return row is not None and row.reason is not None and not row.reason.startswith("error-")


def _document(record: RawRecord) -> tuple[bytes, str, int | None, str | None]:
    """Return what a capture shows: body without codings, media type, status, Location."""
    if record.fields.record_type != "response" or record.block[:5].upper() != b"HTTP/":
        return record.block, record.fields.content_type, None, None
    head_bytes, payload = split_final(record.block)
    try:
        head = parse_response_head(head_bytes)
    except PayloadError:
        return payload, "", None, None
    try:
        body = dechunk(payload) if is_chunked(head.headers) else payload
        body = decode_content(head.headers, body, allow_truncated=True)
    except PayloadError:
        body = payload
    return unzipped(body), media_type(head.headers), head.status, header(head.headers, "Location")


def _discovery_of(record: RawRecord) -> Any:
    if record.fields.record_type != "metadata" or record.fields.content_type != DISCOVERY_TYPE:
        return None
    return decode_discovery(record.block)
