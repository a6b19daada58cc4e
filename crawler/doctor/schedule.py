"""What starts crawls of this archive: cron or a timer of systemd; can it, and did it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shlex import quote

from archive.doctor.examine import Place
from archive.doctor.finding import Finding, note, ok, wrong
from crawler.doctor.commands import Start, crawls
from crawler.doctor.crontab import Job, jobs
from crawler.doctor.units import Timer
from crawler.doctor.units import observe as timers_in
from crawler.silence import span

_SECONDS = 5.0  # `crontab -l` may take
_CRONS = frozenset({"cron", "crond", "fcron", "dcron", "busybox", "systemd-cron", "anacron", "launchd"})
_MOST_FILES = 200  # of /etc/cron.d
_GRACE = timedelta(minutes=2)  # a crawl that was to begin just now need not have ended
_MISSED = 3  # intervals of a timer
_EDIT = "crontab -e"
_LINES = "`scripts/crontab.example` has the lines to copy; docs/running.md has those for systemd."


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a crontab that starts a crawl of this archive."""

    where: str  # "your crontab", "/etc/cron.d/morgue"
    job: Job
    start: Start
    program: str | None  # what cron would run; None: it would find nothing


@dataclass(frozen=True, slots=True)
class Schedule:
    """What was found."""

    lines: Sequence[Line] = ()
    timers: Sequence[tuple[Timer, Start, str | None]] = ()  # with the program that is run, as above
    others: int = 0  # crawls of other archives that the same places start
    cron_runs: bool | None = None  # None: processes cannot be seen
    lingers: bool = True  # this user's systemd runs without a session
    unread: str = ""  # why the crontab could not be read; "": it was, or there is no cron
    user: str = ""
    cron_there: bool = True  # there is a program `crontab`
    here: str = ""  # folder of the `morgue` that this command's PATH has; "": none


def observe(place: Place, environ: Mapping[str, str]) -> Schedule:
    """Read the crontabs and units that may start a crawl of this archive. Starts `crontab -l` alone."""
    person = pwd.getpwuid(os.geteuid())
    text, unread = _own_crontab(environ)
    lines: list[Line] = []
    others = 0
    start = {"HOME": person.pw_dir, "LOGNAME": person.pw_name, "SHELL": "/bin/sh"}
    for where, job in [("your crontab", job) for job in jobs(text)] + list(_system(person.pw_name)):
        for found in crawls(job.command, start | dict(job.environment)):
            if _same(found.archive, place.folder.root):
                lines.append(Line(where, job, found, _program(found)))
            else:
                others += 1
    config = Path(environ.get("XDG_CONFIG_HOME") or Path(person.pw_dir) / ".config") / "systemd" / "user"
    timers = []
    for timer in timers_in(
        {config: True, Path("/etc/systemd/user"): True, Path("/etc/systemd/system"): False}, person.pw_dir
    ):
        for found in timer.starts:
            if _same(found.archive, place.folder.root):
                timers.append((timer, found, _program(found)))
            else:
                others += 1
    return Schedule(
        lines=tuple(lines),
        timers=tuple(timers),
        others=others,
        cron_runs=_cron_runs(),
        lingers=Path("/var/lib/systemd/linger", person.pw_name).exists(),
        unread=unread,
        user=person.pw_name,
        cron_there=shutil.which("crontab", path=environ.get("PATH")) is not None,
        here=_folder_of("morgue", environ),
    )


def look(
    found: Schedule,
    *,
    last_run: datetime | None,
    now: datetime,
    crawling: bool,
    changed: datetime | None = None,
) -> Iterator[Finding]:
    """Check what starts crawls. `last_run`: when the last crawl ended; `now`: in the machine's zone; both aware.

    `changed`: when the archive was made: what was to run before is not missed.
    """
    if found.unread:
        yield note("schedule", f"your crontab cannot be read ({found.unread})", type="crontab -l")
    if not found.lines and not found.timers:
        yield _none(found, last_run)
        return
    for line in found.lines:
        yield _cron(line, found)
    for timer, start, program in found.timers:
        yield _timer(timer, start, program, found)
    sound = [line for line in found.lines if line.program and found.cron_runs is not False]
    on = [timer for timer, _, program in found.timers if timer.enabled and program]
    if (sound or on) and not crawling:
        yield from _missed(sound, on, last_run, now, changed)


def _none(found: Schedule, last_run: datetime | None) -> Finding:
    crontab = f"no line in {found.user}'s crontab" if found.cron_there else "this machine has no cron"
    what = f"nothing starts crawls of this archive: {crontab}, no timer"
    if found.others:
        what += f" ({found.others} start those of others)"
    why = "A script of your own, or another user's cron, may: such are not looked into." if last_run else ""
    return note("schedule", what, why, do=_LINES, type=_EDIT if found.cron_there else "sudo apt-get install cron")


def _cron(line: Line, found: Schedule) -> Finding:
    named = f"{line.where} starts crawls here"
    if line.program is None:
        what = f"cron would not find {line.start.program!r}, which {line.where} starts for this archive"
        why = f"It looks in {line.start.path} alone: cron knows nothing of your shell's PATH."
        put = f"PATH={found.here or '/path/to/.venv/bin'}:/usr/bin:/bin"
        return wrong("schedule", what, why, do=f"Put this line at its top: {put}", type=_EDIT)
    if found.cron_runs is False:
        what = f"{named}, but no cron is running"
        why = "No process of that name is there. A container has none of its own."
        return wrong("schedule", what, why, type="sudo systemctl enable --now cron")
    return ok("schedule", f"{named} ({line.program})")


def _timer(timer: Timer, start: Start, program: str | None, found: Schedule) -> Finding:
    unit = Path(timer.path).name
    control = "systemctl --user" if timer.user else "sudo systemctl"
    if program is None:
        what = f"systemd would not find {start.program!r}, which the service of {timer.path} starts"
        do = "Write its whole path behind ExecStart=, then:"
        return wrong("schedule", what, do=do, type=f"{control} daemon-reload")
    if not timer.enabled:
        what = f"{timer.path} starts crawls here, and is off"
        return wrong("schedule", what, type=f"{control} enable --now {quote(unit)}")
    if timer.user and not found.lingers:
        what = f"{timer.path} starts crawls here only while you are logged in"
        return note("schedule", what, type="loginctl enable-linger")
    return ok("schedule", f"{unit} starts crawls here ({program})")


def _missed(
    lines: Sequence[Line], timers: Sequence[Timer], last_run: datetime | None, now: datetime, changed: datetime | None
) -> Iterator[Finding]:
    """Say that two crawls in a row that were to be were not."""
    due: list[datetime] = []  # for each: when the last but one was to begin
    for line in lines:
        if line.job.schedule is not None and "CRON_TZ" not in line.job.environment:
            due += line.job.schedule.last(now - _GRACE)[1:2]
    due += [now - timedelta(seconds=_MISSED * timer.interval) for timer in timers if timer.interval]
    expected = max(due, default=None)
    since = max(filter(None, (last_run, changed)), default=None)
    if expected is None or (since is not None and since >= expected):
        return
    when = (
        f"the last crawl ended {span((now - last_run).total_seconds())} ago" if last_run else "no crawl has ended yet"
    )
    what = f"{when}, though one was to begin at {expected:%Y-%m-%d %H:%M}, and more after it"
    why = "The machine may have been off. Else the line fails: cron mails what it said, or see its log."
    log = "journalctl -u cron --since -2h" if lines else "journalctl --user --since -2h"
    yield wrong("schedule", what, why, do="Try by hand what it starts. The log:", type=log)


def _own_crontab(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the user's crontab, and why it could not be read."""
    program = shutil.which("crontab", path=environ.get("PATH"))
    if program is None:
        return "", ""
    try:
        done = subprocess.run(  # noqa: S603 - the system's own program, without a word of strangers
            [program, "-l"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**environ, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        return "", f"`crontab -l` did not end within {_SECONDS:g} seconds"
    except OSError as error:
        return "", str(error.strerror or error)
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode and "no crontab" not in said.lower() and "can't open" not in said.lower():
        return "", said.splitlines()[0][:200] if said else f"exit code {done.returncode}"
    return done.stdout.decode("utf-8", "replace"), ""


def _system(user: str) -> Iterator[tuple[str, Job]]:
    try:
        more = sorted(Path("/etc/cron.d").iterdir())[:_MOST_FILES]
    except OSError:
        more = []
    for path in (Path("/etc/crontab"), *more):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        yield from ((str(path), job) for job in jobs(text, with_user=True) if job.user == user)


def _folder_of(program: str, environ: Mapping[str, str]) -> str:
    found = shutil.which(program, path=environ.get("PATH"))
    return str(Path(found).parent) if found else ""


def _same(path: str, root: Path) -> bool:
    return os.path.realpath(path) == os.path.realpath(root)


def _program(start: Start) -> str | None:
    return shutil.which(start.program, path=start.path)


def _cron_runs() -> bool | None:
    """Return whether a cron runs; None if other people's processes cannot be seen."""
    if not Path("/proc/1/comm").exists():
        return None
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text(encoding="utf-8", errors="replace").strip() in _CRONS:
                return True
        except OSError:
            continue
    return False
