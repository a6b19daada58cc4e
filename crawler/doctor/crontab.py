"""Crontabs, read: which lines there are, and when each was to run. Pure.

The form is that of crontab(5) as Debian's cron has it; a line that cron itself would refuse is no job.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_MOST = 1_000_000  # characters of a crontab that are read
_VARIABLE = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z_]\w*))\s*=\s*(.*?)\s*""")
_NICKNAMES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DAYS = {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS: tuple[tuple[int, int, Mapping[str, int]], ...] = (
    (0, 59, {}), (0, 23, {}), (1, 31, {}), (1, 12, _MONTHS), (0, 7, _DAYS),
)  # fmt: skip
_BACK = 400  # days that are looked back for the last times: more than a year
_SUNDAY = 7


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a line runs, in the machine's local time."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0: Sunday
    either: bool  # both days are restricted, and one of them is enough

    def on(self, day: datetime) -> bool:
        """Return whether it runs on a day."""
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.either else of_month and of_week

    def last(self, before: datetime, number: int = 2) -> list[datetime]:
        """Return the last times up to `before`, the latest first; fewer if there were fewer in 400 days.

        >>> [f"{t:%d %H:%M}" for t in schedule("*/10 * * * *").last(datetime(2026, 5, 1, 0, 5))]
        ['01 00:00', '30 23:50']
        """
        found: list[datetime] = []
        midnight = before.replace(hour=0, minute=0, second=0, microsecond=0)
        for back in range(_BACK):
            day = midnight - timedelta(days=back)
            if not self.on(day):
                continue
            for hour in sorted(self.hours, reverse=True):
                for minute in sorted(self.minutes, reverse=True):
                    at = day.replace(hour=hour, minute=minute)
                    if at <= before:
                        found.append(at)
                    if len(found) == number:
                        return found
        return found


@dataclass(frozen=True, slots=True)
class Job:
    """One line."""

    command: str
    schedule: Schedule | None  # None: @reboot
    user: str | None = None  # of /etc/crontab and /etc/cron.d alone
    environment: Mapping[str, str] = field(default_factory=dict)  # as the lines above it set it


def jobs(text: str, *, with_user: bool = False) -> Iterator[Job]:
    """Yield the jobs of a crontab. `with_user`: its lines name the user, as those of /etc/crontab do."""
    environment: dict[str, str] = {}
    for raw in text[:_MOST].splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _VARIABLE.fullmatch(line) if line[0] not in "*@0123456789" else None
        if found:
            name = next(part for part in found.groups()[:3] if part is not None)
            environment[name] = _unquoted(found[4])
        else:
            job = _job(line, with_user, dict(environment))
            if job is not None:
                yield job


def schedule(text: str) -> Schedule:
    """Return when five fields run. Raises `ValueError`."""
    words = text.split()
    if len(words) != len(_FIELDS):
        raise ValueError(text)
    minutes, hours, days, months, weekdays = (_field(word, *of) for word, of in zip(words, _FIELDS, strict=True))
    either = not words[2].startswith("*") and not words[4].startswith("*")
    return Schedule(minutes, hours, days, months, frozenset(day % _SUNDAY for day in weekdays), either)


def _job(line: str, with_user: bool, environment: Mapping[str, str]) -> Job | None:
    fields = 1 if line.startswith("@") else len(_FIELDS)
    words = line.split(None, fields + with_user)
    if len(words) <= fields + with_user:
        return None
    when = " ".join(words[:fields]).lower()
    user = words[fields] if with_user else None
    command = _until_percent(words[-1])
    if when == "@reboot":
        return Job(command, None, user, environment)
    try:
        return Job(command, schedule(_NICKNAMES.get(when, when)), user, environment)
    except ValueError:
        return None


def _until_percent(command: str) -> str:
    """Return what cron hands to the shell: a % that is not escaped ends it."""
    return re.split(r"(?<!\\)%", command, maxsplit=1)[0].replace("\\%", "%")


def _field(text: str, first: int, last: int, names: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = int(step_text) if slash else 1
        if span == "*":
            start, end = first, last
        else:
            low, dash, high = span.partition("-")
            start = _number(low, names)
            end = _number(high, names) if dash else last if slash else start
        if step < 1 or not first <= start <= end <= last:
            raise ValueError(text)
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _number(text: str, names: Mapping[str, int]) -> int:
    return names[text] if text in names else int(text)


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
