"""The crawler's part of `morgue fsck`: crawl.db, the files that are still `.open`, and what is asked again after a loss."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta

from archive.clock import Clock
from archive.decisions import MERGED, read_decisions
from archive.errors import DecisionsError, SchemaTooNewError
from archive.folder import ArchiveFolder
from archive.fsck.database import messages
from archive.fsck.faults import Fault, Level
from archive.fsck.look import open_read_only
from archive.warc import OPEN_SUFFIX, WarcWriter, parse_own_name, warc_files
from crawler.floor import ingested_floor
from crawler.frontier.schema import WAITING, open_database, refuse_newer, unusable

_SEALED_AFTER = timedelta(hours=24)  # as WarcWriter does
_BEGUN = 60.0  # real seconds: within one, a crawl notes a file that it begins; on a busy machine within some
_AT_WORK = 600.0  # real seconds since the last byte: longer, and no crawl has the file
_FORGET = (
    "UPDATE urls SET etag = NULL, last_modified = NULL, payload_digest = NULL, captured_at = NULL, captured_url = NULL,"
    " state = CASE WHEN role = 'robots' THEN state ELSE ? END, next_at = CASE WHEN role = 'robots' THEN next_at ELSE ? END"
    " WHERE captured_at IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM temp.lost l WHERE l.url = captured_url AND l.at = captured_at)"
)


class FrontierChecks:
    """Looks at crawl.db, and mends what is asked. `alone`: both locks are held, so that nothing is being written."""

    def __init__(self, folder: ArchiveFolder, clock: Clock, *, alone: bool = False) -> None:
        self._folder = folder
        self._clock = clock
        self._alone = alone

    def durable(self) -> dict[str, int]:
        """Return how far (bytes) each WARC file is known to be whole; nothing without a crawl.db that can be read."""
        try:
            with closing(open_read_only(self._folder.crawl_db)) as conn:
                return {str(name): int(length) for name, length in conn.execute("SELECT name, length FROM warcs")}
        except sqlite3.Error:
            return {}

    def faults(self, level: Level) -> list[Fault]:
        """Return what is wrong with crawl.db and with files that are still `.open`. Raises `SchemaTooNewError`."""
        open_files = [path for path in warc_files(self._folder.warc) if path.name.endswith(OPEN_SUFFIX)]
        found = self._database(level, any_files=any(parse_own_name(p.name) for p in warc_files(self._folder.warc)))
        known = self.durable()
        for path in open_files:
            begun = parse_own_name(path.name)
            name = path.name.removesuffix(OPEN_SUFFIX)
            try:
                idle = time.time() - path.stat().st_mtime  # of the file system, whatever MORGUE_NOW says
            except FileNotFoundError:  # sealed meanwhile
                continue
            if begun is None:
                continue
            age = self._clock.now() - begun.begun_at
            if name not in known and (self._alone or idle > _BEGUN) and self._folder.crawl_db.exists():
                found.append(
                    Fault(kind="open-unknown", what="crawl.db does not know this file", file=f"warc/{path.name}")
                )
            elif age >= _SEALED_AFTER and (self._alone or idle > _AT_WORK):
                hours = int(age.total_seconds() // 3600)
                what = f"it is still open after {hours:,} hours"
                found.append(Fault(kind="open-old", what=what, file=f"warc/{path.name}"))
        return found

    def _is_merged(self) -> bool:
        """Return whether the files are those of other archives' crawls, which a merge brought."""
        try:
            return any(line.kind == MERGED for line in read_decisions(self._folder.decisions))
        except DecisionsError:
            return False

    def _database(self, level: Level, *, any_files: bool) -> list[Fault]:
        path = self._folder.crawl_db
        if not path.exists() and self._is_merged():
            return []
        if not path.exists():
            what = "it is not there, though there are files of crawls"
            return [Fault(kind="frontier", what=what, file=path.name)] if any_files else []
        try:
            with closing(open_read_only(path)) as conn:
                refuse_newer(conn, path)
                found = messages(conn, full=level >= Level.FULL)
        except SchemaTooNewError:
            raise
        except sqlite3.Error as error:
            found = [str(error)]
        return [Fault(kind="frontier", what=f"SQLite finds: {message}", file=path.name) for message in found]

    def forget(self, lost: Iterable[tuple[str, datetime]]) -> int:
        """Let the next crawl fetch these captures' pages whole: drop their validators, and make them due.

        `lost`: address as requested and time (aware) of each. Returns how many addresses of crawl.db that were. The caller
        holds crawl.lock. Raises `DatabaseError`.
        """
        if not self._folder.crawl_db.exists():
            return 0
        path = self._folder.crawl_db
        with closing(open_database(path)) as conn:
            try:
                conn.execute("CREATE TEMP TABLE lost (url, at, PRIMARY KEY (url, at)) WITHOUT ROWID")
                conn.execute("BEGIN IMMEDIATE")
                rows = ((url, at.isoformat()) for url, at in lost)
                conn.executemany("INSERT OR IGNORE INTO lost VALUES (?, ?)", rows)
                done = conn.execute(_FORGET, (WAITING, self._clock.now().timestamp())).rowcount
                conn.execute("COMMIT")
            except sqlite3.Error as error:
                raise unusable(path, error) from error
        return done

    def seal(self) -> list[str]:
        """Cut the torn tails of `.open` files, as the next crawl would, and seal them; returns their names.

        Nothing is cut that archive.db or crawl.db knows. The caller holds crawl.lock. Raises `ShelfError`.
        """
        durable, ingested = self.durable(), ingested_floor(self._folder.archive_db)
        before = {p.name: p for p in warc_files(self._folder.warc) if p.name.endswith(OPEN_SUFFIX)}
        shards = {own.shard for name in before if (own := parse_own_name(name)) is not None}
        for shard in sorted(shards):
            WarcWriter(
                self._folder.warc,
                shard=shard,
                clock=self._clock,
                run_id="fsck",
                software="",
                max_age=timedelta(0),
                floor=lambda name: max(ingested(name), durable.get(name, 0)),
            ).close()
        return [name for name, path in sorted(before.items()) if not path.exists()]
