PRAGMA foreign_keys = OFF;
BEGIN;
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
        rank INTEGER NOT NULL,            -- 0 asked for by a person, 1 listings, 2 pages
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
    , past_until REAL) STRICT;
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
CREATE INDEX urls_past ON urls(past_until) WHERE past_until IS NOT NULL;
INSERT INTO "sources" VALUES ('paper', 'https://paper.example/', 'paper.example', NULL, NULL, 1);
INSERT INTO "sources" VALUES ('other', 'https://other.example/', 'other.example', NULL, NULL, 1);
INSERT INTO "queues" VALUES (1, 'paper.example', 'paper');
INSERT INTO "queues" VALUES (2, 'other.example', 'other');
INSERT INTO "urls" VALUES (1, X'97636C42485114FC61C16DB88BF62BAC', 'https://paper.example/', 1, 'home', 1, 1777611600, 1, 1777615200.0, 0, 0, 1777615200.0, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "urls" VALUES (2, X'9204B82EAECE940E07CB3156219F9F19', 'https://other.example/', 2, 'home', 1, 1777611600, 1, 1777615200.0, 0, 0, 1777615200.0, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "urls" VALUES (3, X'47FDB42A8ACAF4994A4136B5C1821D63', 'https://paper.example/2026/04/30/harbour-opens-again', 1, 'page', 2, 1777611600, 0, 1777637040.0, 0, 1, 1777615200.0, 1777615440.0, 2, 0, 2, 21600.0, 1777615440.0, 200, NULL, '"5TN27K7N"', NULL, 'sha1:5TN27K7NVOUEJ5XME6PILFISXRJNBC33', '2026-05-01T06:04:00+00:00', 'https://paper.example/2026/04/30/harbour-opens-again', NULL);
INSERT INTO "urls" VALUES (4, X'8B4B5F729C76D79453E1B360F45CB912', 'https://other.example/news/harbour-opens-again.html', 2, 'page', 2, 1777611660, 0, 1777716000.0, 0, 1, 1777615260.0, 1777694400.0, 2, 0, 2, 21600.0, 1777615260.0, 304, NULL, '"2UZ6BXGN"', NULL, 'sha1:2UZ6BXGN4BINLJ4KZBOMVO4TEKYVTAAI', '2026-05-01T06:01:00+00:00', 'https://other.example/news/harbour-opens-again.html', NULL);
INSERT INTO "urls" VALUES (5, X'C448C16D4CD755E849C3D51AB1C1ED92', 'https://paper.example/2026/04/30/bus-drivers-end-strike', 1, 'page', 2, 1777611720, 0, 1777618920.0, 0, 1, 1777615320.0, 1777615320.0, 1, 0, 1, 3600.0, 1777615320.0, 200, NULL, '"TFVZ7CFB"', NULL, 'sha1:TFVZ7CFB3AIRRNPU34CEKY3IT6TYKURL', '2026-05-01T06:02:00+00:00', 'https://paper.example/2026/04/30/bus-drivers-end-strike', NULL);
INSERT INTO "urls" VALUES (6, X'544E2415A41DEA7263337C17314C3357', 'https://other.example/zh/1.html', 2, 'page', 2, 1777611780, 0, 1777618980.0, 0, 1, 1777615380.0, 1777615380.0, 1, 0, 1, 3600.0, 1777615380.0, 200, NULL, '"CPK4DOH7"', NULL, 'sha1:CPK4DOH7VENGOVL4UF74LXQXVOOEV4NC', '2026-05-01T06:03:00+00:00', 'https://other.example/zh/1.html', NULL);
INSERT INTO "urls" VALUES (7, X'7AB3002CB94C0EEEEFFD76B53691E73E', 'https://paper.example/search', 1, 'page', 2, 1777611900, 0, 1777619100.0, 0, 1, 1777615500.0, 1777615500.0, 1, 0, 1, 3600.0, 1777615500.0, 200, NULL, '"JYTUVQDT"', NULL, 'sha1:JYTUVQDT6QIAD2OCSOIHY7GYCLXPKJDS', '2026-05-01T06:05:00+00:00', 'https://paper.example/search', NULL);
INSERT INTO "facts" VALUES (1, X'63037148E19CD894', '{"url": "https://paper.example/", "via": "config", "found_on": "", "seen_at": "2026-05-01T06:00:00+00:00"}');
INSERT INTO "facts" VALUES (2, X'63037148E19CD894', '{"url": "https://other.example/", "via": "config", "found_on": "", "seen_at": "2026-05-01T06:00:00+00:00"}');
INSERT INTO "facts" VALUES (3, X'04B15BFAA9976F24', NULL);
INSERT INTO "facts" VALUES (3, X'63037148E19CD894', NULL);
INSERT INTO "facts" VALUES (4, X'63037148E19CD894', NULL);
INSERT INTO "facts" VALUES (4, X'B55F6072D4740BEC', NULL);
INSERT INTO "facts" VALUES (5, X'04B15BFAA9976F24', NULL);
INSERT INTO "facts" VALUES (5, X'63037148E19CD894', NULL);
INSERT INTO "facts" VALUES (6, X'140A795AB23978D7', NULL);
INSERT INTO "facts" VALUES (6, X'5A7E370D09F58684', NULL);
INSERT INTO "facts" VALUES (6, X'63037148E19CD894', NULL);
INSERT INTO "facts" VALUES (7, X'160E95E2D41C4932', NULL);
INSERT INTO "facts" VALUES (7, X'63037148E19CD894', NULL);
INSERT INTO "warcs" VALUES ('morgue-20260501060000-0of1-old.warc.gz', 10585);
INSERT INTO "meta" VALUES ('now', '1777698000.288442');
PRAGMA user_version = 2;
COMMIT;
