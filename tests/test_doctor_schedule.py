"""What starts crawls: crontabs and units of systemd, in every form that people write them in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.doctor import commands, crontab, schedule, units
from crawler.doctor.commands import Start, crawls
from crawler.doctor.crontab import jobs

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 5, 20, 12, 0, 30, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("fields", "before", "last"),
    [
        ("*/10 * * * *", "2026-05-20 12:00", ["20 12:00", "20 11:50"]),
        ("5 * * * *", "2026-05-20 12:00", ["20 11:05", "20 10:05"]),
        ("30 6 * * *", "2026-05-20 12:00", ["20 06:30", "19 06:30"]),
        ("30 6 * * 1-5", "2026-05-18 06:00", ["15 06:30", "14 06:30"]),  # not on Sunday the 17th
        ("0 0 * * sun", "2026-05-20 12:00", ["17 00:00", "10 00:00"]),
        ("0 0 * * 7", "2026-05-20 12:00", ["17 00:00", "10 00:00"]),  # Sunday has two numbers
        ("0 0 13 * 5", "2026-05-20 12:00", ["15 00:00", "13 00:00"]),  # crontab(5): one of both days is enough
        ("0 0 1 jan,mar *", "2026-05-20 12:00", ["01 00:00", "01 00:00"]),
        ("0 0 31 2 *", "2026-05-20 12:00", []),  # never
        ("0-30/15,59 8 * * *", "2026-05-20 08:20", ["20 08:15", "20 08:00"]),
        ("50/5 8 * * *", "2026-05-20 09:00", ["20 08:55", "20 08:50"]),
    ],
)
def test_when_a_line_was_to_run(fields: str, before: str, last: list[str]) -> None:
    found = crontab.schedule(fields).last(datetime.fromisoformat(before))
    assert [f"{at:%d %H:%M}" for at in found] == last


@pytest.mark.parametrize(
    "fields", ["", "* * * *", "60 * * * *", "*/0 * * * *", "a * * * *", "5-1 * * * *", "* * * * * *", "- * * * *"]
)
def test_fields_that_cron_refuses_are_no_schedule(fields: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them; the line is passed over
        crontab.schedule(fields)


CRONTAB = """\
# 0 0 * * * morgue crawl
MAILTO=you@paper.example
MORGUE_ARCHIVE = "/home/you/my archive"
*/10 * * * * morgue crawl --quiet
this is no line
99 * * * * morgue crawl
PATH='/opt/bin:/bin'
@hourly\tmorgue alerts %now
@reboot morgue crawl
@never morgue crawl
* * * *
"""


def test_a_crontab_is_read_line_by_line_and_what_cron_refuses_is_passed_over() -> None:
    found = list(jobs(CRONTAB))
    assert [job.command for job in found] == ["morgue crawl --quiet", "morgue alerts ", "morgue crawl"]
    assert found[0].environment == {"MAILTO": "you@paper.example", "MORGUE_ARCHIVE": "/home/you/my archive"}
    assert found[1].environment["PATH"] == "/opt/bin:/bin"  # a line sees what stands above it
    assert found[2].schedule is None
    assert [job.user for job in jobs("* * * * * you morgue crawl\n", with_user=True)] == ["you"]


@pytest.mark.parametrize("text", ["\0" * 10, "\\" * 5000, "* " * 100_000, "=" * 100_000, "a=" + "'" * 10_000])
def test_no_crontab_is_too_odd(text: str) -> None:
    for job in jobs(text):
        list(crawls(job.command, job.environment))


HOME = {"HOME": "/home/you"}


@pytest.mark.parametrize(
    ("command", "environment", "expected"),
    [
        ("morgue crawl", {}, [("morgue", "/")]),
        ("morgue crawl", HOME, [("morgue", "/home/you")]),  # cron begins in HOME
        (
            "cd /srv/a && /opt/bin/morgue crawl --budget 9m --quiet || test $? = 75",
            HOME,
            [("/opt/bin/morgue", "/srv/a")],
        ),
        ("cd a; morgue crawl", HOME, [("morgue", "/home/you/a")]),
        ("cd '/srv/a b' && morgue crawl", HOME, [("morgue", "/srv/a b")]),
        ("morgue -a /srv/a crawl", HOME | {"MORGUE_ARCHIVE": "/srv/b"}, [("morgue", "/srv/a")]),
        ("morgue --archive=/srv/a crawl", HOME, [("morgue", "/srv/a")]),
        ("morgue --archive ~/a crawl", HOME, [("morgue", "/home/you/a")]),
        ("morgue -a $HOME/a crawl", HOME, [("morgue", "/home/you/a")]),
        ("morgue crawl", HOME | {"MORGUE_ARCHIVE": "/srv/b"}, [("morgue", "/srv/b")]),
        ("MORGUE_ARCHIVE=/srv/c morgue crawl", HOME, [("morgue", "/srv/c")]),
        ("export MORGUE_ARCHIVE=/srv/c; morgue crawl", HOME, [("morgue", "/srv/c")]),
        ("MORGUE_ARCHIVE=/srv/c true; morgue crawl", HOME, [("morgue", "/home/you")]),  # holds for its own command
        ("A=/srv/c; morgue -a $A crawl", HOME, [("morgue", "/srv/c")]),
        ("env MORGUE_ARCHIVE=/srv/c nice -n 10 morgue crawl", HOME, [("morgue", "/srv/c")]),
        ("flock -n /tmp/x timeout 9m ~/bin/morgue -a a crawl", HOME, [("/home/you/bin/morgue", "/home/you/a")]),
        ("morgue -a a crawl; morgue -a b crawl", HOME, [("morgue", "/home/you/a"), ("morgue", "/home/you/b")]),
        ("morgue status; morgue search crawl", HOME, []),
        ("echo crawl > morgue.log", HOME, []),
        ("morgue crawl 'never ends", HOME, [("morgue", "/home/you")]),
        ("", HOME, []),
        ("/home/you/crawl.sh", HOME, []),  # not looked into
    ],
)
def test_which_archive_a_command_line_crawls(
    command: str, environment: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert [(start.program, start.archive) for start in crawls(command, environment)] == expected


def test_the_lines_that_our_documents_give_are_understood() -> None:
    text = (ROOT / "scripts" / "crontab.example").read_text(encoding="utf-8")
    (found,) = [start for job in jobs(text) for start in crawls(job.command, job.environment)]
    assert found == Start("morgue", "/home/you/my-archive", "/home/you/newsmorgue/.venv/bin:/usr/bin:/bin")


SERVICE = """\
[Service]
Type=oneshot
Environment=MORGUE_ARCHIVE=%h/my-archive "A=b c"
ExecStart=/home/you/.venv/bin/morgue crawl \\
  --budget 9m
"""


@pytest.mark.parametrize(
    ("service", "archive"),
    [
        (SERVICE, "/home/you/my-archive"),
        ("[Service]\nWorkingDirectory=/srv/a\nExecStart=-/opt/morgue crawl\n", "/srv/a"),
        ("[Service]\nExecStart=/bin/sh -c 'cd /srv/a'\n", None),
    ],
)
def test_which_archive_a_service_crawls(service: str, archive: str | None) -> None:
    found = [start.archive for start in units.started(units.settings(service), "/home/you")]
    assert found == ([archive] if archive else [])


@pytest.mark.parametrize(
    ("timer", "seconds"),
    [
        ("OnCalendar=*:0/10", 600),
        ("OnCalendar=*:05", 3600),
        ("OnCalendar=hourly", 3600),
        ("OnCalendar=Mon..Fri 06:30", None),  # not read off
        ("OnUnitActiveSec=15min", 900),
        ("OnUnitActiveSec=2h\nOnCalendar=daily", 7200),
        ("OnUnitActiveSec=1 week", 604_800),
        ("OnUnitActiveSec=1month", None),  # once a minute, and crawls were called missed
        ("OnUnitActiveSec=500ms", None),
        ("OnUnitActiveSec=" + "1" * 60 + "x", None),
        ("OnBootSec=5min", None),
    ],
)
def test_how_often_a_timer_runs(timer: str, seconds: float | None) -> None:
    assert units.interval(units.settings(f"[Timer]\n{timer}\n")) == seconds


def test_a_folder_of_wanted_units_that_is_none_hides_no_timer(tmp_path: Path) -> None:
    (tmp_path / "morgue.service").write_text(SERVICE)
    (tmp_path / "morgue.timer").write_text("[Timer]\nOnCalendar=hourly\n")
    (tmp_path / "multi-user.target.wants").write_text("a file")
    (tmp_path / "timers.target.wants").mkdir()
    (tmp_path / "timers.target.wants" / "morgue.timer").touch()
    assert [timer.enabled for timer in units.observe({tmp_path: True}, "/home/you")] == [True]


def test_a_tilde_in_a_folder_is_a_letter(tmp_path: Path) -> None:
    service = "[Service]\nWorkingDirectory=/srv/archive~2\nExecStart=morgue crawl\n"
    assert [start.archive for start in units.started(units.settings(service), "/home/you")] == ["/srv/archive~2"]


def test_timers_are_found_with_their_services_and_whether_they_are_on(tmp_path: Path) -> None:
    (tmp_path / "morgue.service").write_text(SERVICE)
    (tmp_path / "morgue.timer").write_text("[Timer]\nOnCalendar=*:0/10\n")
    (tmp_path / "other.timer").write_text("[Timer]\nUnit=morgue.service\n")
    (tmp_path / "alone.timer").write_bytes(b"\xff\xfe")
    (tmp_path / "timers.target.wants").mkdir()
    (tmp_path / "timers.target.wants" / "morgue.timer").symlink_to(tmp_path / "morgue.timer")
    found = units.observe({tmp_path: True, tmp_path / "nowhere": False}, "/home/you")
    assert [(Path(timer.path).name, timer.interval, timer.enabled) for timer in found] == [
        ("morgue.timer", 600, True),
        ("other.timer", None, False),
    ]


# What is said of what was found

(JOB,) = jobs("*/10 * * * * morgue crawl\n")
LINE = schedule.Line("your crontab", JOB, Start("morgue", "/srv/a", commands.CRON_PATH), "/usr/bin/morgue")
CRON = schedule.Schedule(lines=(LINE,), cron_runs=True, user="you")
TIMER = units.Timer("/x/morgue.timer", (LINE.start,), 600, True, True)
SYSTEMD = schedule.Schedule(timers=((TIMER, LINE.start, "/usr/bin/morgue"),), user="you")
JUST, EARLIER = NOW - timedelta(minutes=9), NOW - timedelta(minutes=25)


def with_timer(timer: units.Timer, program: str | None = "/usr/bin/morgue") -> schedule.Schedule:
    return replace(SYSTEMD, timers=((timer, LINE.start, program),))


@pytest.mark.parametrize(
    ("found", "last_run", "levels"),
    [
        (schedule.Schedule(), None, ["note"]),
        (schedule.Schedule(cron_there=False), None, ["note"]),
        (schedule.Schedule(others=2, unread="you are not allowed"), JUST, ["note", "note"]),
        (CRON, JUST, ["ok"]),
        (CRON, NOW - timedelta(minutes=15), ["ok"]),  # one alone may have met a longer crawl
        (CRON, EARLIER, ["ok", "wrong"]),  # it was to begin at 11:40 and 11:50
        (CRON, None, ["ok", "wrong"]),
        (replace(CRON, cron_runs=None), JUST, ["ok"]),  # processes cannot be seen
        (replace(CRON, cron_runs=False), EARLIER, ["wrong"]),  # said once
        (replace(CRON, lines=(replace(LINE, program=None),)), EARLIER, ["wrong"]),
        (replace(CRON, lines=(replace(LINE, job=replace(JOB, schedule=None)),)), None, ["ok"]),  # @reboot
        (replace(CRON, lines=(replace(LINE, job=replace(JOB, environment={"CRON_TZ": "Asia/Tokyo"})),)), None, ["ok"]),
        (SYSTEMD, JUST, ["ok"]),
        (SYSTEMD, NOW - timedelta(minutes=31), ["ok", "wrong"]),
        (with_timer(replace(TIMER, interval=None)), EARLIER, ["ok"]),
        (with_timer(replace(TIMER, enabled=False)), EARLIER, ["wrong"]),
        (with_timer(TIMER, None), EARLIER, ["wrong"]),
        (replace(SYSTEMD, lingers=False), JUST, ["note"]),
        (replace(with_timer(replace(TIMER, user=False)), lingers=False), JUST, ["ok"]),
    ],
)
def test_schedule(found: schedule.Schedule, last_run: datetime | None, levels: list[str]) -> None:
    told = list(schedule.look(found, last_run=last_run, now=NOW, crawling=False))
    assert [(each.level.value, each.check) for each in told] == [(level, "schedule") for level in levels]
    assert all(each.do or each.type for each in told if each.level.value == "wrong")


def test_nothing_is_missed_while_a_crawl_runs_or_before_there_were_sources() -> None:
    assert len(list(schedule.look(CRON, last_run=EARLIER, now=NOW, crawling=True))) == 1
    assert len(list(schedule.look(CRON, last_run=None, now=NOW, crawling=False, changed=JUST))) == 1


def test_the_crontab_of_this_user_is_asked_and_the_archive_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.doctor.examine import Place

    archive, tools = tmp_path / "a b", tmp_path / "bin"
    archive.mkdir()
    tools.mkdir()
    for name, text in (("crontab", f"echo '*/5 * * * * cd \"{archive}\"; {tools}/morgue crawl'"), ("morgue", "")):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    environ = {"PATH": f"{tools}:/usr/bin:/bin", "XDG_CONFIG_HOME": str(tmp_path)}
    found = schedule.observe(Place.at(archive, named=False), environ)
    assert [(line.where, line.program) for line in found.lines] == [("your crontab", f"{tools}/morgue")]

    other = schedule.observe(Place.at(tools, named=False), environ)
    assert (other.lines, other.others) == ((), 1)

    (tools / "crontab").write_text("#!/bin/sh\necho 'no crontab for you' >&2; exit 1\n")
    assert schedule.observe(Place.at(archive, named=False), environ).unread == ""
    (tools / "crontab").write_text("#!/bin/sh\necho 'You are not allowed' >&2; exit 1\n")
    assert schedule.observe(Place.at(archive, named=False), environ).unread == "You are not allowed"

    monkeypatch.setattr(schedule, "_SECONDS", 0.2)
    (tools / "crontab").write_text("#!/bin/sh\nexec sleep 20\n")
    assert "did not end" in schedule.observe(Place.at(archive, named=False), environ).unread
