"""Units of systemd, read: which timers start `morgue crawl`, how often, and whether they are on. Pure but for `observe`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.doctor.commands import Start, crawls

_MOST_BYTES = 200_000
_MOST_FILES = 2_000
_NAMED = {"minutely": 60, "hourly": 3600, "daily": 86400, "weekly": 7 * 86400, "monthly": 31 * 86400}
_EVERY = re.compile(r"\*:(?:(?:0|00)/(\d{1,2})|\d{1,2})(?::00)?")  # *:0/10, *:05
# systemd.time(7) knows more units, months and milliseconds among them: those are not read, and not guessed.
_SPAN = re.compile(
    r"(\d{1,6})(?!\d)(h(?:ours?|r)?|m(?:in(?:utes?)?)?|s(?:ec(?:onds?)?)?|d(?:ays?)?|w(?:eeks?)?)?(?![a-zA-Z])"
)
_SPANS = re.compile(rf"(?:{_SPAN.pattern})+")
_UNITS = {"h": 3600, "m": 60, "s": 1, "d": 86400, "w": 7 * 86400, "": 1}


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer whose service crawls."""

    path: str  # of the timer's file
    starts: Sequence[Start]
    interval: float | None  # seconds; None: its OnCalendar says something that is not read here
    enabled: bool
    user: bool  # of a user's own systemd, which ends with their last session unless it lingers


def observe(folders: Mapping[Path, bool], home: str) -> list[Timer]:
    """Return the timers in these folders that start `morgue crawl`. True: a folder of user units."""
    found = []
    for folder, user in folders.items():
        try:
            files = {path.name: path for path in sorted(folder.iterdir())[:_MOST_FILES]}
        except OSError:
            continue
        on = set(_wanted(folder))
        for name, path in files.items():
            if not name.endswith(".timer"):
                continue
            timer = settings(_text(path))
            service = _last(timer, "Unit") or name.removesuffix(".timer") + ".service"
            starts = tuple(started(settings(_text(files[service])), home)) if service in files else ()
            if starts:
                found.append(Timer(str(path), starts, interval(timer), name in on, user))
    return found


def _wanted(folder: Path) -> Iterator[str]:
    """Yield the names of the units that are on; a folder that cannot be read tells of none."""
    for wants in sorted(folder.glob("*.wants")):
        try:
            yield from (path.name for path in wants.iterdir())
        except OSError:
            continue


def settings(text: str) -> list[tuple[str, str]]:
    r"""Return the settings of a unit in their order, without their sections (systemd.syntax(7)).

    >>> settings("[Timer]\nOnCalendar=*:0/10\n# no\n")
    [('OnCalendar', '*:0/10')]
    """
    found = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.strip() and name[0] not in "#;[":
            found.append((name.strip(), value.strip()))
    return found


def started(service: Sequence[tuple[str, str]], home: str) -> Iterator[Start]:
    """Yield each `morgue crawl` that a service starts."""
    environment = {"HOME": home, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}
    for name, value in service:
        if name == "Environment":
            for word in re.findall(r'"[^"]*"|\S+', value.replace("%h", home)):
                key, equals, content = word.strip('"').partition("=")
                if equals:
                    environment[key] = content
    folder = (_last(service, "WorkingDirectory") or "").replace("%h", home).lstrip("-")
    if folder == "~":  # as systemd.exec(5) has it: elsewhere it is a letter as any
        folder = home
    for name, value in service:
        if name in {"ExecStart", "ExecStartPost"}:
            command = value.replace("%h", home).lstrip("-@:+!")
            yield from crawls(command, environment | ({"HOME": folder} if folder else {}))


def interval(timer: Sequence[tuple[str, str]]) -> float | None:
    """Return the seconds between two starts of a timer, the shortest it names; None if that is not to be read off.

    >>> interval([("OnCalendar", "*:0/10")]), interval([("OnUnitActiveSec", "1h 30min")]), interval([("OnCalendar", "Mon")])
    (600, 5400, None)
    """
    found: list[float] = []
    for name, value in timer:
        if name == "OnCalendar":
            every = _EVERY.fullmatch(value)
            seconds = _NAMED.get(value.lower())
            if every:
                seconds = int(every[1]) * 60 if every[1] else 3600
            found += [seconds] if seconds else []
        elif name in {"OnUnitActiveSec", "OnUnitInactiveSec"}:
            told = "".join(value.split())
            spans = _SPAN.findall(told) if _SPANS.fullmatch(told) else ()
            seconds = sum(int(number) * _UNITS[unit[:1]] for number, unit in spans)
            found += [seconds] if seconds else []
    return min(found, default=None)


def _last(unit: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in reversed(unit) if key == name), None)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
