#!/usr/bin/env python3
"""A simulated month: pages appear on real sites half-day by half-day, and a crawl follows each time.

    MORGUE_CORPUS=… scripts/bench/crawl_month.py [--runs 60] [--hosts 40] [--hours 12] [--read] [--json FILE]

Before each crawl the replay server shows the next share of the pages of the hosts that have most, by their dates. Told are: how
many runs it took until each page was captured (0: the run in which it appeared), requests per new page, the share of
answers 304, bytes, requests by role. MORGUE_NOW goes on by --hours from run to run. Exit code 1 if a page was captured
later than in the next run, or never.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from result import result  # noqa: E402

from tests.replay import Replay, manifest, replay_server, sources_toml  # noqa: E402 - the path comes first

START = datetime(2026, 3, 1, 6, tzinfo=UTC)  # after the date of every page
_OK = 200


@dataclass(slots=True)
class Month:
    """What the crawls of a month came to."""

    requests: list[int] = field(default_factory=list)  # per run
    roles: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    received: int = 0  # bytes, heads and bodies as on the wire
    sent_bodies: int = 0  # bytes of bodies, as the server counts them
    delays: Counter[int] = field(default_factory=Counter)  # runs from appearance to capture -> pages
    late: list[str] = field(default_factory=list)  # captured after the next run
    never: list[str] = field(default_factory=list)
    not_yet: int = 0  # appeared in the last run, and the next would have been soon enough
    articles: int | None = None  # None: nobody read the pages

    @property
    def pages(self) -> int:
        """Pages captured."""
        return sum(self.delays.values())

    def ratios(self) -> dict[str, float]:
        """Return what each new page cost, and the share of answers that said nothing new."""
        requests, pages = sum(self.requests), max(self.pages, 1)
        return {
            "requests a new page": requests / pages,
            "kB a new page": self.received / pages / 1000,
            "share of answers 304": self.statuses["304"] / max(requests, 1),
        }

    def told(self, runs: int, hosts: int) -> list[str]:
        """Return the figures as sentences."""
        requests = sum(self.requests)
        later = requests - self.requests[0]
        share = self.statuses["304"] / max(requests, 1)
        roles = ", ".join(f"{role} {number:,}" for role, number in self.roles.most_common())
        delays = ", ".join(f"{number:,} after {runs_later}" for runs_later, number in sorted(self.delays.items()))
        read = "" if self.articles is None else f", of which {self.articles:,} became articles"
        for_each = max(self.articles or self.pages, 1)
        return [
            (
                f"{runs} runs over {hosts} hosts: {requests:,} requests ({self.requests[0]:,} in the first run, "
                f"{later / max(runs - 1, 1):.0f} in each of the others), {self.received / 1e6:.1f} MB received"
            ),
            f"pages captured, by runs since they appeared: {delays}; late {len(self.late)}, never {len(self.never)}",
            f"{self.pages:,} new pages{read}; {requests / for_each:.1f} requests and {self.received / for_each / 1000:.0f} kB "
            + ("for each new page" if self.articles is None else "for each new article"),
            f"answers 304: {share:.1%}; statuses {dict(self.statuses.most_common())}",
            f"requests by role: {roles}",
        ]


def when(page: dict[str, Any]) -> datetime:
    """Return when the replay server shows a page: its date, else that of its capture."""
    for text in (page.get("date"), page.get("page_date"), page["revs"][0]["captured"]):
        if (found := _parsed(text)) is not None:
            return found
    return datetime(2020, 1, 1, tzinfo=UTC)


def _parsed(text: str | None) -> datetime | None:
    if not text:
        return None
    text = text.strip().replace(" ", "T", 1)
    for part in (text, text[:19], text[:10]):
        try:
            found = datetime.fromisoformat(part)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def morgue(archive: Path, *words: str, now: datetime) -> str:
    """Run a command and return what it printed."""
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "-a", str(archive), *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MORGUE_NOW": now.isoformat()}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(words)} ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def live(
    archive: Path, server: Replay, pages: Sequence[dict[str, Any]], shown: Sequence[datetime], step: timedelta
) -> Month:
    """Crawl once per date of `shown`, up to which the server then shows its pages."""
    month = Month()
    captured: dict[str, int] = {}  # id of a page -> first run that got it whole
    seen = 0
    for number, upto in enumerate(shown):
        server.control(f"set?upto={upto:%Y-%m-%dT%H:%M:%SZ}")
        out = morgue(archive, "crawl", "--no-ingest", "--proxy", server.proxy, "--json", now=START + number * step)
        report = json.loads(out)
        month.requests.append(report["requests"])
        month.roles.update(report["roles"])
        month.statuses.update(report["statuses"])
        month.received += report["bytes_received"]
        log = server.requests()
        for entry in log[seen:]:
            month.sent_bodies += entry["bytes"]
            if entry.get("id") and entry["status"] == _OK:
                captured.setdefault(str(entry["id"]), number)
        seen = len(log)
    for page in pages:
        appeared = next((number for number, upto in enumerate(shown) if when(page) <= upto), None)
        if appeared is None:
            continue
        got = captured.get(page["id"])
        if got is not None:
            month.delays[got - appeared] += 1
            if got > appeared + 1:
                month.late.append(f"{page['url']}: appeared in run {appeared}, captured in run {got}")
        elif appeared == len(shown) - 1:
            month.not_yet += 1
        else:
            month.never.append(f"{page['url']}: appeared in run {appeared}")
    return month


def articles(archive: Path, now: datetime) -> int:
    """Read what was crawled; return how many articles there are."""
    morgue(archive, "ingest", "--quiet", now=now)
    with closing(sqlite3.connect(archive / "archive.db")) as conn:
        found: int = conn.execute("SELECT count(*) FROM articles WHERE hidden = 0").fetchone()[0]
        return found


def run(corpus: Path, folder: Path, *, runs: int, hosts: int, step: timedelta, read: bool) -> Month:
    """Return what a month came to."""
    with replay_server(corpus, folder, "--scheme", "http", "--robots", "open", "--no-tls") as server:
        answer: dict[str, Any] = server.control(f"quantiles?n={runs}&hosts={hosts}")
        shown = [datetime.fromisoformat(each["upto"]) for each in answer["quantiles"]]
        if len(shown) < runs:
            sys.exit(
                f"the pages of {hosts} hosts have {len(shown)} different dates, too few for {runs} runs: take more hosts"
            )
        counts = Counter(str(page["host"]) for page in manifest(corpus))
        chosen = sorted(counts, key=lambda host: (-counts[host], host))[:hosts]
        pages: list[dict[str, Any]] = [dict(page) for page in manifest(corpus) if page["host"] in chosen]
        morgue(folder / "archive", "init", now=START)
        (folder / "archive" / "sources.toml").write_text(sources_toml(chosen), encoding="utf-8")
        month = live(folder / "archive", server, pages, shown, step)
    if read:
        month.articles = articles(folder / "archive", START + len(shown) * step)
    return month


def main() -> int:
    """Run the month and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--hosts", type=int, default=40)
    parser.add_argument("--hours", type=float, default=12.0)
    parser.add_argument("--read", action="store_true", help="read the pages afterwards, and count articles")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave it")
    options = parser.parse_args()
    where = os.environ.get("MORGUE_CORPUS")
    if not where:
        print("MORGUE_CORPUS is not set: this bench needs the corpus of real pages")
        return 1
    with tempfile.TemporaryDirectory(prefix="morgue-month-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        step = timedelta(hours=options.hours)
        month = run(Path(where), folder, runs=options.runs, hosts=options.hosts, step=step, read=options.read)
    print("\n".join(month.told(options.runs, options.hosts)))
    for page in [*month.late, *month.never]:
        print(f"  {page}")
    if options.json:
        figures = {name: getattr(month, name) for name in month.__slots__}
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    result(
        {"pages later than the next run": len(month.late), "pages never captured": len(month.never), **month.ratios()}
    )
    return 1 if month.late or month.never else 0


if __name__ == "__main__":
    sys.exit(main())
