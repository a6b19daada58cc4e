"""What people decided: `decisions.jsonl`, append-only, one JSON object per line.

    {"at": "2026-05-01T06:00:00Z", "kind": "source-renamed", "reason": null, "old": "paper", "new": "the-paper"}

A line counts once it ends with a newline. A process that died while writing leaves a line without one; it is cut by
the next writer, and readers pass over it. Times are UTC.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from archive.errors import DecisionsError

MERGED = "merged"  # kind of the line of an archive that a merge made: it never crawled, and needs no crawl.db
_OWN_KEYS = ("at", "kind", "reason")
_BLOCK = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One act of a person, or of a guard on a person's behalf."""

    at: datetime  # aware, UTC
    kind: str
    reason: str | None
    data: Mapping[str, object]  # everything else of the line


class DecisionLike(Protocol):
    """What is read of a line of decisions.jsonl."""

    @property
    def kind(self) -> str:
        """What was decided."""

    @property
    def data(self) -> Mapping[str, object]:
        """Its particulars."""


def append_decision(
    path: Path, kind: str, payload: Mapping[str, object], *, at: datetime, reason: str | None = None
) -> None:
    """Append one decision and return when it is on the disk (fsync of the file, and of the folder for a new file).

    Several processes may append at the same time (kernel lock on the file). A torn last line is cut first. `at` is
    an aware time. Raises `DecisionsError` if the decision cannot be written as JSON or the file cannot be written.
    """
    taken = [key for key in payload if key in _OWN_KEYS]
    if taken or not kind or at.tzinfo is None:
        why = f"the key {taken[0]!r} is the line's own" if taken else "it needs a kind and a time with a zone"
        raise DecisionsError(f"{path}: this decision cannot be kept ({why}). Nothing was written.")
    line = {"at": _time_text(at), "kind": kind, "reason": reason, **payload}
    try:
        # ASCII, so that no editor's or terminal's encoding and no odd line separator can break a line
        data = json.dumps(line, allow_nan=False).encode("ascii") + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise DecisionsError(f"{path}: this decision cannot be kept as JSON ({error}). Nothing was written.") from None
    try:
        _append_line(path, data)
    except OSError as error:
        raise DecisionsError(
            f"{path}: cannot be written ({error.strerror or error}). The decision was not kept; free the disk or "
            "correct the file's permissions, and repeat the command."
        ) from None


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """Return the decisions in the order of the file; no file, no decisions. A torn last line is passed over.

    Raises `DecisionsError` with the line's number for a line that is broken although it was written to its end.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DecisionsError(f"{path}: cannot be read ({error.strerror or error}).") from None
    *lines, _torn = data.split(b"\n")
    return tuple(parse_decision(path, number, line) for number, line in enumerate(lines, 1) if line.strip())


def rewrite_decisions(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Put what `change` makes of the file's whole lines in its place, durably and in one step.

    Nothing that another process appends meanwhile is lost: it waits for us, and then finds the new file. Only a union with
    another archive's lines is a reason to do this. Raises `DecisionsError`; the file is as it was then.
    """
    path = Path(os.path.realpath(path))  # a link to a file elsewhere stays a link
    try:
        fd = _locked(path)
        part = path.with_name(f".{path.name}.merging")
        try:
            old = _read_up_to(fd, _whole_length(fd))
            new = change(old)
            if new == old:
                return
            with part.open("wb") as file:
                file.write(new)
                file.flush()
                os.fchmod(file.fileno(), os.fstat(fd).st_mode & 0o7777)
                os.fsync(file.fileno())
            part.replace(path)
            _sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
            os.close(fd)
    except OSError as error:
        raise DecisionsError(
            f"{path}: cannot be written ({error.strerror or error}). It is as it was; free the disk or correct the file's "
            "permissions, and repeat the command."
        ) from None


def renames(decisions: Iterable[DecisionLike]) -> dict[str, str]:
    """Return old to present names of sources that people renamed, in the order of `decisions`.

    A decision of kind `source-renamed` has `old` and `new`.
    """
    names: dict[str, str] = {}
    for decision in decisions:
        old, new = decision.data.get("old"), decision.data.get("new")
        if decision.kind != "source-renamed" or not isinstance(old, str) or not isinstance(new, str):
            continue
        names = {name: new if present == old else present for name, present in names.items()} | {old: new}
        names.pop(new, None)  # renamed back
    return names


def _locked(path: Path) -> int:
    """Open the file and lock it; the one that has the name then, should another have been put in its place meanwhile."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(fd), path.stat()):
                    return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _read_up_to(fd: int, end: int) -> bytes:
    parts, at = [], 0
    while at < end and (part := os.pread(fd, end - at, at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _append_line(path: Path, data: bytes) -> None:
    fd = _locked(path)
    try:
        end = _whole_length(fd)
        if end != os.fstat(fd).st_size:
            os.ftruncate(fd, end)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(fd, data[written:], end + written)
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, end)  # a full or failing disk: leave no half line, and none that we say was not kept
            raise
    finally:
        os.close(fd)
    if end == 0:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _whole_length(fd: int) -> int:
    """Return the length of the file up to its last newline, in bytes."""
    end = os.fstat(fd).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        place = os.pread(fd, end - start, start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def parse_decision(path: Path, number: int, line: bytes) -> Decision:
    """Return what a line says; `path` and `number` are for the message. Raises `DecisionsError`."""
    try:
        entry = json.loads(line)
        at = datetime.fromisoformat(entry.pop("at"))
        kind = entry.pop("kind")
        reason = entry.pop("reason", None)
        if at.tzinfo is None or not isinstance(kind, str) or not isinstance(reason, str | None):
            raise TypeError("it needs `at` with a zone, `kind` and `reason` as text")  # noqa: TRY301 (one message for all)
        at = at.astimezone(UTC)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DecisionsError(
            f"{path}, line {number}: not a decision ({error}): {line[:80]!r}. This file is written by Morgue only. "
            "Take the line from a backup, or delete it if you know what it decided; the other lines are sound."
        ) from None
    return Decision(at=at, kind=kind, reason=reason, data=entry)


def _time_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
