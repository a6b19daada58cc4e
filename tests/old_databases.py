"""Databases as earlier versions left them: tests/databases/ has one of each, as SQL text, all of the same small shelf.

    python -m tests.old_databases shelf DIR         write the shelf that they are made of into DIR/warc
    python -m tests.old_databases dump FILE.db      print a database as SQL that makes it again

To add the version that a new migration ends: check out the commit before it, and with that code, in a folder with the shelf
of tests/databases/, run `morgue rebuild` and `morgue rebuild --frontier`; then dump both databases with today's code. An old
dump is never made anew.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.model import DiscoveryFact, Exchange, Role, Via
from archive.warc import NOT_MODIFIED, RevisitOf, WarcWriter, sha1_digest

FOLDER = Path(__file__).parent / "databases"
SHELF = FOLDER / "morgue-20260501060000-0of1-old.warc.gz"
T0 = datetime(2026, 5, 1, 6, tzinfo=UTC)
HARBOUR = (
    "The harbour of Westhaven opens again on Monday, eleven weeks after a storm broke its outer wall.",
    "Ferries to the islands will sail twice a day at first, harbour master Ada Brink told the council, and hourly from June.",
    "Divers found the old piles whole, so that the repair cost two million less than the council had set aside for it.",
    "Fishermen had to land their catch at Norburg, forty miles up the coast, and some of them sold their boats in March.",
)
WAGES = (
    "Bus drivers of the northern towns end their strike tonight, after the transport board offered them five per cent more.",
    "The union had asked for eight, and its members vote on the offer until the end of the month, said speaker Tom Reyes.",
    "Schools had closed early on four days because pupils could not get home, and shops told of half their usual custom.",
    "The board will pay for it with higher fares from autumn on, which the towns must still agree to at their meeting.",
)
PORT = (
    "港口在风暴过后十一周重新开放,外墙已经修复完毕。",
    "港务局长表示,渡轮起初每天往返岛屿两次,六月起每小时一班。",
    "潜水员发现旧桩完好无损,因此维修费用比市议会预留的少两百万。",
    "渔民曾不得不把渔获运到沿海四十英里外的港口,有些人在三月卖掉了船。",
)


class _Hand:
    """A clock that is set."""

    when = T0

    def now(self) -> datetime:
        return self.when

    def monotonic(self) -> float:
        return self.when.timestamp()

    def real(self) -> float:
        return self.when.timestamp()


def page(title: str, paragraphs: tuple[str, ...], *, language: str = "en", head: str = "") -> bytes:
    """Return a page of a paper."""
    text = "".join(f"<p>{line}</p>" for line in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="og:type" content="article">'
        f'<meta property="article:published_time" content="2026-04-30T18:00:00+02:00">{head}</head><body>'
        f"<header><a href='/'>Home</a> <a href='/news/'>News</a></header><article><h1>{title}</h1>"
        f"<p class='byline'>By Ada Brink</p>{text}</article><footer>All rights reserved</footer></body></html>"
    ).encode()


def write_shelf(warc: Path) -> None:
    """Write the one file: articles of two papers, a copy, an edit, a 304, a page that is none, one that opts out, facts."""
    clock, numbers = _Hand(), itertools.count(1)
    paper, other = "https://paper.example", "https://other.example"
    harbour = page("Harbour opens again", HARBOUR)
    edited = page("Harbour opens again", (*HARBOUR[:3], "Nobody sold a boat, the paper says now, and asks for pardon."))
    opted_out = page("Bus drivers end strike", WAGES, head='<meta name="robots" content="noarchive">')
    pages: tuple[tuple[str, str, bytes], ...] = (
        ("paper", f"{paper}/2026/04/30/harbour-opens-again", harbour),
        ("other", f"{other}/news/harbour-opens-again.html", harbour.replace(b"Harbour opens again", b"Westhaven open")),
        ("paper", f"{paper}/2026/04/30/bus-drivers-end-strike", opted_out),
        ("other", f"{other}/zh/1.html", page("港口重新开放", PORT, language="zh")),
        ("paper", f"{paper}/2026/04/30/harbour-opens-again", edited),
        ("paper", f"{paper}/search", b"<html><title>Search</title><form><input name=q></form></html>"),
    )
    with WarcWriter(
        warc,
        clock=clock,
        run_id="old",
        software="Morgue/0",
        max_bytes=1,
        new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}",
    ) as out:
        for number, (source, url, body) in enumerate(pages):
            clock.when = T0 + timedelta(minutes=number)
            fact = DiscoveryFact(url=url, via=Via.FEED, found_on=url.rsplit("/", 1)[0] + "/feed", seen_at=clock.when)
            out.append_exchange(_exchange(url, clock.when, body), source=source, role=Role.PAGE, facts=[fact])
        clock.when += timedelta(days=1) - timedelta(minutes=number, hours=2)
        again = RevisitOf(
            url=pages[1][1],
            captured_at=T0 + timedelta(minutes=1),
            digest=sha1_digest(pages[1][2]),
            profile=NOT_MODIFIED,
        )
        same = _exchange(pages[1][1], clock.when, b"", b"HTTP/1.1 304 Not Modified\r\n\r\n")
        out.append_exchange(same, source="other", role=Role.PAGE, revisit_of=again)
        later = DiscoveryFact(url=pages[3][1], via=Via.NEWS_SITEMAP, found_on=f"{other}/n.xml", seen_at=clock.when)
        out.append_facts([later], source="other")


def _exchange(url: str, when: datetime, body: bytes, head: bytes | None = None) -> Exchange:
    etag = sha1_digest(body)[5:13].encode()
    usual = b'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nETag: "' + etag + b'"\r\n\r\n'
    request = f"GET /{url.split('/', 3)[3]} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\n\r\n".encode()
    return Exchange(
        url=url,
        started_at=when,
        request_head=request,
        response_head=head or usual,
        body=body,
        peer="192.0.2.7",
        seconds=0.1,
    )


def dump(path: Path) -> Iterator[str]:
    """Yield the statements that make a database again. FTS5's own tables come from its texts."""
    with closing(sqlite3.connect(path)) as conn:
        objects = conn.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
            " ORDER BY type = 'trigger', rowid"
        ).fetchall()
        version = conn.execute("PRAGMA user_version").fetchone()[0]
        virtual = [name for _, name, sql in objects if sql.startswith("CREATE VIRTUAL")]
        objects = [
            one
            for one in objects
            if not one[1].startswith(tuple(f"{name}_" for name in virtual)) or one[0] == "trigger"
        ]
        yield "PRAGMA foreign_keys = OFF;\nBEGIN;"
        for kind, _, sql in objects:
            if kind != "trigger":
                yield f"{sql};"
        for kind, name, sql in objects:
            if kind == "table" and not sql.startswith("CREATE VIRTUAL"):
                yield from _rows(conn, name)
        for name in virtual:
            yield f"INSERT INTO {name}({name}, rank) VALUES ('rank', 'bm25(5.0, 1.0)');"  # noqa: S608 - a table's name
            yield f"INSERT INTO {name}({name}) VALUES ('rebuild');"  # noqa: S608 - a table's name
        for kind, _, sql in objects:
            if kind == "trigger":
                yield f"{sql};"
        yield f"PRAGMA user_version = {version};\nCOMMIT;"


def _rows(conn: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = [row[1] for row in conn.execute(f'PRAGMA table_info("{table}")')]
    quoted = " || ', ' || ".join(f'quote("{name}")' for name in columns)
    for (values,) in conn.execute(f'SELECT {quoted} FROM "{table}"'):  # noqa: S608 - a table's own names
        yield f'INSERT INTO "{table}" VALUES ({values});'  # noqa: S608 - as SQLite quotes them


def restored(name: str, path: Path) -> Path:
    """Make a database of tests/databases/ again, at `path`."""
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript((FOLDER / name).read_text(encoding="utf-8"))
    return path


def shelve(folder: Path) -> None:
    """Put the shelf of the old databases into an archive."""
    (folder / "warc").mkdir(exist_ok=True)
    shutil.copy2(SHELF, folder / "warc")


if __name__ == "__main__":
    if sys.argv[1] == "shelf":
        write_shelf(Path(sys.argv[2]) / "warc")
    else:
        sys.stdout.writelines(f"{line}\n" for line in dump(Path(sys.argv[2])))
