"""The writer of the shelf: exchanges in, durable WARC records out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from archive.clock import Clock
from archive.errors import ShelfError
from archive.model import RENDERED_TYPE, DiscoveryFact, Exchange, RecordRef, Rendering, Role
from archive.warc import build
from archive.warc.build import NOT_MODIFIED, RevisitOf
from archive.warc.facts import DISCOVERY_TYPE, MAX_FACTS, Discovery, discovery_url, encode_discovery
from archive.warc.fields import ABOUT
from archive.warc.names import OPEN_SUFFIX, own_name, parse_own_name
from archive.warc.raw import complete_length
from archive.warc.tail import Repair, TailFile, cut, seal

_WRITE_AT = 2**20  # bytes that wait before they are handed to the system without being asked


def _random_id() -> str:
    return str(uuid.uuid4())


def _from_start(_name: str) -> int:
    return 0


class WarcWriter:
    """Appends exchanges and facts to one `.open` file at a time. One writer per folder and shard, under the crawl lock.

    At start it continues the newest own `.open` file of its shard, if that is younger than `max_age` and shorter than
    `max_bytes`, after cutting what a crash left behind the last complete record; older ones it seals. It never cuts
    below `floor(name)`, the length up to which the archive has read the file (also where a complete record begins, so
    that only what follows has to be looked through). A file shorter than that, or damaged before it, is sealed as it
    is. What was cut is in `repairs`. Files change between batches only: all that one `flush` makes durable lies in the
    one file that it names.

    `settings` are further fields of each run's warcinfo record (WARC 1.1 section 6.2).

    A record is durable after `flush`, and in the hands of the system before. After a `ShelfError` everything since the
    last `flush` counts as not kept, although some of it may stay in the file: captures kept twice do no harm. The
    writer may be used again after one (the disk may have room again).
    """

    def __init__(
        self,
        folder: Path,
        *,
        shard: str = "0of1",
        clock: Clock,
        run_id: str,
        software: str,
        contact: str | None = None,
        settings: Sequence[tuple[str, str]] = (),
        max_bytes: int = 10**9,
        max_age: timedelta = timedelta(hours=24),
        floor: Callable[[str], int] = _from_start,
        new_id: Callable[[], str] = _random_id,
    ) -> None:
        self._folder = folder
        self._shard = shard
        self._clock = clock
        self._run_id = run_id
        self._software = software
        self._contact = contact
        self._settings = settings
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._new_id = new_id
        self._file: TailFile | None = None
        self._name = ""
        self._info_id: str | None = None  # the warcinfo record of this run in the current file, once written
        self._flushed: tuple[str, int] = ("", 0)
        self._closed = False
        self.repairs: list[Repair] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            left = [path for path in folder.glob("*" + OPEN_SUFFIX) if self._is_ours(path)]
        except OSError as error:
            raise ShelfError(f"{folder} cannot be used ({error.strerror}). Check its owner and mode.") from None
        for path in sorted(left):
            try:
                self._take_over(path, floor, newest=path == max(left))
            except OSError as error:
                raise ShelfError(f"{path} cannot be continued ({error.strerror}). Check its owner and mode.") from None

    def __enter__(self) -> WarcWriter:
        return self

    def __exit__(self, *exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    # at start

    def _is_ours(self, path: Path) -> bool:
        parts = parse_own_name(path.name)
        return parts is not None and parts.shard == self._shard and path.is_file() and not path.is_symlink()

    def _take_over(self, path: Path, floor: Callable[[str], int], *, newest: bool) -> None:
        """Repair a file that an earlier run left `.open`, and continue it or seal it."""
        name = path.name.removesuffix(OPEN_SUFFIX)
        size, bottom = path.stat().st_size, floor(name)
        end = complete_length(path, bottom) if 0 < bottom <= size else complete_length(path)
        if end < bottom or bottom > size:
            why = f"the archive has read {bottom} bytes of it, but whole records end at {end}: sealed as it is"
            self.repairs.append(Repair(name, size, size, why))
            self._seal(path)
            return
        if end < size:
            cut(path, end)
            self.repairs.append(Repair(name, size, end, "the last record was not finished"))
        if end == 0:
            path.unlink()
            return
        if newest and not self._is_full(name, end):
            self._file = TailFile(path, create=False)
            self._name = name
            self._flushed = (name, end)
        else:
            self._seal(path)

    def _is_full(self, name: str, size: int) -> bool:
        parts = parse_own_name(name)
        too_old = parts is not None and self._clock.now() - parts.begun_at >= self._max_age
        return size >= self._max_bytes or too_old

    def _seal(self, path: Path) -> None:
        seal(path, path.with_name(path.name.removesuffix(OPEN_SUFFIX)))

    # appending

    def append_exchange(
        self,
        exchange: Exchange,
        *,
        source: str | None,
        role: Role | None,
        facts: Sequence[DiscoveryFact] = (),
        revisit_of: RevisitOf | None = None,
        rendering: Rendering | None = None,
        redacted: bool = False,
    ) -> RecordRef:
        """Append an exchange: its discovery record, the request, and the response or revisit, in this order.

        What a browser made of a response follows it as a conversion record (WARC 1.1 section 6.8) of the same URI and
        time; a revisit repeats that of the capture that it refers to.

        Without a response (or with one that is not HTTP/1, whose bytes then go into a metadata record of their own)
        there are the discovery record, which names the error, and the request. `revisit_of` makes the response a
        revisit: with the profile for a 304 its whole block is kept, else its head alone. `redacted`: the response is kept
        without its body and what describes it, marked as such.

        The values of the headers that `exchange.withheld` names are not kept; the discovery record names those that were sent.

        Returns where the response or revisit lies, else the request. Raises `ShelfError`.
        """
        if redacted:
            exchange = replace(exchange, response_head=build.redacted_head(exchange.response_head), body=b"")
        file = self._ready()
        request_id, response_id = self._urn(), self._urn()
        answered = build.is_keepable_response(exchange.response_head)
        odd = exchange.response_head + exchange.body if not answered else b""
        about = response_id if answered else request_id
        request_head, hidden = build.withhold(exchange.request_head, exchange.withheld)
        discovery = Discovery(
            source=source,
            role=role,
            facts=tuple(facts),
            error=exchange.error or ("protocol" if odd else None),
            detail=exchange.detail,
            seconds=exchange.seconds,
            withheld=hidden,
            rendered=None if rendering is None or revisit_of is not None else rendering.dom is not None,
            browser=rendering.browser or None if rendering is not None else None,
            not_rendered=rendering.failed if rendering is not None else None,
        )
        common = {"WARC-Warcinfo-ID": self._info_id}
        cut_short = build.truncation(exchange.truncated)

        def add(
            record_type: str, record_id: str, block: bytes, content_type: str, extra: dict[str, str | None]
        ) -> RecordRef:
            data = build.record(
                record_type,
                block,
                record_id=record_id,
                date=exchange.started_at,
                content_type=content_type,
                url=ABOUT + exchange.url if record_type == "metadata" else exchange.url,
                extra=extra | common,
            )
            return RecordRef(warc=self._name, offset=file.append(data), length=len(data))

        add("metadata", self._urn(), encode_discovery(discovery), DISCOVERY_TYPE, {"WARC-Concurrent-To": f"<{about}>"})
        concurrent: dict[str, str | None] = {"WARC-Concurrent-To": f"<{response_id}>"} if answered else {}
        peer = {"WARC-IP-Address": build.address(exchange.peer)}
        ref = add("request", request_id, request_head, build.REQUEST_TYPE, concurrent | peer)
        if answered:
            record_type, block, extra = _response(exchange, revisit_of)
            if record_type == "response":
                extra |= build.REDACTED if redacted else {"WARC-Truncated": cut_short}
            ref = add(record_type, response_id, block, build.RESPONSE_TYPE, extra | peer)
            if discovery.rendered and rendering is not None and rendering.dom is not None:
                of = {"WARC-Refers-To": f"<{response_id}>", "WARC-Truncated": build.truncation(rendering.truncated)}
                add("conversion", self._urn(), rendering.dom, RENDERED_TYPE, of)
        elif odd:
            extra = {"WARC-Concurrent-To": f"<{request_id}>", "WARC-Truncated": cut_short}
            add("metadata", self._urn(), odd, "application/octet-stream", extra | peer)
        self._relieve(file)
        return ref

    def append_facts(self, facts: Sequence[DiscoveryFact], *, source: str | None) -> RecordRef:
        """Append facts learned apart from a fetch, as discovery records of their own; return where the last one lies.

        They may be about several URLs; the first one's is the target. Raises `ShelfError`, `ValueError` without facts.
        """
        if not facts:
            raise ValueError("no facts to append")
        file = self._ready()
        now = self._clock.now()
        for at in range(0, len(facts), MAX_FACTS):
            some = tuple(facts[at : at + MAX_FACTS])
            data = build.record(
                "metadata",
                encode_discovery(Discovery(source=source, facts=some)),
                record_id=self._urn(),
                date=now,
                content_type=DISCOVERY_TYPE,
                url=ABOUT + discovery_url(some),
                extra={"WARC-Warcinfo-ID": self._info_id},
            )
            ref = RecordRef(warc=self._name, offset=file.append(data), length=len(data))
        self._relieve(file)
        return ref

    def _relieve(self, file: TailFile) -> None:
        """Bound the memory that waits; a batch of long bodies need not wait for its flush."""
        if file.waiting >= _WRITE_AT:
            try:
                file.write()
            except ShelfError:
                self._info_id = None  # it may be among what was lost
                raise

    def _urn(self) -> str:
        return f"urn:uuid:{self._new_id()}"

    def _ready(self) -> TailFile:
        """Return the file to append to, begun and with this run's warcinfo in it."""
        if self._closed:
            raise ShelfError("this WARC writer is closed; make a new one")
        file = self._file
        if file is not None and self._flushed == (self._name, file.size) and self._is_full(self._name, file.size):
            file.close()
            self._file = None
            self._seal(file.path)
            file = None
        if file is None:
            self._file = file = self._begin()
            self._info_id = None
        if self._info_id is None:
            info_id = self._urn()
            file.append(self._warcinfo(info_id))
            self._info_id = f"<{info_id}>"
        return file

    def _begin(self) -> TailFile:
        begun_at = self._clock.now()
        while True:
            self._name = own_name(begun_at, self._shard, self._run_id)
            path = self._folder / (self._name + OPEN_SUFFIX)
            if not path.exists() and not (self._folder / self._name).exists():
                self._flushed = (self._name, 0)
                return TailFile(path, create=True)
            begun_at += timedelta(seconds=1)  # a second file within one second: names must differ and keep their order

    def _warcinfo(self, info_id: str) -> bytes:
        lines = [
            ("software", self._software),
            ("format", "WARC File Format 1.1"),
            ("conformsTo", "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"),
            ("isPartOf", f"run {self._run_id}, shard {self._shard}"),
            *([("operator", self._contact)] if self._contact else []),
            *self._settings,
        ]
        block = "".join(f"{name}: {' '.join(value.splitlines())}\r\n" for name, value in lines)
        return build.record(
            "warcinfo",
            block.encode("utf-8", "replace"),
            record_id=info_id,
            date=self._clock.now(),
            content_type="application/warc-fields",
            extra={"WARC-Filename": self._name},
        )

    # making durable

    def flush(self) -> tuple[str, int]:
        """Make all that was appended durable; return the file's name (without `.open`) and its length in bytes.

        ("", 0) if nothing was ever appended. Raises `ShelfError`.
        """
        if self._file is not None:
            try:
                self._flushed = (self._name, self._file.sync())
            except ShelfError:
                self._info_id = None  # it may be among what was lost
                raise
        return self._flushed

    def close(self) -> None:
        """Flush and close. The file keeps its `.open` name, for the next run to go on with, unless it is full or old.

        Raises `ShelfError`.
        """
        if self._closed:
            return
        self._closed = True
        file, self._file = self._file, None
        if file is None:
            return
        try:
            self._flushed = (self._name, file.sync())
        finally:
            file.close()
        if self._is_full(self._name, file.size):
            self._seal(file.path)


def _response(exchange: Exchange, revisit_of: RevisitOf | None) -> tuple[str, bytes, dict[str, str | None]]:
    """Return type, block and own fields of the record that keeps the answer."""
    whole = exchange.response_head + exchange.body
    if revisit_of is None:
        return "response", whole, {"WARC-Payload-Digest": build.digest_of_payload(whole)}
    block = whole if revisit_of.profile == NOT_MODIFIED else exchange.response_head
    return "revisit", block, build.revisit_fields(revisit_of)
