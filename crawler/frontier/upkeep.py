"""What concerns many URLs at once: the sources, `--due all`, the numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from archive.errors import UrlError
from archive.model import Role
from crawler.frontier.core import Core
from crawler.frontier.records import SourceLike, Stats
from crawler.frontier.scheduler import SourceState
from crawler.frontier.schema import DONE, READY, WAITING

_CHUNK = 20_000


def sync_sources(core: Core, sources: Sequence[SourceLike]) -> None:
    """Write the table of sources; move a source's URLs where its politeness key changed, or its name."""
    before = {name: state.key for name, state in core.sources.items()}
    rows = []
    for source in sources:
        try:
            domain = core.domain_of(source.url)
        except UrlError:
            continue
        wants = json.dumps([list(source.include), list(source.exclude)])
        rows.append(
            (source.name, source.url, domain, source.politeness_key, source.delay, int(source.enabled),
             source.pages_per_day, wants)
        )  # fmt: skip
    with core.writing():
        core.conn.execute("UPDATE sources SET enabled = 0")
        changed = _wants_other_pages(core, {row[0]: row[7] for row in rows})
        core.conn.executemany(
            "INSERT INTO sources(name, url, domain, key, delay, enabled, pages_per_day, wants) VALUES(?,?,?,?,?,?,?,?)"
            " ON CONFLICT(name) DO UPDATE SET url = excluded.url, domain = excluded.domain, key = excluded.key,"
            " delay = excluded.delay, enabled = excluded.enabled, pages_per_day = excluded.pages_per_day,"
            " wants = excluded.wants",
            rows,
        )
        for name in changed:
            _read_listings_again(core, name)
        for row in rows:
            if row[0] in before and before[row[0]] != row[3]:
                core.sources[row[0]].key = row[3]
                _move(core, row[0], row[0])
        _hand_over(core, rows)
    with core.reading():
        core.load()


def _wants_other_pages(core: Core, wants: Mapping[str, str]) -> list[str]:
    """Return the names of sources whose include or exclude patterns are not those that their listings were read with."""
    before = core.conn.execute("SELECT name, wants FROM sources WHERE wants IS NOT NULL")
    return [name for name, pattern in before if name in wants and wants[name] != pattern]


def _read_listings_again(core: Core, name: str) -> None:
    """Let a source's listings be fetched whole at their next visit, at once: a 304 would hide what is wanted now."""
    core.conn.execute(
        "UPDATE urls SET etag = NULL, last_modified = NULL, state = CASE state WHEN ? THEN ? ELSE state END"
        " WHERE role IN ('home', 'section', 'feed', 'sitemap') AND queue IN (SELECT id FROM queues WHERE source = ?)",
        (WAITING, READY, name),
    )


def _hand_over(
    core: Core, rows: Sequence[tuple[str, str, str, str | None, float | None, int, int | None, str]]
) -> None:
    """Give the URLs of sources that are gone to a new one of the same domain: a person renamed it, or added it anew.

    Otherwise they would stay with a name that is never leased for, the home page among them.
    """
    named = {row[0] for row in rows}
    gone = {state.domain: name for name, state in core.sources.items() if name not in named and state.domain}
    for name, _, domain, key, delay, enabled, pages, _ in rows:
        if name not in core.sources and domain in gone:
            core.sources[name] = SourceState(name, domain, key, delay, pages, enabled=bool(enabled))
            _move(core, gone.pop(domain), name)


def _move(core: Core, old: str, new: str) -> None:
    """Put every URL of a source under the name and politeness key it has now. Rare: a person changed sources.toml."""
    last = 0
    while rows := core.conn.execute(
        "SELECT u.id, u.url, u.queue FROM urls u JOIN queues q ON q.id = u.queue WHERE q.source = ? AND u.id > ?"
        " ORDER BY u.id LIMIT ?",
        (old, last, _CHUNK),
    ).fetchall():
        last = rows[-1][0]
        moved = [(queue.id, url_id) for url_id, url, now in rows if (queue := core.queue_for(url, new)).id != now]
        core.conn.executemany("UPDATE urls SET queue = ? WHERE id = ?", moved)


def make_all_due(core: Core, now: float) -> int:
    """Make what was ever kept due; a mark in `meta` lets the next opening undo it after a kill."""
    with core.writing():
        core.conn.execute("INSERT OR REPLACE INTO meta(name, value) VALUES('all-due', ?)", (str(now),))
        count = core.conn.execute(
            "UPDATE urls SET state = ? WHERE state <> ? AND captured_at IS NOT NULL AND role NOT IN ('robots', 'asset')",
            (READY, READY),
        ).rowcount
        for queue in core.queues.values():
            core.find_head(queue)
    core.scheduler.rebuild()
    core.tell()
    return count


def wake_past(core: Core, since: float | None, now: float) -> int:
    """Make the sitemaps of past periods due that end after `since` (epoch; None: all); return how many.

    Those found later in this run are due too. `since` is remembered: runs that come after, and go on where this one
    ended, leave out what is older too.
    """
    core.backfill = since or 0.0
    with core.writing():
        core.conn.execute("INSERT OR REPLACE INTO meta(name, value) VALUES('backfill-since', ?)", (str(core.backfill),))
        count = core.conn.execute(
            "UPDATE urls SET state = ?, next_at = ? WHERE past_until > ? AND state = ?",
            (READY, now, core.backfill, DONE),
        ).rowcount
        for queue in core.queues.values():
            core.find_head(queue)
    core.scheduler.rebuild()
    core.tell()
    return count


def backfill_since(core: Core) -> float | None:
    """Return how far back the last backfill goes (epoch), None if there was none or it has no limit."""
    with core.reading():
        row = core.conn.execute("SELECT value FROM meta WHERE name = 'backfill-since'").fetchone()
    return float(row[0]) or None if row else None


def end_all_due(core: Core, now: float) -> None:
    """Let URLs wait again that a `make_all_due` reached and the run did not; also after the clock was set back."""
    with core.reading():
        meta = dict(core.conn.execute("SELECT name, value FROM meta WHERE name IN ('all-due', 'now')"))
    if "all-due" not in meta and float(meta.get("now", "0")) <= now:
        return
    with core.writing():
        core.conn.execute(
            "UPDATE urls SET state = CASE WHEN next_at IS NULL THEN ? ELSE ? END"
            " WHERE state = ? AND (next_at IS NULL OR next_at > ?)",
            (DONE, WAITING, READY, now),
        )
        core.conn.execute("DELETE FROM meta WHERE name = 'all-due'")
        for queue in core.queues.values():
            core.find_head(queue)
    core.wake_at = 0.0
    core.scheduler.rebuild()


def ask_robots_again(core: Core) -> int:
    """Let each robots.txt expire whose rules are known, but whose exchange is not on the shelf; return how many.

    Rules hold as soon as they are read, so a kill may come between them and their record: then the record would be
    missing for a day, and with it, perhaps, the sitemaps that only this robots.txt names.
    """
    with core.writing():
        again = []
        for url, fetched_at in core.conn.execute("SELECT url, fetched_at FROM robots WHERE expires > 0"):
            row = core.conn.execute(
                "SELECT last_fetched FROM urls WHERE hash = ?", (core.hash_of(url, Role.ROBOTS),)
            ).fetchone()
            if row is not None and (row[0] is None or row[0] < fetched_at):
                again.append((url,))
        core.conn.executemany("UPDATE robots SET expires = 0 WHERE url = ?", again)
    core.robots.forget_cache()
    return len(again)


def stats(core: Core, now: float) -> Stats:
    """Count. Reads every row: for reports, not for loops."""
    with core.reading():
        ask = core.conn.execute
        states = dict(ask("SELECT state, count(*) FROM urls GROUP BY state").fetchall())
        overdue = ask("SELECT count(*) FROM urls WHERE state = ? AND next_at <= ?", (WAITING, now)).fetchone()[0]
        kept = ask("SELECT count(*) FROM urls WHERE captured_at IS NOT NULL").fetchone()[0]
        reasons = dict(
            ask("SELECT reason, count(*) FROM urls WHERE reason IS NOT NULL GROUP BY reason ORDER BY 2 DESC").fetchall()
        )
        sources = dict(
            ask("SELECT q.source, count(*) FROM urls u JOIN queues q ON q.id = u.queue GROUP BY q.source").fetchall()
        )
    return Stats(
        urls=sum(states.values()),
        due=states.get(READY, 0) + overdue,
        waiting=states.get(WAITING, 0) - overdue,
        done=states.get(DONE, 0),
        leased=len(core.held),
        kept=kept,
        reasons=reasons,
        sources=sources,
    )
