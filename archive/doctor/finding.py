"""What a check says: one value, pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave a finding is."""

    OK = "ok"
    NOTE = "note"  # worth knowing; everything works
    WRONG = "wrong"  # something does not work, or will not for long


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    check: str  # a word or two: what was looked at
    level: Level
    what: str  # what is so, and where; a sentence without its full stop
    why: str = ""  # why that matters; sentences
    do: str = ""  # what to do, where no command alone does it; sentences
    type: str = ""  # a command line, as it is to be typed

    def as_json(self) -> dict[str, str]:
        """Return it for `--json`; what there is nothing to say of is an empty text."""
        return asdict(self) | {"level": self.level.value}


def ok(check: str, what: str) -> Finding:
    """Return a finding that needs nobody."""
    return Finding(check=check, level=Level.OK, what=what)


def note(check: str, what: str, why: str = "", *, do: str = "", type: str = "") -> Finding:  # noqa: A002 - as the field
    """Return a finding that is worth knowing."""
    return Finding(check=check, level=Level.NOTE, what=what, why=why, do=do, type=type)


def wrong(check: str, what: str, why: str = "", *, do: str = "", type: str = "") -> Finding:  # noqa: A002 - as the field
    """Return a finding that somebody has to do something about: `do` or `type` says what."""
    return Finding(check=check, level=Level.WRONG, what=what, why=why, do=do, type=type)


def in_two(message: str) -> tuple[str, str]:
    """Return the first sentence of an error's message, without its full stop, and the rest: what to do about it.

    >>> in_two("archive.db: file is not a database. Move it away.")
    ('archive.db: file is not a database', 'Move it away.')
    """
    first, _, rest = message.strip().partition(". ")
    return first.rstrip("."), rest.strip()


def worst(findings: Iterable[Finding]) -> Level:
    """Return the gravest level of some findings; OK if there are none."""
    order = tuple(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)
