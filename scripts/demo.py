"""What `scripts/demo` shows: two days in the life of an archive of four small papers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = ROOT / "demo-archive"
MORGUE = Path(sys.executable).with_name("morgue")
PORT = 8871  # the papers answer here on 127.0.0.11 to .14, or on any free port if it is taken
EVENING_1, EVENING_2, EVENING_3 = "2026-05-20T22:05:00Z", "2026-05-21T22:05:00Z", "2026-05-22T22:05:00Z"
CORRECTED = "news/2026/05/20/library-budget-vote"  # the Courier corrects a number in it on day 2


class DemoError(Exception):
    """A step of the demo went wrong; the message says which."""


def say(text: str) -> None:
    """Print a short explanation."""
    print("\n" + textwrap.fill(" ".join(text.split()), 100, break_on_hyphens=False), flush=True)


def show_command(words: str) -> None:
    """Print a command as one would type it."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}$ {words}{plain}", flush=True)


@dataclass(frozen=True, slots=True)
class Papers:
    """The papers being served: base URLs by name, and where their server takes orders."""

    sites: dict[str, str]
    control: str

    def set_day(self, day: int) -> None:
        """Let the papers publish that day's issue."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not know our loopback
        with opener.open(f"{self.control}day?n={day}", timeout=10) as answer:
            answer.read()


@contextlib.contextmanager
def papers_served() -> Iterator[Papers]:
    """Serve the papers until the block ends; they also stop by themselves when this process is gone."""
    for port in (PORT, 0):
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.site", "--port", str(port), "--until-stdin-closes"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if port else None,
            text=True,
        )
        line = server.stdout.readline() if server.stdout else ""
        if line:
            break
        server.wait()
    else:
        raise DemoError("the papers' server did not start; try `.venv/bin/python -m tests.site` to see why")
    try:
        told = json.loads(line)
        yield Papers(told["sites"], told["control"])
    finally:
        server.terminate()
        server.communicate(timeout=10)


def typed(words: Iterable[str]) -> str:
    """Return a command line as a person would quote it."""
    return " ".join(f'"{w}"' if "'" in w and not set(w) & set('"$`\\!') else shlex.quote(w) for w in words)


def morgue(*words: str, now: str | None = None, accept: tuple[int, ...] = (0,)) -> None:
    """Show a command, run it, and raise `DemoError` if it ends in another way than `accept` says."""
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and k != "MORGUE_ARCHIVE"}
    if now:
        environment["MORGUE_NOW"] = now
    show_command((f"MORGUE_NOW={now} " if now else "") + typed(["morgue", *words]))
    status = subprocess.run([MORGUE, *words], cwd=ROOT, env=environment, check=False).returncode
    if status not in accept:
        raise DemoError(f"`{shlex.join(['morgue', *words])}` ended with exit code {status}")


def in_archive(*words: str, now: str | None = None, accept: tuple[int, ...] = (0,)) -> None:
    """Run a command on the demo's archive."""
    morgue("-a", ARCHIVE.name, *words, now=now, accept=accept)


def fresh_folder() -> None:
    """Remove the archive of an earlier demo, and only that."""
    if not ARCHIVE.exists():
        return
    if ARCHIVE.is_symlink() or not ARCHIVE.is_dir():
        raise DemoError(f"{ARCHIVE} is not a folder that a demo made; move it away and try again")
    print(f"demo: removing {ARCHIVE.name}/ of an earlier demo", flush=True)
    shutil.rmtree(ARCHIVE)


def no_pause(bases: list[str]) -> None:
    """Write `delay = 0` beside the URLs of the papers that are to be asked without a pause."""
    path = ARCHIVE / "sources.toml"
    text = path.read_text(encoding="utf-8")
    for base in bases:
        text = re.sub(rf'(?m)^(url\s*=\s*"{re.escape(base.rstrip("/"))}/?".*)$', r"\1\ndelay = 0", text)
    path.write_text(text, encoding="utf-8")


def first_evening(papers: Papers) -> None:
    """Make the archive, add the sources, crawl, search, show."""
    say("An archive is one folder. This makes it, with a commented sources.toml:")
    morgue("init", ARCHIVE.name, now=EVENING_1)

    say("""
        A source needs no more than its address: feeds, sitemaps and sections are found from there. --allow-private is
        for this demo: without it Morgue refuses to fetch from your own machine or network.
        """)
    in_archive("sources", "add", "--allow-private", *papers.sites.values(), now=EVENING_1)

    say("""
        sources.toml is yours to edit. Three of the papers can do without a pause between two requests: the demo writes
        `delay = 0` there. The fourth asks in its robots.txt for one second (Crawl-delay), and gets it: that is why the
        crawl takes a while.
        """)
    no_pause([url for name, url in papers.sites.items() if name != "shiori"])
    in_archive("sources", "list")

    say("""
        Now the crawl. What is fetched is kept byte for byte in demo-archive/warc/; beside it, articles are taken out of
        the pages as they come in. (MORGUE_NOW sets the clock: the papers are of 20 May 2026.)
        """)
    in_archive("crawl", "--allow-private", "--budget", "5m", now=EVENING_1)

    say("""
        Search, in any script. The Courier printed the story of the tide mill in two sections: copies of one story are
        one hit. Three of the papers carry the same agency report on a treaty, each under a headline of its own.
        """)
    in_archive("search", "tide mill")
    in_archive("search", "trawling Hollow Banks")
    in_archive("search", "灯台")
    in_archive("search", "السفن", "--limit", "3")
    in_archive("search", "ferry", "--language", "en", "--sort", "newest")

    say("One article, without the cookie notice, the newsletter box and the call for comments that stood around it:")
    in_archive("show", papers.sites["courier"] + CORRECTED)


def second_evening(papers: Papers) -> None:
    """Let a day pass; show what an incremental run does, the health of the sources, and SQL."""
    papers.set_day(2)
    say("""
        A day passes: six new articles, one number corrected, one headline changed, one article withdrawn, and one page
        whose side column alone is new. The same command again asks only for what is due, and where it has a page
        already, mostly hears `304 Not Modified`:
        """)
    in_archive("crawl", "--allow-private", "--budget", "5m", now=EVENING_2)

    say("The article from above has a second version now, and both are kept:")
    in_archive("show", papers.sites["courier"] + CORRECTED)
    in_archive("diff", papers.sites["courier"] + CORRECTED)

    say("How the sources are:")
    in_archive("status", now=EVENING_2, accept=(0, 3))

    say("And whatever you want to know, in SQL (it cannot write). What is new, what was changed, what is gone:")
    in_archive(
        "sql",
        "SELECT substr(first_seen, 1, 10) AS seen, language, title FROM articles_view "
        "WHERE first_seen >= '2026-05-21' ORDER BY first_seen",
    )
    in_archive(
        "sql",
        "SELECT a.title, r.seq AS version, substr(r.seen_from, 1, 10) AS seen FROM revisions r "
        "JOIN articles a ON a.pk = r.article WHERE r.seq > 1 AND r.cause = 'publisher'",
    )
    in_archive("sql", "SELECT title, substr(gone_at, 1, 10) AS gone FROM articles WHERE gone_at IS NOT NULL")
    in_archive(
        "sql",
        "SELECT language, count(*) AS articles, sum(word_count) AS words FROM articles_view "
        "GROUP BY language ORDER BY articles DESC",
    )


def what_next(papers: Papers, seconds: float) -> None:
    """Say what to type now."""
    port = papers.sites["courier"].rstrip("/").rpartition(":")[2]
    print(f"""
demo: done in {seconds:.0f} seconds. The papers' server has stopped; the archive stays in {ARCHIVE.name}/. What next:

  source .venv/bin/activate
  morgue -a {ARCHIVE.name} serve                        # the archive in your browser
  morgue -a {ARCHIVE.name} search ferry --all --json    # for a program
  ls {ARCHIVE.name}/warc                                # what was sent, in the format of web archives

  python -m tests.site --port {port} --day 3 &         # a third day: one more article, one more correction
  MORGUE_NOW={EVENING_3} morgue -a {ARCHIVE.name} crawl --allow-private

  morgue init my-archive --contact mailto:you@paper.example    # your own
  morgue -a my-archive sources add https://www.paper.example/
  morgue -a my-archive crawl --budget 10m
""")


def main() -> int:
    """Run the demo. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped then, too
    started = time.monotonic()
    try:
        fresh_folder()
        say("Four small papers, written for this project, are now being served on this machine:")
        with papers_served() as papers:
            for name, url in papers.sites.items():
                print(f"  {name:8} {url}")
            first_evening(papers)
            second_evening(papers)
        what_next(papers, time.monotonic() - started)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; the papers' server was stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
