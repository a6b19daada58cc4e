#!/usr/bin/env python3
"""Take 20 articles down and look for them in every byte; crawl and rebuild again; then kill -9 takedowns and finish them.

Usage: scripts/check-long.d/takedown.py [KILLS] [SEED] [HOSTS]

Real pages of many hosts, so MORGUE_CORPUS must be set.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kill_web import Web, corpus_web  # noqa: E402 - the path comes first

from tests.line import Archive, dump, environment  # noqa: E402
from tests.takedown_kit import Secret, faults, records, secret_of, still_there  # noqa: E402

ARTICLES = 20
WORDS = ("--reason", "other", "--reference", "check", "--jobs", "1", "--json", "--quiet")
TABLES = ("articles", "revisions", "stories", "links", "aliases", "captures", "discoveries")
_ALONE = (
    "SELECT a.id FROM articles a JOIN stories s ON s.pk = a.story WHERE s.members = 1 AND a.hidden = 0"
    " AND a.word_count BETWEEN 150 AND 2000 ORDER BY a.id"
)


def made(web: Web, folder: Path) -> Archive:
    """Crawl a web into a new archive."""
    archive = Archive(folder, now="2026-05-20T22:05:00Z")
    archive.run("init", folder)
    (folder / "sources.toml").write_text(web.sources, encoding="utf-8")
    crawl(archive, web, "2026-05-20T22:05:00Z")
    return archive


def patiently(archive: Archive, *words: str, now: str) -> None:
    """Run a command, however long it takes; a source that is ill is no failure here."""
    process = archive.start(*words, "--quiet", "--jobs", "2", now=now)
    _, err = process.communicate(timeout=1800)
    if process.returncode not in (0, 3):
        sys.exit(f"{words} ended with {process.returncode}: {err}")


def crawl(archive: Archive, web: Web, now: str, *more: str) -> None:
    """Crawl what is due."""
    patiently(archive, "crawl", *web.options, *more, now=now)


def check(archive: Archive, secrets: list[Secret], when: str) -> None:
    """End with what is still there, or with rows and files that do not fit."""
    wrong = [*still_there(archive.path, secrets), *faults(archive.path)]
    if wrong:
        sys.exit(f"{when}: {len(wrong)} places\n" + "\n".join(wrong[:40]))
    print(f"{when}: nothing is left, and rows fit the files", flush=True)


def chosen(archive: Archive, chance: random.Random) -> list[Secret]:
    """Return articles without copies, of which three phrases stand nowhere else."""
    names = [str(row["id"]) for row in archive.rows(_ALONE)]
    chance.shuffle(names)
    secrets: list[Secret] = []
    for name in names:
        secret = secret_of(archive.path, name)
        if len(secret.phrases) == 3:
            secrets.append(secret)
        if len(secrets) == ARTICLES:
            break
    return secrets


def promise(archive: Archive, web: Web, chance: random.Random) -> None:
    """Take articles down, one after the other, and look for them now, after a crawl and after both rebuilds."""
    secrets = chosen(archive, chance)
    before = records(archive.path)
    counts: dict[str, int] = {}
    spent = []
    for secret in secrets:
        began = time.monotonic()
        done = archive.run("takedown", secret.url, *WORDS, code=0).json
        spent.append(time.monotonic() - began)
        for name, number in done["records"].items():
            counts[name] = counts.get(name, 0) + number
    after = records(archive.path)
    other = [name for name, record in after.items() if record != before[name] and b"Morgue-Redacted" not in record]
    print(
        f"{len(secrets)} articles of {len(before):,} records taken down: {counts}; {len(before) - len(after)} records went, "
        f"{len(other)} others changed (facts), {sum(spent) / len(spent):.1f} s each, {max(spent):.1f} s at most",
        flush=True,
    )
    check(archive, secrets, "after the takedowns")
    crawl(archive, web, "2026-05-21T22:20:00Z", "--due", "all")
    check(archive, secrets, "after a new crawl of all")
    tables = dump(archive, *TABLES)
    patiently(archive, "rebuild", now="2026-05-21T23:00:00Z")
    again = dump(archive, *TABLES)
    differ = {name: len(set(rows) ^ set(again[name])) for name, rows in tables.items() if rows != again[name]}
    print(f"rebuilt: rows that differ {differ or 'none'}", flush=True)
    patiently(archive, "rebuild", "--frontier", now="2026-05-21T23:00:00Z")
    check(archive, secrets, "after both rebuilds")


def killed(archive: Archive, name: str, at: int, seconds: float | None) -> subprocess.CompletedProcess[str] | None:
    """Run a takedown that dies at a step, or after some seconds (then it returns None)."""
    tool = [sys.executable, str(ROOT / "tests" / "takedown_kill.py"), str(at)]
    process = subprocess.Popen(
        [*tool, "-a", str(archive.path), "takedown", name, *WORDS],
        env=environment(archive.now),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return None
    return subprocess.CompletedProcess(tool, process.returncode, out, err)


def kills(archive: Archive, folder: Path, number: int, chance: random.Random) -> None:
    """Kill takedowns at random steps and moments; each is finished by the same command and then compared with a calm one."""
    secret = chosen(archive, chance)[0]
    calm = archive.copy(folder / "calm")
    began = time.monotonic()
    told = killed(calm, secret.url, 0, None)
    took = time.monotonic() - began
    if told is None or told.returncode:
        sys.exit(f"a takedown failed: {told}")
    steps = int(told.stderr.split("steps: ")[1].split()[0])
    wanted, hashes = dump(calm, *TABLES), json.loads(told.stdout)["hashes"]
    died = unfinished = 0
    for round_ in range(number):
        work = archive.copy(folder / "work")
        for _ in range(chance.choice((1, 1, 2))):  # sometimes the one that finishes is killed, too
            by_step = chance.random() < 0.6
            at, seconds = (chance.randint(1, steps), None) if by_step else (0, chance.uniform(0.3, took))
            ended = killed(work, secret.url, at, seconds)
            died += ended is None or ended.returncode == -signal.SIGKILL
            unfinished += (work.path / "takedown.pending").exists()
        done = work.run("takedown", secret.url, *WORDS, code=0).json
        wrong = [*still_there(work.path, [secret]), *faults(work.path)]
        if (
            wrong
            or dump(work, *TABLES) != wanted
            or done["hashes"] != hashes
            or (work.path / "takedown.pending").exists()
        ):
            sys.exit(
                f"kill {round_ + 1} (step {at}, {seconds} s): {wrong[:20] or 'another archive than without a kill'}"
            )
        shutil.rmtree(work.path)
    print(
        f"{number} rounds, {died} kills at {steps} steps or random moments, {unfinished} left a note: all finished",
        flush=True,
    )


def main() -> None:
    """Run it."""
    corpus = os.environ.get("MORGUE_CORPUS")
    if not corpus:
        sys.exit("MORGUE_CORPUS is not set: this check crawls its pages")
    number, seed, hosts = ([int(word) for word in sys.argv[1:]] + [100, int(time.time()), 40][len(sys.argv) - 1 :])[:3]
    print(f"{ARTICLES} articles of {hosts} hosts, {number} rounds of kills, seed {seed}", flush=True)
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with corpus_web(Path(corpus), folder, hosts=hosts, latency=0.0) as web:
            archive = made(web, folder / "archive")
            small = archive.copy(folder / "small")
            promise(archive, web, chance)
        kills(small, folder, number, chance)


if __name__ == "__main__":
    main()
