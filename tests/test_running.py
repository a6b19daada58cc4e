"""docs/running.md is true: its schedule, its units, its backup and its table of complaints are tried as they stand there."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.locks import lock
from archive.query.health import Readings
from archive.sources import Source
from crawler.frontier import SourceStats
from crawler.health import Stored, problem_of
from crawler.silence import Silence
from tests.line import DAY_1, Archive, dump, environment, new_archive
from tests.site.server import NewsSites
from tests.test_docs import wrong

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "scripts" / "crontab.example").read_text(encoding="utf-8")
ARCHIVE, BACKUP = "/home/you/my-archive", "/backup/my-archive"


def block(after: str, number: int = 0) -> list[str]:
    """Return an indented block of the page, the first one after these words or a later one."""
    blocks = re.findall(r"(?:^ {4}.*\n)+", PAGE[PAGE.index(after) :], re.MULTILINE)
    return [line.strip() for line in blocks[number].splitlines()]


def section(name: str) -> str:
    return PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """Return a folder with a `morgue` of this checkout, for a PATH."""
    script = tmp_path / "bin" / "morgue"
    script.parent.mkdir()
    run_it = "from crawler.cli import main; main()"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{run_it}" "$@"\n')
    script.chmod(0o755)
    return script.parent


def typed(line: str, shell: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = environment(DAY_1) | {"PATH": f"{shell}:{os.environ['PATH']}"} | more
    return subprocess.run(["sh", "-c", line], env=env, capture_output=True, text=True, timeout=60)


def schedule() -> list[str]:
    """Return the lines that cron is given."""
    return [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")]


def test_the_example_crontab_is_what_the_page_shows() -> None:
    assert schedule() == block("## The schedule")


COMMANDS = [re.sub(r"^(?:\S+ ){5}", "", line) for line in schedule() if re.match(r"[*\d]", line)]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cron_runs_is_well_and_without_a_word_in_a_new_archive(command: str, shell: Path, tmp_path: Path) -> None:
    archive = new_archive(tmp_path / "archive", {})
    done = typed(command.replace("sources check", "status --problems"), shell, MORGUE_ARCHIVE=str(archive.path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr in ("", "No source to crawl yet: `morgue sources add https://news.example/` adds one.\n")


def test_cron_mails_nothing_when_the_crawl_before_still_works(shell: Path, tmp_path: Path) -> None:
    archive = new_archive(tmp_path / "archive", {"nobody": "http://127.0.0.1:9/"})
    with lock(archive.path / "crawl.lock", "a crawl"):
        done = typed(COMMANDS[0], shell, MORGUE_ARCHIVE=str(archive.path))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        loud = archive.run("crawl", code=75)
    assert "crawl.lock is held" in loud.err


def test_the_systemd_units_say_what_the_crontab_says() -> None:
    service, timer = ("\n".join(block("With systemd", number)) for number in range(2))
    units = [configparser.ConfigParser(), configparser.ConfigParser()]
    for unit, text in zip(units, (service, timer), strict=True):
        unit.optionxform = str  # type: ignore[method-assign, assignment]
        unit.read_string(text)
    started = units[0]["Service"]["ExecStart"]
    assert COMMANDS[0].startswith(started[started.index("morgue crawl") :])
    assert wrong(started[started.index("morgue crawl") :]) is None
    assert units[0]["Service"]["SuccessExitStatus"] == "3 75"
    assert units[1]["Timer"]["OnCalendar"] == "*:0/10"


@pytest.fixture
def kept(tmp_path: Path, news_sites: NewsSites) -> Archive:
    """Return an archive with one crawl of a small paper behind it."""
    archive = new_archive(tmp_path / "my-archive", {"sada": news_sites.sites["sada"]})
    archive.crawl()
    return archive


def test_a_backup_made_as_the_page_says_comes_back(kept: Archive, shell: Path, tmp_path: Path) -> None:
    places = {"/home/you/my-archive-again": "again", "/home/you/my-archive": "my-archive", "/mnt/backup": "mnt"}
    for line in (*block("## Backup, moving", 0), *block("## Backup, moving", 1)):
        for written, name in places.items():
            line = line.replace(written, str(tmp_path / name))  # noqa: PLW2901 (one after the other)
        done = typed(line, shell)
        assert done.returncode == 0, done.stderr
    assert dump(Archive(tmp_path / "again", kept.now), "articles") == dump(kept, "articles")


def test_a_copy_made_as_the_page_says_is_an_archive(kept: Archive, shell: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup" / "my-archive"
    copying, database, using = (block("## Backup, moving", number) for number in range(2, 5))
    assert copying[0] == f"cd {ARCHIVE}"
    assert using[0] == f"cd {BACKUP}"

    def here(line: str) -> str:
        return line.replace(ARCHIVE, str(kept.path)).replace(BACKUP, str(backup))

    done = typed("set -e\n" + "\n".join(map(here, copying)), shell)
    assert (done.returncode, done.stderr) == (0, "")
    done = typed(f"cd {kept.path} && {here(database[0])}", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert Archive(backup).values("SELECT count(*) FROM captures") == kept.values("SELECT count(*) FROM captures")
    (backup / "archive.db").unlink()
    for line in using[1:]:
        done = typed(f"cd {backup} && {line}", shell)
        assert done.returncode == 0, done.stderr
    there = Archive(backup, kept.now)
    assert len(dump(there, "articles")["articles"]) > 5
    assert dump(there, "articles") == dump(kept, "articles")
    assert there.values("SELECT id FROM runs") == [path.stem for path in (kept.path / "reports").glob("run-*.json")]
    assert "Nothing was due" in there.run("crawl", "--allow-private").out


def test_the_question_about_runs_is_answered(kept: Archive, shell: Path) -> None:
    kept.run("ingest", "--jobs", "1")
    (line,) = block("Ingest takes the reports")
    done = typed(f"cd {kept.path} && {line}", shell)
    assert (done.returncode, "done" in done.stdout) == (0, True)


NOW = datetime(2026, 5, 21, tzinfo=UTC).timestamp()
DAYS_AGO = NOW - 5 * 86400
SOURCE = Source(name="paper", url="https://paper.example/")
WELL = SourceStats(urls=5, last_success=NOW, last_fetched=NOW)
ILL: list[tuple[SourceStats, Stored]] = [
    (SourceStats(urls=5, last_fetched=NOW, reasons={"dns": 5}), Stored()),
    (SourceStats(urls=5, reasons={"robots-unreachable": 5}), Stored()),
    (SourceStats(urls=5, reasons={"robots-unreachable": 4, "private-address": 1}), Stored()),
    (SourceStats(urls=5, reasons={"robots": 5}), Stored()),
    (SourceStats(urls=5, last_success=DAYS_AGO, last_fetched=NOW, reasons={"robots-unreachable": 5}), Stored()),
    (SourceStats(urls=5, last_success=NOW, listing_failures=3, listing_reasons={"timeout": 1}), Stored()),
    (WELL, Stored(readings=Readings(9, 9, {"listing": 9}, "https://paper.example/shop"))),
    (WELL, Stored(articles=9, silence=Silence(9e5, 9e3, 2e5))),
]


def test_a_site_in_ones_own_network_is_told_from_one_that_is_down(tmp_path: Path) -> None:
    archive = new_archive(tmp_path / "archive", {"mine": "http://127.0.0.1:9/"})
    refused = archive.run("crawl", "--jobs", "1", code=3).err
    assert "leads into this machine's own network: `morgue crawl --allow-private`" in refused
    down = new_archive(tmp_path / "down", {"mine": "http://127.0.0.1:9/"}).run("crawl", "--allow-private", code=3).err
    assert "its robots.txt cannot be had" in down


def test_every_complaint_of_status_has_its_line_in_the_table() -> None:
    rows = re.findall(r"(?m)^\| `(.+?)` \| (.+) \|$", section("When a source is ill"))
    patterns = [re.escape(words).replace("…", ".+?") for words, _ in rows]
    told = [problem_of(SOURCE, stats, stored, NOW) or "" for stats, stored in ILL]
    found = [[number for number, pattern in enumerate(patterns) if re.match(pattern, said)] for said in told]
    assert sorted(map(tuple, found)) == [(number,) for number in range(len(rows))], list(zip(told, found, strict=True))
    for said in told[:3] + told[4:]:
        lines = re.findall(r"`(morgue [^`]+)`", said)
        assert [wrong(line) for line in lines] == [None]
