"""Checks are run one after the other, each for a limited time; one that fails is a finding of its own, and the next begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from archive.console import explained
from archive.doctor.finding import Finding, in_two, wrong
from archive.errors import MorgueError
from archive.folder import ArchiveFolder

SECONDS = 20.0  # a check may take; starting a browser on a small machine takes 10


@dataclass(frozen=True, slots=True)
class Place:
    """The archive that is looked at, and how commands name it."""

    folder: ArchiveFolder
    morgue: str = "morgue"  # how a command for this archive begins: `morgue -a my-archive`

    @classmethod
    def at(cls, root: Path, *, named: bool) -> Place:
        """Return the archive in `root`; `named`: by -a, and so it has to be named in commands again."""
        return cls(ArchiveFolder(root), f"morgue -a {quote(str(root))}" if named else "morgue")


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, and what looks. `look` may raise anything, and may hang."""

    name: str
    look: Callable[[], Iterable[Finding]]
    seconds: float = SECONDS


@dataclass(frozen=True, slots=True)
class Group:
    """Checks under one heading."""

    title: str
    checks: Sequence[Check]


@dataclass(frozen=True, slots=True)
class Examined:
    """What the checks of one group found, in their order."""

    title: str
    findings: tuple[Finding, ...]


def examine(groups: Iterable[Group]) -> list[Examined]:
    """Run all checks. Raises nothing of theirs."""
    return [Examined(group.title, tuple(f for check in group.checks for f in run(check))) for group in groups]


def within(seconds: float, work: Callable[[], None]) -> BaseException | None:
    """Do some work, for so long at most; return what it raised. Raises `TimeoutError` if it has not ended.

    It runs in a thread that is left alone when its time is up: a disk that hangs in the kernel cannot be interrupted.
    """
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the other checks go on
            raised.append(error)

    thread = threading.Thread(target=guarded, name="doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError
    return raised[0] if raised else None


def run(check: Check) -> list[Finding]:
    """Return what a check finds; that it failed, or did not end in time, is a finding."""
    found: list[Finding] = []
    try:
        raised = within(check.seconds, lambda: found.extend(check.look()))
    except TimeoutError:
        late = wrong(
            check.name,
            f"this check did not end within {check.seconds:g} seconds",
            "A disk, a network folder or a program does not answer, or the machine is very busy.",
            do="Look at the system's log and at mounted folders (`mount`, `df`); one that hangs stops crawls too.",
        )
        return [*found, late]
    return found if raised is None else [*found, _failed(check.name, raised)]


def _failed(name: str, error: BaseException) -> Finding:
    if isinstance(error, MorgueError | OSError):
        first, rest = in_two(explained(error) if isinstance(error, OSError) else str(error))
        return wrong(name, first, do=rest or "Mend that, then look again.")
    what = f"this check failed ({type(error).__name__}: {str(error)[:200]})"
    return wrong(
        name,
        what,
        "What it looks at is in a state that it did not expect; the other checks went on.",
        do="If the other findings do not explain it, it is a fault of Morgue: tell its makers this line.",
    )
