"""crawl.db: its tables, and how an older one becomes today's.

The columns serve three questions, each with its own index, at a million URLs on 5,000 hosts: is this URL known
(`urls.hash`), what is the best due URL of this queue (`urls_ready`), what has become due (`urls_waiting`). A *queue* is
the URLs of one source under one politeness key. Leases are not in here: they live in the process that holds crawl.lock
and die with it, so that a dead run's URLs are free again without anyone doing anything.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from archive.errors import DatabaseError, SchemaTooNewError

WAITING, READY, DONE = 0, 1, 2  # due later; due (or made due for this run); never again (or only on demand)

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE sources(
        name TEXT PRIMARY KEY, url TEXT NOT NULL, domain TEXT NOT NULL, key TEXT, delay REAL, enabled INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE queues(
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, source TEXT NOT NULL, UNIQUE(key, source)
    ) STRICT;
    CREATE TABLE urls(
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL,               -- first 16 bytes of SHA-256 of the URL key
        url TEXT NOT NULL,                -- spelling to fetch
        queue INTEGER NOT NULL,
        role TEXT NOT NULL,
        rank INTEGER NOT NULL,            -- 0 asked for by a person, 1 listings, 2 pages, 3 what pages show
        priority INTEGER NOT NULL,        -- epoch of publication or lastmod, else first seen: newest first
        state INTEGER NOT NULL,           -- 0 waiting, 1 due, 2 done
        next_at REAL,                     -- epoch of the archive's clock; NULL: never again
        hops INTEGER NOT NULL,
        depth INTEGER NOT NULL,
        first_seen REAL NOT NULL,
        last_fetched REAL,
        fetches INTEGER NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0,   -- in a row
        visits INTEGER NOT NULL DEFAULT 0,     -- that brought it whole, or "not modified"
        interval REAL,
        last_changed REAL,
        status INTEGER,                   -- of the last visit
        reason TEXT,                      -- of the last failure; NULL: the last visit was good
        etag TEXT,
        last_modified TEXT,
        payload_digest TEXT,              -- of the last whole body kept, with where a revisit record points
        captured_at TEXT,
        captured_url TEXT
    ) STRICT;
    CREATE UNIQUE INDEX urls_hash ON urls(hash);
    CREATE INDEX urls_ready ON urls(queue, rank, priority DESC) WHERE state = 1;
    CREATE INDEX urls_waiting ON urls(rank, next_at) WHERE state = 0;
    CREATE TABLE facts(
        url_id INTEGER NOT NULL, digest BLOB NOT NULL,
        fact TEXT,                        -- JSON; NULL once it is on the shelf
        PRIMARY KEY(url_id, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX facts_pending ON facts(url_id) WHERE fact IS NOT NULL;
    CREATE TABLE hosts(
        key TEXT PRIMARY KEY,
        not_before REAL NOT NULL,         -- real Unix time, whatever MORGUE_NOW says
        failures INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE robots(
        url TEXT PRIMARY KEY,             -- of the robots.txt
        fetched_at REAL NOT NULL, expires REAL NOT NULL,  -- epoch of the archive's clock
        status INTEGER,                   -- NULL: no answer
        failures INTEGER NOT NULL,
        moved_to TEXT,                    -- it redirects to that robots.txt
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE warcs(name TEXT PRIMARY KEY, length INTEGER NOT NULL) STRICT;
    CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    """,
    """
    ALTER TABLE urls ADD COLUMN past_until REAL;  -- of a sitemap of a past period: its end, epoch
    CREATE INDEX urls_past ON urls(past_until) WHERE past_until IS NOT NULL;
    ALTER TABLE hosts ADD COLUMN day INTEGER NOT NULL DEFAULT 0;    -- of the archive's clock, since 1970
    ALTER TABLE hosts ADD COLUMN pages INTEGER NOT NULL DEFAULT 0;  -- fetched on that day
    ALTER TABLE sources ADD COLUMN pages_per_day INTEGER;
    CREATE TABLE traps(source TEXT PRIMARY KEY, counts TEXT NOT NULL) STRICT;  -- JSON: kind of link -> how many were taken
    ALTER TABLE sources ADD COLUMN wants TEXT;                      -- its include and exclude patterns, when listings were read
    """,
)


# What the second migration has in addition to what it began as: the versions before the first release wrote both.
_SECOND = (
    ("hosts", "day", "ALTER TABLE hosts ADD COLUMN day INTEGER NOT NULL DEFAULT 0"),
    ("hosts", "pages", "ALTER TABLE hosts ADD COLUMN pages INTEGER NOT NULL DEFAULT 0"),
    ("sources", "pages_per_day", "ALTER TABLE sources ADD COLUMN pages_per_day INTEGER"),
    ("sources", "wants", "ALTER TABLE sources ADD COLUMN wants TEXT"),
    ("traps", "source", "CREATE TABLE traps(source TEXT PRIMARY KEY, counts TEXT NOT NULL) STRICT"),
)


def open_database(path: Path) -> sqlite3.Connection:
    """Open `path` (made if missing) for the one crawl, with the newest schema.

    Raises `SchemaTooNewError` if a newer Morgue wrote it, `DatabaseError` if it cannot be used.
    """
    try:
        conn = sqlite3.connect(path, isolation_level=None, timeout=30)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    try:
        conn.execute("PRAGMA journal_mode=WAL")
        # A commit survives kill -9; losing the last ones to a power cut only means to fetch those URLs again, because
        # the WARC file was synced before.
        conn.execute("PRAGMA synchronous=NORMAL")
        conn.execute("PRAGMA busy_timeout=30000")
        conn.execute("PRAGMA cache_size=-32768")
        # Completions touch rows all over the file: the longer the log, the more often a page is written back only once.
        conn.execute("PRAGMA wal_autocheckpoint=4000")
        conn.execute("PRAGMA temp_store=MEMORY")
        _migrate(conn, path)
    except sqlite3.Error as error:
        conn.close()
        raise unusable(path, error) from error
    except SchemaTooNewError:
        conn.close()
        raise
    return conn


def unusable(path: Path, error: sqlite3.Error) -> DatabaseError:
    """Return the error of our own tree for one of SQLite's."""
    return DatabaseError(
        f"{path} cannot be used: {error}. Look at the disk's free space and the file's rights; a broken crawl.db can "
        "be made again from the WARC files with `morgue rebuild --frontier`."
    )


def _migrate(conn: sqlite3.Connection, path: Path) -> None:
    version = refuse_newer(conn, path)
    for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
        # One transaction for the effect and its mark; executescript would commit by itself, so BEGIN stands inside.
        conn.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version={number}; COMMIT;")
    if version == 2:  # noqa: PLR2004 - as far as `_SECOND` goes
        for table, column, statement in _SECOND:
            if conn.execute("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (table, column)).fetchone() is None:
                conn.execute(statement)


def refuse_newer(conn: sqlite3.Connection, path: Path) -> int:
    """Return the version of a crawl.db. Raises `SchemaTooNewError` if this Morgue does not know it."""
    version = int(conn.execute("PRAGMA user_version").fetchone()[0])
    if version > len(_MIGRATIONS):
        raise SchemaTooNewError(path, f"crawl.db version {version}", remake="morgue rebuild --frontier")
    return version


def steps_missing(conn: sqlite3.Connection, path: Path) -> int:
    """Return how many migrations a crawl.db lacks. Raises `SchemaTooNewError` if this Morgue does not know it."""
    return len(_MIGRATIONS) - refuse_newer(conn, path)
