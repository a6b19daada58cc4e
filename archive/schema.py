"""The tables of archive.db, made by migrations, and the two ways to open the file for writing.

What is fixed: STRICT tables joined on a local INTEGER PRIMARY KEY (`pk`) that no one sees; public ids are text made
from URL keys. Times are text, UTC, always with microseconds (`2026-05-01T06:00:00.000000Z`): so they sort as text.
`published` alone is as the page gave it, with its own offset; `sort_at` is the same instant in UTC, or `first_seen`.

Full text: `articles_fts` is an FTS5 index over the view `articles_live` (external content: no second copy of the
text). FTS5 must be told the exact old words of a row *before* it leaves the view; told too late or twice, it is
corrupt without an error (SQLite documentation, "External Content Table Pitfalls"). Hence triggers of our own whose
conditions exclude each other. Never `INSERT OR REPLACE` into articles, and never sqlite-utils' `transform()` on it (it
drops triggers).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import Database, Migrations

from archive.database import MIGRATION_SET, database_error, refuse_newer
from archive.dedupe.exact import EXACT_SCHEMA
from archive.dedupe.story import STORY_SCHEMA
from archive.errors import DatabaseError, SchemaTooNewError
from archive.schema_search import COUNT_TRIGGERS, COUNTED, SEARCH_SCHEMA

migrations = Migrations(MIGRATION_SET)

# One trigger per way of a row into, within and out of the view; the WHEN conditions exclude each other. The delete
# comes BEFORE the row changes, the insert AFTER it.
_GO = (
    "INSERT INTO articles_fts(articles_fts, rowid, title, text)"
    " VALUES ('delete', old.pk, old.title_terms, old.text_terms);"
)
_COME = "INSERT INTO articles_fts(rowid, title, text) VALUES (new.pk, new.title_terms, new.text_terms);"
_OTHER_WORDS = "(old.title_terms IS NOT new.title_terms OR old.text_terms IS NOT new.text_terms)"
FTS_TRIGGERS: dict[str, str] = {
    "articles_fts_born": f"AFTER INSERT ON articles WHEN new.hidden = 0 BEGIN {_COME} END",
    "articles_fts_gone": f"BEFORE DELETE ON articles WHEN old.hidden = 0 BEGIN {_GO} END",
    "articles_fts_hide": f"BEFORE UPDATE OF hidden ON articles WHEN old.hidden = 0 AND new.hidden = 1 BEGIN {_GO} END",
    "articles_fts_show": f"AFTER UPDATE OF hidden ON articles WHEN old.hidden = 1 AND new.hidden = 0 BEGIN {_COME} END",
    "articles_fts_change_1": (
        "BEFORE UPDATE OF title_terms, text_terms ON articles "
        f"WHEN old.hidden = 0 AND new.hidden = 0 AND {_OTHER_WORDS} BEGIN {_GO} END"
    ),
    "articles_fts_change_2": (
        "AFTER UPDATE OF title_terms, text_terms ON articles "
        f"WHEN old.hidden = 0 AND new.hidden = 0 AND {_OTHER_WORDS} BEGIN {_COME} END"
    ),
}

_TABLES = """
CREATE TABLE warcs (
    pk INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,               -- path below warc/, without .open
    size INTEGER,                            -- bytes, once sealed
    ingested_to INTEGER NOT NULL DEFAULT 0,  -- bytes up to which every record is in this database
    sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1)),
    sha256 TEXT,                             -- of the sealed file
    imported_from TEXT,                      -- path or URL of a foreign file
    imported_sha256 TEXT,                    -- of that file
    in_place INTEGER NOT NULL DEFAULT 0 CHECK (in_place IN (0, 1)),
    filter TEXT                              -- JSON: hosts and URL prefixes taken from it
) STRICT;

CREATE TABLE captures (                      -- the CDX
    pk INTEGER PRIMARY KEY,
    url TEXT NOT NULL,                       -- as requested
    url_key TEXT NOT NULL,
    captured_at TEXT NOT NULL,
    status INTEGER,
    mime TEXT NOT NULL DEFAULT '',
    record_type TEXT NOT NULL,               -- response, revisit, resource, conversion
    payload_digest TEXT,
    warc INTEGER NOT NULL REFERENCES warcs(pk),
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    source TEXT,
    role TEXT,
    truncated TEXT,
    refers_to_url TEXT,
    refers_to_at TEXT,
    extraction INTEGER REFERENCES extractions(pk),  -- the one in force
    article INTEGER REFERENCES articles(pk),
    content TEXT                             -- digest of what a reader saw; NULL: not seen whole, or gone
) STRICT;
CREATE UNIQUE INDEX captures_identity ON captures (url, captured_at, ifnull(payload_digest, ''), record_type);
CREATE INDEX captures_article ON captures (article, captured_at) WHERE article IS NOT NULL;
CREATE INDEX captures_url_key ON captures (url_key, captured_at);
CREATE INDEX captures_record ON captures (warc, offset);

CREATE TABLE discoveries (
    pk INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    url_key TEXT NOT NULL,
    via TEXT NOT NULL,
    found_on TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    title TEXT,
    published TEXT,
    author TEXT,
    entry_id TEXT,
    summary TEXT,
    language TEXT,
    source TEXT,
    warc INTEGER REFERENCES warcs(pk),
    offset INTEGER,
    digest TEXT NOT NULL UNIQUE              -- of all it says: the same fact twice is one row
) STRICT;
CREATE INDEX discoveries_url_key ON discoveries (url_key, seen_at);

CREATE TABLE extractors (
    pk INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    config TEXT NOT NULL,
    UNIQUE (name, version, config)
) STRICT;

CREATE TABLE extractions (
    pk INTEGER PRIMARY KEY,
    capture INTEGER NOT NULL REFERENCES captures(pk),
    extractor INTEGER NOT NULL REFERENCES extractors(pk),
    status TEXT NOT NULL CHECK (status IN ('article', 'refused')),
    reason TEXT,
    result BLOB NOT NULL,                    -- zlib of the JSON of the whole extraction
    digest TEXT NOT NULL,                    -- of that JSON
    UNIQUE (capture, extractor)
) STRICT;

CREATE TABLE articles (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL,
    url_key TEXT NOT NULL UNIQUE,
    canonical_url TEXT,                      -- as the page says it now
    canonical_key TEXT,                      -- of that, where it may be believed: same owner, no front page
    source TEXT,
    domain TEXT NOT NULL,
    title TEXT,
    authors TEXT NOT NULL DEFAULT '[]',      -- JSON list
    published TEXT,
    published_precision TEXT,
    published_via TEXT,
    modified TEXT,
    language TEXT,
    word_count INTEGER NOT NULL,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    gone_at TEXT,
    sort_at TEXT NOT NULL,
    story INTEGER REFERENCES stories(pk),
    kind TEXT NOT NULL,                      -- new, exact, near, rewrite, related
    capture INTEGER REFERENCES captures(pk), -- the one whose text this is
    truncated INTEGER NOT NULL DEFAULT 0 CHECK (truncated IN (0, 1)),
    section TEXT,
    image TEXT,
    keywords TEXT NOT NULL DEFAULT '[]',     -- JSON list
    description TEXT,
    provenance TEXT NOT NULL DEFAULT '{}',   -- JSON: field -> where it came from
    digest TEXT NOT NULL,                    -- of the columns of text, see archive.store.rows
    hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    title_terms TEXT NOT NULL,
    text TEXT NOT NULL,
    text_terms TEXT NOT NULL
) STRICT;
CREATE INDEX articles_story ON articles (story);
CREATE INDEX articles_sort_at ON articles (sort_at);
CREATE INDEX articles_source ON articles (source, sort_at);
CREATE INDEX articles_domain ON articles (domain, sort_at);
CREATE INDEX articles_language ON articles (language);
CREATE INDEX articles_claims ON articles (canonical_key) WHERE canonical_key <> url_key;

CREATE TABLE aliases (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL,                        -- the id an article of this key would have
    article INTEGER NOT NULL REFERENCES articles(pk)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_id ON aliases (id);
CREATE INDEX aliases_article ON aliases (article);

CREATE TABLE revisions (
    pk INTEGER PRIMARY KEY,
    article INTEGER NOT NULL REFERENCES articles(pk),
    seq INTEGER NOT NULL,                    -- from 1, by time, within its cause
    seen_from TEXT NOT NULL,
    seen_to TEXT NOT NULL,
    capture INTEGER REFERENCES captures(pk), -- the one the text is from
    title TEXT,
    text TEXT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('publisher', 'extractor')),
    content TEXT NOT NULL,                   -- as captures.content
    digest TEXT NOT NULL,                    -- of title and text exactly as they stand here
    UNIQUE (article, cause, seq)
) STRICT;

CREATE TABLE stories (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,                 -- the founding article's
    head INTEGER NOT NULL REFERENCES articles(pk),
    members INTEGER NOT NULL
) STRICT;

CREATE TABLE links (                         -- how an article stands to the one it was placed by
    article INTEGER PRIMARY KEY REFERENCES articles(pk),
    "of" INTEGER NOT NULL REFERENCES articles(pk),
    kind TEXT NOT NULL,
    score REAL NOT NULL,
    evidence TEXT                            -- JSON: why
) STRICT;
CREATE INDEX links_of ON links ("of");

CREATE TABLE profiles (
    pk INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    from_at TEXT,
    adopted_at TEXT NOT NULL,
    UNIQUE (source, digest, adopted_at)
) STRICT;

CREATE TABLE runs (
    id TEXT PRIMARY KEY,                     -- name of the report's file
    started_at TEXT,
    ended_at TEXT,
    report TEXT NOT NULL                     -- JSON as the crawler wrote it
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstones (
    hash TEXT PRIMARY KEY,                   -- of a URL key or host: no clear text
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    reference TEXT,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW articles_live AS SELECT pk, title_terms AS title, text_terms AS text FROM articles WHERE hidden = 0;

CREATE VIRTUAL TABLE articles_fts USING fts5(
    title, text, content = 'articles_live', content_rowid = 'pk', tokenize = 'ascii'
);
INSERT INTO articles_fts(articles_fts, rank) VALUES ('rank', 'bm25(5.0, 1.0)');

CREATE VIEW articles_view AS
    SELECT a.id, a.url, a.source, a.domain, a.title, a.authors, a.published, a.published_precision, a.published_via,
           a.modified, a.language, a.word_count, a.first_seen, a.last_seen, a.gone_at, a.kind,
           s.id AS story, h.id AS story_head, s.members - 1 AS copies, a.text
    FROM articles a JOIN stories s ON s.pk = a.story JOIN articles h ON h.pk = s.head
    WHERE a.hidden = 0;
"""


@migrations()
def m001_foundation(db: Database) -> None:
    """Make every table of the first version."""
    for statement in statements(_TABLES):
        db.conn.execute(statement)
    for statement in EXACT_SCHEMA:
        db.conn.execute(statement)
    create_fts_triggers(db.conn)


_PROFILES = """
ALTER TABLE extractions ADD COLUMN profile TEXT;  -- digest of the site profile that it was read with
CREATE INDEX captures_source ON captures (source, captured_at);
CREATE TABLE learned (                       -- when a source was last learned from, whether anything came of it or not
    source TEXT PRIMARY KEY,
    articles INTEGER NOT NULL,               -- that it had then
    version INTEGER NOT NULL                 -- of the learning
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m002_profiles(db: Database) -> None:
    """Let extractions tell their site profile, and remember what was tried."""
    for statement in statements(_PROFILES):
        db.conn.execute(statement)


@migrations()
def m003_stories(db: Database) -> None:
    """Make the index of copies that are no exact ones; what is there already is not in it until `morgue restory`."""
    for statement in STORY_SCHEMA:
        db.conn.execute(statement)


_CHANGES = """
CREATE TABLE revision_changes (              -- what a revision changed against the one before it, of either cause
    pk INTEGER PRIMARY KEY,
    article INTEGER NOT NULL REFERENCES articles(pk),
    seen_from TEXT NOT NULL,                 -- of the revision: links go by article and this
    cause TEXT NOT NULL CHECK (cause IN ('publisher', 'extractor')),
    seq INTEGER NOT NULL,                    -- of the revision, within its cause
    number INTEGER NOT NULL,                 -- 1, 2, … within the step
    kind TEXT NOT NULL CHECK (kind IN ('title', 'added', 'removed', 'changed', 'moved')),
    paragraph INTEGER,                       -- from 1, in the later text; of a removed one in the earlier; NULL: title
    before TEXT,
    after TEXT,
    UNIQUE (article, cause, seq, number)
) STRICT;
CREATE INDEX revision_changes_kind ON revision_changes (kind, seen_from);
CREATE INDEX revision_changes_seen_from ON revision_changes (seen_from);
"""


@migrations()
def m004_changes(db: Database) -> None:
    """Keep what each revision changed; fill it from the revisions that are there, and fold their digests anew.

    What a reader does not see grew (`archive.dedupe.words.as_read`): with the old digests the next capture of every article
    would be a revision.
    """
    from archive.store.changes import fill_changes, fold_anew

    for statement in statements(_CHANGES):
        db.conn.execute(statement)
    fold_anew(db.conn)
    fill_changes(db.conn)


_TIMELINE = """
CREATE TABLE decided (                       -- what of decisions.jsonl this database has carried out
    what TEXT PRIMARY KEY,                   -- stories
    digest TEXT NOT NULL                     -- of those decisions, in order
) STRICT, WITHOUT ROWID;

UPDATE stories SET members = (SELECT count(*) FROM articles a WHERE a.story = stories.pk AND a.hidden = 0);

CREATE VIEW story_timeline AS
    SELECT s.id AS story, a.id AS article, a.source, a.domain, a.title, a.url, a.kind,
           CASE WHEN b.pk IS NOT NULL THEN l.score END AS score, b.id AS "of",
           a.published, a.published_precision, a.first_seen, a.sort_at, a.pk = s.head AS head,
           strftime('%s', a.sort_at) - strftime('%s', h.sort_at) AS seconds_after_head,
           strftime('%s', a.sort_at) - strftime('%s', b.sort_at) AS seconds_after_of
    FROM articles a JOIN stories s ON s.pk = a.story JOIN articles h ON h.pk = s.head
    LEFT JOIN links l ON l.article = a.pk LEFT JOIN articles b ON b.pk = l."of" AND b.story = a.story
    WHERE a.hidden = 0;
"""


@migrations()
def m005_timeline(db: Database) -> None:
    """Tell who copied whom and how fast; count the members of a story that are shown; note which decisions are done."""
    for statement in statements(_TIMELINE):
        db.conn.execute(statement)


_OPT_OUT = """
CREATE TABLE opt_out_signals (               -- what each capture asks of those who keep it
    capture INTEGER NOT NULL REFERENCES captures(pk),
    via TEXT NOT NULL,                       -- where it stands
    name TEXT NOT NULL,
    value TEXT NOT NULL,                     -- as written
    opts_out INTEGER NOT NULL CHECK (opts_out IN (0, 1)),
    starts_at TEXT,                          -- NULL: at once
    PRIMARY KEY (capture, via, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE robots_uses (                   -- what robots.txt files say of use; one row when that changed
    origin TEXT NOT NULL,
    captured_at TEXT NOT NULL,
    rules TEXT NOT NULL,                     -- JSON: [path, kind, value], …
    PRIMARY KEY (origin, captured_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE opt_outs (                      -- articles that opt out, as their captures say
    article INTEGER PRIMARY KEY REFERENCES articles(pk),
    capture INTEGER NOT NULL REFERENCES captures(pk),  -- that decided
    from_at TEXT,                            -- NULL: at once
    signals TEXT NOT NULL                    -- JSON: those that opt out
) STRICT;

CREATE TABLE opt_outs_ignored (              -- sources of which sources.toml says opt_out = "ignore"
    source TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE VIEW opted_out AS
    SELECT o.article FROM opt_outs o
    WHERE (o.from_at IS NULL OR o.from_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    AND NOT EXISTS (SELECT 1 FROM articles a JOIN opt_outs_ignored i ON i.source = a.source WHERE a.pk = o.article);

CREATE VIEW public_articles AS
    SELECT a.pk, a.id, a.url, a.source, a.domain, a.title, a.authors, a.published, a.published_precision,
           a.published_via, a.modified, a.language, a.word_count, a.first_seen, a.last_seen, a.gone_at, a.sort_at, a.kind,
           s.id AS story, a.text
    FROM articles a JOIN stories s ON s.pk = a.story
    WHERE a.hidden = 0 AND NOT EXISTS (SELECT 1 FROM opted_out o WHERE o.article = a.pk);
"""


@migrations()
def m006_optout(db: Database) -> None:
    """Keep what sites ask of those who keep their pages; what is there already was not looked at: `morgue rebuild` does."""
    for statement in statements(_OPT_OUT):
        db.conn.execute(statement)


_HEALTH = """
CREATE INDEX articles_seen ON articles (source, hidden, first_seen);
CREATE INDEX captures_read ON captures (source, role, status, captured_at, article, extraction)
    WHERE role = 'page' AND status = 200 AND extraction IS NOT NULL;
CREATE INDEX extractions_refused ON extractions (capture, status, reason) WHERE status = 'refused';
"""


@migrations()
def m007_health(db: Database) -> None:
    """Let `morgue status` answer from indexes: rows of articles are long, and most captures are of listings."""
    for statement in statements(_HEALTH):
        db.conn.execute(statement)


@migrations()
def m008_search(db: Database) -> None:
    """Let a search read short rows, not articles; count articles as they come; views for people."""
    for statement in statements(SEARCH_SCHEMA):
        db.conn.execute(statement)
    count_articles(db.conn)
    for name, body in COUNT_TRIGGERS.items():
        db.conn.execute(f"CREATE TRIGGER {name} {body}")


_PROMOTIONS = """
CREATE TABLE promotions (                    -- when another extractor's readings were put in force, source by source
    pk INTEGER PRIMARY KEY,
    source TEXT NOT NULL,                    -- empty: captures of no source
    extractor INTEGER NOT NULL REFERENCES extractors(pk),
    promoted_at TEXT NOT NULL,
    rolled_back_at TEXT                      -- NULL: it holds
) STRICT;
CREATE INDEX promotions_source ON promotions (source, pk);

CREATE TABLE superseded (                    -- what was in force before a promotion: for its rollback
    promotion INTEGER NOT NULL REFERENCES promotions(pk),
    capture INTEGER NOT NULL REFERENCES captures(pk),
    extraction INTEGER NOT NULL REFERENCES extractions(pk),
    article TEXT,                            -- id of the article that it showed
    PRIMARY KEY (promotion, capture)
) STRICT, WITHOUT ROWID;
CREATE INDEX superseded_capture ON superseded (capture);
"""


@migrations()
def m009_promotions(db: Database) -> None:
    """Remember what a promotion put out of force."""
    for statement in statements(_PROMOTIONS):
        db.conn.execute(statement)


def statements(script: str) -> list[str]:
    """Split a script of plain statements (no triggers) at its semicolons; executescript would commit by itself."""
    found, start = [], 0
    for at, char in enumerate(script):
        if char == ";" and sqlite3.complete_statement(script[start : at + 1]):
            found.append(script[start : at + 1].strip())
            start = at + 1
    return found


def create_fts_triggers(conn: sqlite3.Connection) -> None:
    """Create the triggers that keep `articles_fts` equal to `articles_live`."""
    for name, body in FTS_TRIGGERS.items():
        conn.execute(f"CREATE TRIGGER {name} {body}")


def clear_articles(conn: sqlite3.Connection) -> None:
    """Empty the tables that placement fills, and their index, within the caller's transaction.

    With the triggers in place each deleted row would be taken out of the index word by word.
    """
    for name in FTS_TRIGGERS:
        conn.execute(f"DROP TRIGGER {name}")
    for table in ("opt_outs", "links", "aliases", "revision_changes", "revisions", "stories", "articles"):
        conn.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand in the line above
    for table in COUNTED:  # triggers have brought them to nothing; a count that was wrong would stay wrong by as much
        conn.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
    conn.execute("INSERT INTO articles_fts(articles_fts) VALUES ('delete-all')")
    conn.execute("UPDATE captures SET article = NULL, content = NULL WHERE article IS NOT NULL")
    create_fts_triggers(conn)


def count_articles(conn: sqlite3.Connection) -> None:
    """Write the tables of counts anew from the articles, within the caller's transaction."""
    for table, must in COUNTED.items():
        conn.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
        conn.execute(f"INSERT INTO {table} {must}")


def open_archive(path: Path, *, create: bool = False) -> Database:
    """Open archive.db for the one writer, migrated to this version; WAL, waits 30 s for locks of others.

    The caller holds `archive.lock`. Statements outside a transaction commit by themselves.

    Raises `SchemaTooNewError` for a file of a newer Morgue, and `DatabaseError` if it is missing (without `create`),
    not writable, or no SQLite database.
    """
    if not create and not path.exists():
        raise DatabaseError(f"there is no {path}. Make it from the WARC files with `morgue rebuild`.")
    conn: sqlite3.Connection | None = None
    try:
        conn = sqlite3.connect(path, timeout=30.0, isolation_level=None, cached_statements=256)
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = NORMAL")  # a commit lost with the power is read again from the WARC file
        conn.execute("PRAGMA cache_size = -65536")
        conn.execute("PRAGMA journal_size_limit = 67108864")  # a restory's log may have grown to the size of the file
        db = Database(conn, execute_plugins=False)
        refuse_newer(conn, path)
        migrations.apply(db)
    except sqlite3.Error as error:
        if conn is not None:
            conn.close()
        raise database_error(error, path) from error
    except SchemaTooNewError:
        if conn is not None:
            conn.close()
        raise
    return db
