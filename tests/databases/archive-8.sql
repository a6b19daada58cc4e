PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
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
    digest TEXT NOT NULL, profile TEXT,                    -- of that JSON
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
CREATE VIEW articles_view AS
    SELECT a.id, a.url, a.source, a.domain, a.title, a.authors, a.published, a.published_precision, a.published_via,
           a.modified, a.language, a.word_count, a.first_seen, a.last_seen, a.gone_at, a.kind,
           s.id AS story, h.id AS story_head, s.members - 1 AS copies, a.text
    FROM articles a JOIN stories s ON s.pk = a.story JOIN articles h ON h.pk = s.head
    WHERE a.hidden = 0;
CREATE TABLE dedupe_exact (
        digest BLOB NOT NULL, at TEXT NOT NULL, article INTEGER NOT NULL, PRIMARY KEY (digest, at, article)
    ) STRICT, WITHOUT ROWID;
CREATE INDEX dedupe_exact_article ON dedupe_exact (article);
CREATE INDEX captures_source ON captures (source, captured_at);
CREATE TABLE learned (                       -- when a source was last learned from, whether anything came of it or not
    source TEXT PRIMARY KEY,
    articles INTEGER NOT NULL,               -- that it had then
    version INTEGER NOT NULL                 -- of the learning
) STRICT, WITHOUT ROWID;
CREATE TABLE dedupe_pairs (
        pair INTEGER NOT NULL, article INTEGER NOT NULL, PRIMARY KEY (pair, article)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE dedupe_terms (term INTEGER PRIMARY KEY, texts INTEGER NOT NULL) STRICT;
CREATE TABLE dedupe_lines (line INTEGER PRIMARY KEY, stories INTEGER NOT NULL, article INTEGER NOT NULL) STRICT;
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
CREATE TABLE decided (                       -- what of decisions.jsonl this database has carried out
    what TEXT PRIMARY KEY,                   -- stories
    digest TEXT NOT NULL                     -- of those decisions, in order
) STRICT, WITHOUT ROWID;
CREATE VIEW story_timeline AS
    SELECT s.id AS story, a.id AS article, a.source, a.domain, a.title, a.url, a.kind,
           CASE WHEN b.pk IS NOT NULL THEN l.score END AS score, b.id AS "of",
           a.published, a.published_precision, a.first_seen, a.sort_at, a.pk = s.head AS head,
           strftime('%s', a.sort_at) - strftime('%s', h.sort_at) AS seconds_after_head,
           strftime('%s', a.sort_at) - strftime('%s', b.sort_at) AS seconds_after_of
    FROM articles a JOIN stories s ON s.pk = a.story JOIN articles h ON h.pk = s.head
    LEFT JOIN links l ON l.article = a.pk LEFT JOIN articles b ON b.pk = l."of" AND b.story = a.story
    WHERE a.hidden = 0;
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
CREATE INDEX articles_seen ON articles (source, hidden, first_seen);
CREATE INDEX captures_read ON captures (source, role, status, captured_at, article, extraction)
    WHERE role = 'page' AND status = 200 AND extraction IS NOT NULL;
CREATE INDEX extractions_refused ON extractions (capture, status, reason) WHERE status = 'refused';
CREATE INDEX articles_found ON articles (pk, story, sort_at, source, domain, language, kind, hidden, authors);
CREATE INDEX articles_gone ON articles (gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX revisions_edits ON revisions (seen_from, article) WHERE cause = 'publisher' AND seq > 1;
CREATE TABLE article_days (                  -- articles shown, by the day of sort_at, UTC
    day TEXT NOT NULL,
    source TEXT NOT NULL,                    -- empty where there is none
    articles INTEGER NOT NULL,
    PRIMARY KEY (day, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE article_months (                -- the same by month, with more that can be asked for
    month TEXT NOT NULL,
    source TEXT NOT NULL,
    domain TEXT NOT NULL,
    language TEXT NOT NULL,
    articles INTEGER NOT NULL,
    PRIMARY KEY (month, source, domain, language)
) STRICT, WITHOUT ROWID;
CREATE VIEW revisions_view AS
    SELECT a.id AS article, r.seq, r.cause, r.seen_from, r.seen_to, a.source, a.domain, r.title, a.url,
           (SELECT count(*) FROM revision_changes c
            WHERE c.article = r.article AND c.cause = r.cause AND c.seq = r.seq AND c.kind = 'title') AS title_changed,
           (SELECT count(*) FROM revision_changes c
            WHERE c.article = r.article AND c.cause = r.cause AND c.seq = r.seq AND c.kind = 'added') AS added,
           (SELECT count(*) FROM revision_changes c
            WHERE c.article = r.article AND c.cause = r.cause AND c.seq = r.seq AND c.kind = 'removed') AS removed,
           (SELECT count(*) FROM revision_changes c
            WHERE c.article = r.article AND c.cause = r.cause AND c.seq = r.seq AND c.kind = 'changed') AS changed,
           a.published, a.sort_at, r.text
    FROM revisions r JOIN articles a ON a.pk = r.article
    WHERE a.hidden = 0;
CREATE VIEW stories_view AS
    SELECT s.id AS story, h.id AS head, h.title, h.source, h.domain, h.language, s.members,
           (SELECT count(DISTINCT a.domain) FROM articles a WHERE a.story = s.pk AND a.hidden = 0) AS sites,
           (SELECT min(a.sort_at) FROM articles a WHERE a.story = s.pk AND a.hidden = 0) AS first_at,
           (SELECT max(a.sort_at) FROM articles a WHERE a.story = s.pk AND a.hidden = 0) AS last_at,
           h.sort_at
    FROM stories s JOIN articles h ON h.pk = s.head
    WHERE s.members > 0;
CREATE VIEW source_days AS
    SELECT day, source, sum(articles) AS articles, sum(edited) AS edited, sum(gone) AS gone FROM (
        SELECT day, source, articles, 0 AS edited, 0 AS gone FROM article_days
        UNION ALL
        SELECT substr(r.seen_from, 1, 10), ifnull(a.source, ''), 0, 1, 0 FROM revisions r JOIN articles a ON a.pk = r.article
        WHERE r.cause = 'publisher' AND r.seq > 1 AND a.hidden = 0
        UNION ALL
        SELECT substr(gone_at, 1, 10), ifnull(source, ''), 0, 0, 1 FROM articles WHERE gone_at IS NOT NULL AND hidden = 0
    ) GROUP BY day, source;
INSERT INTO "_sqlite_migrations" VALUES (1, 'morgue', 'm001_foundation', '2026-11-22 14:06:21.135493+00:00');
INSERT INTO "_sqlite_migrations" VALUES (2, 'morgue', 'm002_profiles', '2026-11-22 14:06:21.137041+00:00');
INSERT INTO "_sqlite_migrations" VALUES (3, 'morgue', 'm003_stories', '2026-11-22 14:06:21.137523+00:00');
INSERT INTO "_sqlite_migrations" VALUES (4, 'morgue', 'm004_changes', '2026-11-22 14:06:21.142487+00:00');
INSERT INTO "_sqlite_migrations" VALUES (5, 'morgue', 'm005_timeline', '2026-11-22 14:06:21.143368+00:00');
INSERT INTO "_sqlite_migrations" VALUES (6, 'morgue', 'm006_optout', '2026-11-22 14:06:21.144164+00:00');
INSERT INTO "_sqlite_migrations" VALUES (7, 'morgue', 'm007_health', '2026-11-22 14:06:21.144602+00:00');
INSERT INTO "_sqlite_migrations" VALUES (8, 'morgue', 'm008_search', '2026-11-22 14:06:21.155459+00:00');
INSERT INTO "warcs" VALUES (1, 'morgue-20260501060000-0of1-old.warc.gz', 10950, 10950, 1, '2d1c8074d734aa1c0c3a32e59112724959a365bf37b961a94611d9b50ecbb702', NULL, NULL, 0, NULL);
INSERT INTO "captures" VALUES (1, 'https://paper.example/2026/04/30/harbour-opens-again', 'paper.example/2026/04/30/harbour-opens-again', '2026-05-01T06:00:00.000000Z', 200, 'text/html', 'response', 'sha1:4ZLB5YI6UOAOSUS5WUZASMADWWHGWTJ7', 1, 1069, 864, 'paper', 'page', NULL, NULL, NULL, 1, 1, '972f276fddf1e1f1869ed8bf88228fb7');
INSERT INTO "captures" VALUES (2, 'https://other.example/news/harbour-opens-again.html', 'other.example/news/harbour-opens-again.html', '2026-05-01T06:01:00.000000Z', 200, 'text/html', 'response', 'sha1:2UZ6BXGN4BINLJ4KZBOMVO4TEKYVTAAI', 1, 2663, 862, 'other', 'page', NULL, NULL, NULL, 2, 2, 'bda043066dbdbbdb9fc18027bdb74e23');
INSERT INTO "captures" VALUES (3, 'https://paper.example/2026/04/30/bus-drivers-end-strike', 'paper.example/2026/04/30/bus-drivers-end-strike', '2026-05-01T06:02:00.000000Z', 200, 'text/html', 'response', 'sha1:TFVZ7CFB3AIRRNPU34CEKY3IT6TYKURL', 1, 4262, 897, 'paper', 'page', NULL, NULL, NULL, 3, 3, '8d2c8aaf1a8fc76fb76a1afb313e142b');
INSERT INTO "captures" VALUES (4, 'https://other.example/zh/1.html', 'other.example/zh/1.html', '2026-05-01T06:03:00.000000Z', 200, 'text/html', 'response', 'sha1:CPK4DOH7VENGOVL4UF74LXQXVOOEV4NC', 1, 5863, 954, 'other', 'page', NULL, NULL, NULL, 4, 4, '1e6aa460d0c451d8781b74a51f8a7b0c');
INSERT INTO "captures" VALUES (5, 'https://paper.example/2026/04/30/harbour-opens-again', 'paper.example/2026/04/30/harbour-opens-again', '2026-05-01T06:04:00.000000Z', 200, 'text/html', 'response', 'sha1:5TN27K7NVOUEJ5XME6PILFISXRJNBC33', 1, 7550, 838, 'paper', 'page', NULL, NULL, NULL, 5, 1, 'd982002106a5b0360613b46a457fb106');
INSERT INTO "captures" VALUES (6, 'https://paper.example/search', 'paper.example/search', '2026-05-01T06:05:00.000000Z', 200, 'text/html', 'response', 'sha1:JYTUVQDT6QIAD2OCSOIHY7GYCLXPKJDS', 1, 9081, 400, 'paper', 'page', NULL, NULL, NULL, 6, NULL, NULL);
INSERT INTO "captures" VALUES (7, 'https://other.example/news/harbour-opens-again.html', 'other.example/news/harbour-opens-again.html', '2026-05-02T04:00:00.000000Z', 304, '', 'revisit', 'sha1:2UZ6BXGN4BINLJ4KZBOMVO4TEKYVTAAI', 1, 10166, 419, 'other', 'page', NULL, 'https://other.example/news/harbour-opens-again.html', '2026-05-01T06:01:00.000000Z', NULL, 2, 'bda043066dbdbbdb9fc18027bdb74e23');
INSERT INTO "discoveries" VALUES (1, 'https://paper.example/2026/04/30/harbour-opens-again', 'paper.example/2026/04/30/harbour-opens-again', 'feed', 'https://paper.example/2026/04/30/feed', '2026-05-01T06:00:00.000000Z', NULL, NULL, NULL, NULL, NULL, NULL, 'paper', 1, 342, '0df175995028b71c345ba341d0d1821a');
INSERT INTO "discoveries" VALUES (2, 'https://other.example/news/harbour-opens-again.html', 'other.example/news/harbour-opens-again.html', 'feed', 'https://other.example/news/feed', '2026-05-01T06:01:00.000000Z', NULL, NULL, NULL, NULL, NULL, NULL, 'other', 1, 1933, '0da94ff40fab958315359555c8c5f5f4');
INSERT INTO "discoveries" VALUES (3, 'https://paper.example/2026/04/30/bus-drivers-end-strike', 'paper.example/2026/04/30/bus-drivers-end-strike', 'feed', 'https://paper.example/2026/04/30/feed', '2026-05-01T06:02:00.000000Z', NULL, NULL, NULL, NULL, NULL, NULL, 'paper', 1, 3525, '4481c330c6843bbc2a2f359448001a1a');
INSERT INTO "discoveries" VALUES (4, 'https://other.example/zh/1.html', 'other.example/zh/1.html', 'feed', 'https://other.example/zh/feed', '2026-05-01T06:03:00.000000Z', NULL, NULL, NULL, NULL, NULL, NULL, 'other', 1, 5159, '41d074a13a18b3686eb22493fe0f1a64');
INSERT INTO "discoveries" VALUES (5, 'https://paper.example/2026/04/30/harbour-opens-again', 'paper.example/2026/04/30/harbour-opens-again', 'feed', 'https://paper.example/2026/04/30/feed', '2026-05-01T06:04:00.000000Z', NULL, NULL, NULL, NULL, NULL, NULL, 'paper', 1, 6817, '2bfdccdda40cba8cce6083523b42e31b');
INSERT INTO "discoveries" VALUES (6, 'https://paper.example/search', 'paper.example/search', 'feed', 'https://paper.example/feed', '2026-05-01T06:05:00.000000Z', NULL, NULL, NULL, NULL, NULL, NULL, 'paper', 1, 8388, '051d1358b41140d980a89ea37c42f402');
INSERT INTO "discoveries" VALUES (7, 'https://other.example/zh/1.html', 'other.example/zh/1.html', 'news-sitemap', 'https://other.example/n.xml', '2026-05-02T04:00:00.000000Z', NULL, NULL, NULL, NULL, NULL, NULL, 'other', 1, 10585, 'a129cec8e1f1ad2483414f6543b83660');
INSERT INTO "extractors" VALUES (1, 'morgue', '2', '');
INSERT INTO "extractions" VALUES (1, 1, 1, 'article', NULL, X'789CED525F6BDB400CFF2AE25EE714371BA3F86D638C31E89E0A7B5847916D391639DF199D2E5E28FDEED3A54DD2BCF5790C82894ED2EF8FA44787A2DC79728D4AA6CA61D6314A72CD2FF7A947F82C1CB6EE77E53C864DC68DD5390AAE7213CAB68F4BB0F86E241851DA9805E2003F29E9883B0A10670A0970836CFF03DCC6D0E3BE02F254B20BD1D6B283920042D22813B412B704AC09622EEF0B7A7F751FEEC35712614AA011D4E838999E3EC1C2DE4342F6A00B776438C600A830B024AD4EB2264C05EEE4C8707C7F40EA620E1DFB0A0C0F46ABF57B18244EF03D073A507FE11D4982C10A9F5B4AEBCCDED42C63F454412AA28CB42485666431D864F1126132856CE6AD3C95AAF09AD5F4F590480113F7641462DE9FFD721A49261B532931D7C56F692DD8A8DD584CFE88D266D954A551F785CA34E5F98501CB004A578A1395C5D8F364813FE2B4116DD0B69B5B946EBCB2A5CE126D33183A5BF3E3F9145CBBF71CC80A3A1BA8E9B5A791B02769B20EAB1B77711EA34E7E55E202985B5F9CF4F63E9162F3726DCD29F1A03C1564A53F05560507F6A859B099853A4E36BC9266F507F06BF77409BBAED71F57F587D5FBFAEEFAA6A96BFBBDABD7F67D4DFF70C66A5CA2CE2EF122BD637CABC2FFD7FEAF5CFBF1A6BE1DB7795EA07BFA0BB328CCD4', 'a763ba6b168b8429b56a6eda4e7210ab', NULL);
INSERT INTO "extractions" VALUES (2, 2, 1, 'article', NULL, X'789CED524B8BDB400CFE2B62AE75166F5ACAE25B4BE9A1B03D2DF4D02D8B6CCB9921E319A3D1C40DCBFEF74AD9676E3D974230D148FA1E92EE1DB2842192EB842B350EABF8CCC5753FDDA711E13387B477BF1A1731ED2AEEB4CE51728D9B91F7635E93C6379EC023F7B932E4097E50118F074A90174A05708741FF27B8CE69C4630314C9B22BD15EB39310034291CC33F49CF704410AE46AEF2BC678719B6ED357620E54403288D285A27AC6026B88110A8608B286811447190005A6C0459A17593316837B71A438713C210DB9A621C406140FBCD6C6234C9C67F856139DA8BF84037181490B1F5BAC750951D5AC3E476AA0982825B524D3828115B668BC6698556150F35A5EAC2ABD65557D231412C01246520A56EF8F7E43F1C4B38EC94AD4B5F9B556C34619BC99FC9EB9AFBC6BAC518E46A59AEAF2C4803600EB2A79265B8C3ECF1AC4679C3EA30E5A77738D3CF80B5DEAC259378369D035DFBF9E82EB8F3124D2824107AA7AF5C9138EC45D956973E5CECEC3CB1C37161B60EDA33919F57D26C1EEE9DABA97C49D84D990857E1BAC304E21A254C66E611A42D1E1593A483C815FBA8773D86DBBFDB8693F6CDEB73797575DDBEAEF5DBBD5EF5BFABB57ACCE151AF412CFD287807FABF0FFB5FF2BD7FE7C53E72B740F7F00B848CB23', '6d622bb29eb41633f4c5e376f35f4503', NULL);
INSERT INTO "extractions" VALUES (3, 3, 1, 'article', NULL, X'789CED53CB6EDB400CFC1562AF9503272D8A40B7E613DADC9AC0A025CABBF03E0492EBD408F2EFE5CA4EE2F4D27B51C090C1D77096433E3B640D4324D72B57EA1C56F585C5F53FDDB711E18E43DEBBC7CE45CCBB8A3BCB73945DE712F27E2C4FD9ECBB2A307238100B9409D413E4C2F6C719D45204288FCD1D184439ECC9DC39ECBC768093122F25CA9865B63AD816E4D19026625AEA124C860EB3650E94155261BA7AC80FF9DEEA6A0E2583C71150F6963F15063A835BDBA00289D2B6913B1425B0E4D66E81B7620D71B11BC533F954B2FA0E04C3083213EE2DF1BE24F84E4792A5EF8FC1971265E93AC422D69690E3B1814FA5328C7814D8D280558C779D83250FA5C6D126A3B023055F129D188A2FB3D844E242C0639CCEB3AA5231C250454B7A7BEE69384F214698F1B8BC36A8D9EAC1DBAB8DEA844C02131B6313B3A66CAC3A78F261F0A7412F92248335351A0EEE989A1B50CF9D139186BCBB329D672E07CA980753FEF97D3BDCF61843264B183CB2909ACB138EC47DD56975EB3E6C8CD71457CD6E80751B83781ACD9F48B13F2F60FF16D868480D59E95783B5C5984244AD8CFDCC340431C15B38685CC0AFDDCB47D89BF5CDD7D5FACBEAF3FAFEFAB65FAFEDF7697D63DFCBF69B77ACDE090D258F1FC287807F6528619731B6637976195363934D9FC1DBBA5AB8CC2A9B52F5F5B6440D4936688E5C63ECDC0163FDB3E8A22F976D51712F8F6FB3F87F6AFFF0A9BD2EF4A5C86D562721DDCB6F31BD03D3', '9429cad2a497f70dde94e4f79391213f', NULL);
INSERT INTO "extractions" VALUES (4, 4, 1, 'article', NULL, X'789CED52DB6EDA4010FD956A5F6B24875655E4B7F61BF2D654D1069CD88A3191B1D34B1489466921348620712998AA21715522153088168704FC31F5ACCD5F74DC3417DEFAD2B74AAB91F6CCEC39B3676697504D97138A48045D33448E504397D25A8608CFC9D3247DF04C93D52DF282230A55370DBA8975E48D443892A2DA5632FD52C53B73FB503A8356677E5664CD51E8E5E0B808E65BDFCD42B933CF99ACE6C0559655661CD835386DC078185C967CAF07B609BD23D6AFFECCEEAFAAAB6AC45468C3203BAF7A61BB13D8138EB9ED70DA0BBF8F21FF89F54B609FC32C1B7A15185A30F07CD766DFDA1CBCEBB2561E8BA20AA7C4EA3F503B28756F68A72DE68CA0FC114AE5A0E8B0FA57D63E4761F83265F513667EE6C03A615D3BB81C6153E1E822A87458BF02EE7ED8EBF957CDF9E941506D04CD0370CAA8183466BE9BBB6DB9C29C32B310326156C7C80A0504C3E238F48E21EFB0A1C7B07BCB4247C20F8379EE084D40AE6BD738D63AF427963F99A07FBE7B88DF00B3C68A08BE0FF31728825E6F6BE91D51A56A02DDDFBD9B10597FADC8AA880509896A19514748126952D40443DF882D9385A9497A4A8945F788D05857E48C2426114F893A15FE2C81709B58D3E554C4AC8BAF225A5DA31BB2427543A3C2B62626E48C9C56A3B4AC2BBFC997C8DE226D9C8F3F89F18F638FF895A56581E7F13CE4E318EFCBAFDD7109242326D26A7221BD23D3BFEDF0FF12FEE325BC19F5F593FB8692BD5F9F2073D6', 'eaef91c9c85d665aa2f0d93af633aed0', NULL);
INSERT INTO "extractions" VALUES (5, 5, 1, 'article', NULL, X'789CED92C16ADC400C865F45CCB5DEE06C4B09BEB594520AED29D0435382EC91D7C2E319238DD75D42DEBD9A4DB39BBDE5D84361313B23E9FB7F8DF4E0503277815C9365A1CAE1928724EA9A9FEE8347F8281C47F7AB7201E36EC19DE5398AAE7213CAE8D31AED7C3B100C286D5A04520F3F48F3807B8A90668A0AB843B6FF11BEA5E8F15001052AD19568B4689F4900417392095A4923016785B494FB1543B8BA8B77F133893029E404D9E458CD8F5758390450E40079E58E8C630A80197A16CDD5C9D6845A70A78E8C13FC91D4A525761C2A301E0C961B0ED04B9AE0EB12E928FD89F7240ABD253E9594D29983B9598714A8022DA64CB40485666431ACDA794D309943B6E62D5D4B567CA96AFE3C286540654F2621D6FB51F47B6A933F18D9B410DA84D64C299C71B63E140F0A31AD4FAE51473DD6CE283EC52B9BCE2CC99E186367F37A38CFD4B587C0912CA1B3973161BB1A083D49B3E47E73E32EE63CE4296CCAB9009736B00EE4ED7EA28CCDDFB5694E81FBCC532167FA5DB059B0E78079116C66A18ED55EA184398723FCDA3D5E62B7F5F6FDA67EB7795BDF5EDF34756DBF37F5D6BE2FE5EFCFACC62975B65217E13DE36B1DFE5FDB7F6E6D9F97E3CBF358CE93708F7F0043B3A54E', 'e2aef764253d6bee387ca332fc2c7de8', NULL);
INSERT INTO "extractions" VALUES (6, 6, 1, 'refused', 'no-text', X'789CAB562A4A4D2CCECF53B252CACBD72D49AD2851AA05004A0D0712', 'cab3c5f3879c3a709278d59155fff937', NULL);
INSERT INTO "articles" VALUES (1, 'a-i763ikukzl2j', 'https://paper.example/2026/04/30/harbour-opens-again', 'paper.example/2026/04/30/harbour-opens-again', NULL, NULL, 'paper', 'paper.example', 'Harbour opens again', '["Ada Brink"]', '2026-04-30T18:00:00+02:00', 'second', 'meta:article:published_time', NULL, 'en', 73, '2026-05-01T06:00:00.000000Z', '2026-05-01T06:04:00.000000Z', NULL, '2026-04-30T16:00:00.000000Z', 1, 'new', 5, 0, NULL, NULL, '[]', NULL, '{"authors": "byline", "charset": "header:utf-8", "language": "html-lang", "published": "meta:article:published_time", "text": "trafilatura:precision", "title": "h1"}', 'ba65f0f8cfa99bab74f6a5dd54cbc5eb', 0, 'harbour open again', 'The harbour of Westhaven opens again on Monday, eleven weeks after a storm broke its outer wall.

Ferries to the islands will sail twice a day at first, harbour master Ada Brink told the council, and hourly from June.

Divers found the old piles whole, so that the repair cost two million less than the council had set aside for it.

Nobody sold a boat, the paper says now, and asks for pardon.', 'the harbour of westhaven open again on monday eleven week after a storm broke it outer wall ferri to the island will sail twice a day at first harbour master ada brink told the council and hour from june diver found the old pile whole so that the repair cost two million less than the council had set asid for it nobodi sold a boat the paper say now and ask for pardon');
INSERT INTO "articles" VALUES (2, 'a-rnfv64u4o3lz', 'https://other.example/news/harbour-opens-again.html', 'other.example/news/harbour-opens-again.html', NULL, NULL, 'other', 'other.example', 'Westhaven open', '["Ada Brink"]', '2026-04-30T18:00:00+02:00', 'second', 'meta:article:published_time', NULL, 'en', 83, '2026-05-01T06:01:00.000000Z', '2026-05-02T04:00:00.000000Z', NULL, '2026-04-30T16:00:00.000000Z', 1, 'exact', 2, 0, NULL, NULL, '[]', NULL, '{"authors": "byline", "charset": "header:utf-8", "language": "html-lang", "published": "meta:article:published_time", "text": "trafilatura:precision", "title": "h1"}', '085c0864757018e2db9d7f37733fe8d7', 0, 'westhaven open', 'The harbour of Westhaven opens again on Monday, eleven weeks after a storm broke its outer wall.

Ferries to the islands will sail twice a day at first, harbour master Ada Brink told the council, and hourly from June.

Divers found the old piles whole, so that the repair cost two million less than the council had set aside for it.

Fishermen had to land their catch at Norburg, forty miles up the coast, and some of them sold their boats in March.', 'the harbour of westhaven open again on monday eleven week after a storm broke it outer wall ferri to the island will sail twice a day at first harbour master ada brink told the council and hour from june diver found the old pile whole so that the repair cost two million less than the council had set asid for it fishermen had to land their catch at norburg forti mile up the coast and some of them sold their boat in march');
INSERT INTO "articles" VALUES (3, 'a-yremc3km25k6', 'https://paper.example/2026/04/30/bus-drivers-end-strike', 'paper.example/2026/04/30/bus-drivers-end-strike', NULL, NULL, 'paper', 'paper.example', 'Bus drivers end strike', '["Ada Brink"]', '2026-04-30T18:00:00+02:00', 'second', 'meta:article:published_time', NULL, 'en', 86, '2026-05-01T06:02:00.000000Z', '2026-05-01T06:02:00.000000Z', NULL, '2026-04-30T16:00:00.000000Z', 2, 'new', 3, 0, NULL, NULL, '[]', NULL, '{"authors": "byline", "charset": "header:utf-8", "language": "html-lang", "published": "meta:article:published_time", "text": "trafilatura:precision", "title": "h1"}', '694affec7ced496324bf26b2afeed814', 0, 'bus driver end strike', 'Bus drivers of the northern towns end their strike tonight, after the transport board offered them five per cent more.

The union had asked for eight, and its members vote on the offer until the end of the month, said speaker Tom Reyes.

Schools had closed early on four days because pupils could not get home, and shops told of half their usual custom.

The board will pay for it with higher fares from autumn on, which the towns must still agree to at their meeting.', 'bus driver of the northern town end their strike tonight after the transport board offer them five per cent more the union had ask for eight and it member vote on the offer until the end of the month said speaker tom rey school had close earli on four day becaus pupil could not get home and shop told of half their usual custom the board will pay for it with higher fare from autumn on which the town must still agre to at their meet');
INSERT INTO "articles" VALUES (4, 'a-krhcifnedxvh', 'https://other.example/zh/1.html', 'other.example/zh/1.html', NULL, NULL, 'other', 'other.example', '港口重新开放', '["Ada Brink"]', '2026-04-30T18:00:00+02:00', 'second', 'meta:article:published_time', NULL, 'zh', 107, '2026-05-01T06:03:00.000000Z', '2026-05-01T06:03:00.000000Z', NULL, '2026-04-30T16:00:00.000000Z', 3, 'new', 4, 0, NULL, NULL, '[]', NULL, '{"authors": "byline", "charset": "header:utf-8", "language": "html-lang", "published": "meta:article:published_time", "text": "trafilatura:precision", "title": "h1"}', '6a779dda474fe16751c6d13a388980c8', 0, '港口 口重 重新 新开 开放 放', '港口在风暴过后十一周重新开放,外墙已经修复完毕。

港务局长表示,渡轮起初每天往返岛屿两次,六月起每小时一班。

潜水员发现旧桩完好无损,因此维修费用比市议会预留的少两百万。

渔民曾不得不把渔获运到沿海四十英里外的港口,有些人在三月卖掉了船。', '港口 口在 在风 风暴 暴过 过后 后十 十一 一周 周重 重新 新开 开放 放 外墙 墙已 已经 经修 修复 复完 完毕 毕 港务 务局 局长 长表 表示 示 渡轮 轮起 起初 初每 每天 天往 往返 返岛 岛屿 屿两 两次 次 六月 月起 起每 每小 小时 时一 一班 班 潜水 水员 员发 发现 现旧 旧桩 桩完 完好 好无 无损 损 因此 此维 维修 修费 费用 用比 比市 市议 议会 会预 预留 留的 的少 少两 两百 百万 万 渔民 民曾 曾不 不得 得不 不把 把渔 渔获 获运 运到 到沿 沿海 海四 四十 十英 英里 里外 外的 的港 港口 口 有些 些人 人在 在三 三月 月卖 卖掉 掉了 了船 船');
INSERT INTO "revisions" VALUES (1, 1, 1, '2026-05-01T06:00:00.000000Z', '2026-05-01T06:00:00.000000Z', 1, 'Harbour opens again', 'The harbour of Westhaven opens again on Monday, eleven weeks after a storm broke its outer wall.

Ferries to the islands will sail twice a day at first, harbour master Ada Brink told the council, and hourly from June.

Divers found the old piles whole, so that the repair cost two million less than the council had set aside for it.

Fishermen had to land their catch at Norburg, forty miles up the coast, and some of them sold their boats in March.', 'publisher', '972f276fddf1e1f1869ed8bf88228fb7', '6252ba606a4c4c50365a442b20914936');
INSERT INTO "revisions" VALUES (2, 2, 1, '2026-05-01T06:01:00.000000Z', '2026-05-02T04:00:00.000000Z', 2, 'Westhaven open', 'The harbour of Westhaven opens again on Monday, eleven weeks after a storm broke its outer wall.

Ferries to the islands will sail twice a day at first, harbour master Ada Brink told the council, and hourly from June.

Divers found the old piles whole, so that the repair cost two million less than the council had set aside for it.

Fishermen had to land their catch at Norburg, forty miles up the coast, and some of them sold their boats in March.', 'publisher', 'bda043066dbdbbdb9fc18027bdb74e23', '7bd5df44357218bb3126bbdb0855747d');
INSERT INTO "revisions" VALUES (3, 3, 1, '2026-05-01T06:02:00.000000Z', '2026-05-01T06:02:00.000000Z', 3, 'Bus drivers end strike', 'Bus drivers of the northern towns end their strike tonight, after the transport board offered them five per cent more.

The union had asked for eight, and its members vote on the offer until the end of the month, said speaker Tom Reyes.

Schools had closed early on four days because pupils could not get home, and shops told of half their usual custom.

The board will pay for it with higher fares from autumn on, which the towns must still agree to at their meeting.', 'publisher', '8d2c8aaf1a8fc76fb76a1afb313e142b', '6285afc643eebe5b94f22f45c7eab1aa');
INSERT INTO "revisions" VALUES (4, 4, 1, '2026-05-01T06:03:00.000000Z', '2026-05-01T06:03:00.000000Z', 4, '港口重新开放', '港口在风暴过后十一周重新开放,外墙已经修复完毕。

港务局长表示,渡轮起初每天往返岛屿两次,六月起每小时一班。

潜水员发现旧桩完好无损,因此维修费用比市议会预留的少两百万。

渔民曾不得不把渔获运到沿海四十英里外的港口,有些人在三月卖掉了船。', 'publisher', '1e6aa460d0c451d8781b74a51f8a7b0c', '3226b6d0fcee9e9cc7804160faf3c9af');
INSERT INTO "revisions" VALUES (5, 1, 2, '2026-05-01T06:04:00.000000Z', '2026-05-01T06:04:00.000000Z', 5, 'Harbour opens again', 'The harbour of Westhaven opens again on Monday, eleven weeks after a storm broke its outer wall.

Ferries to the islands will sail twice a day at first, harbour master Ada Brink told the council, and hourly from June.

Divers found the old piles whole, so that the repair cost two million less than the council had set aside for it.

Nobody sold a boat, the paper says now, and asks for pardon.', 'publisher', 'd982002106a5b0360613b46a457fb106', '671a75772ce3a883bf15ac252c277b65');
INSERT INTO "stories" VALUES (1, 'a-i763ikukzl2j', 1, 2);
INSERT INTO "stories" VALUES (2, 'a-yremc3km25k6', 3, 1);
INSERT INTO "stories" VALUES (3, 'a-krhcifnedxvh', 4, 1);
INSERT INTO "links" VALUES (2, 1, 'exact', 1.0, NULL);
INSERT INTO "dedupe_exact" VALUES (X'00240C309F12B696930E7E864523B61B', '2026-05-01T06:00:00.000000Z', 1);
INSERT INTO "dedupe_exact" VALUES (X'FEF3944BE14B857DB7D20FD17A700652', '2026-05-01T06:04:00.000000Z', 1);
INSERT INTO "dedupe_exact" VALUES (X'00240C309F12B696930E7E864523B61B', '2026-05-01T06:01:00.000000Z', 2);
INSERT INTO "dedupe_exact" VALUES (X'61E9A29A210F2BA34FB26C17B3D75FF7', '2026-05-01T06:02:00.000000Z', 3);
INSERT INTO "dedupe_exact" VALUES (X'D8C6B1C56661E14F92666BD713207A2C', '2026-05-01T06:03:00.000000Z', 4);
INSERT INTO "dedupe_pairs" VALUES (37407229743, 3);
INSERT INTO "dedupe_pairs" VALUES (45579399302, 4);
INSERT INTO "dedupe_pairs" VALUES (72838323268, 3);
INSERT INTO "dedupe_pairs" VALUES (91960023589, 1);
INSERT INTO "dedupe_pairs" VALUES (155066978103, 4);
INSERT INTO "dedupe_pairs" VALUES (164466305637, 3);
INSERT INTO "dedupe_pairs" VALUES (188449782897, 4);
INSERT INTO "dedupe_pairs" VALUES (253344335621, 4);
INSERT INTO "dedupe_pairs" VALUES (279268192104, 3);
INSERT INTO "dedupe_pairs" VALUES (305164351516, 4);
INSERT INTO "dedupe_pairs" VALUES (328978866360, 4);
INSERT INTO "dedupe_pairs" VALUES (334489385033, 4);
INSERT INTO "dedupe_pairs" VALUES (381421102675, 3);
INSERT INTO "dedupe_pairs" VALUES (415794835919, 3);
INSERT INTO "dedupe_pairs" VALUES (441935937779, 4);
INSERT INTO "dedupe_pairs" VALUES (444840335844, 4);
INSERT INTO "dedupe_pairs" VALUES (448899006350, 1);
INSERT INTO "dedupe_pairs" VALUES (448899006350, 2);
INSERT INTO "dedupe_pairs" VALUES (563278602856, 4);
INSERT INTO "dedupe_pairs" VALUES (705083156079, 4);
INSERT INTO "dedupe_pairs" VALUES (724050286731, 1);
INSERT INTO "dedupe_pairs" VALUES (724050286731, 2);
INSERT INTO "dedupe_pairs" VALUES (724050286731, 3);
INSERT INTO "dedupe_pairs" VALUES (825066987737, 1);
INSERT INTO "dedupe_pairs" VALUES (825066987737, 2);
INSERT INTO "dedupe_pairs" VALUES (825645638895, 1);
INSERT INTO "dedupe_pairs" VALUES (825645638895, 2);
INSERT INTO "dedupe_pairs" VALUES (844088123729, 3);
INSERT INTO "dedupe_pairs" VALUES (863991271792, 3);
INSERT INTO "dedupe_pairs" VALUES (897539399868, 4);
INSERT INTO "dedupe_pairs" VALUES (955028247032, 3);
INSERT INTO "dedupe_pairs" VALUES (955944314814, 3);
INSERT INTO "dedupe_pairs" VALUES (965666580720, 3);
INSERT INTO "dedupe_pairs" VALUES (978685938059, 1);
INSERT INTO "dedupe_pairs" VALUES (978685938059, 2);
INSERT INTO "dedupe_pairs" VALUES (1067042757071, 4);
INSERT INTO "dedupe_pairs" VALUES (1182258451977, 4);
INSERT INTO "dedupe_pairs" VALUES (1295559307473, 4);
INSERT INTO "dedupe_pairs" VALUES (1331350785572, 4);
INSERT INTO "dedupe_pairs" VALUES (1359886451302, 3);
INSERT INTO "dedupe_pairs" VALUES (1512625227318, 4);
INSERT INTO "dedupe_pairs" VALUES (1582906667451, 4);
INSERT INTO "dedupe_pairs" VALUES (1585704306328, 3);
INSERT INTO "dedupe_pairs" VALUES (1591363339708, 4);
INSERT INTO "dedupe_pairs" VALUES (1624261899812, 4);
INSERT INTO "dedupe_pairs" VALUES (1624324703880, 3);
INSERT INTO "dedupe_pairs" VALUES (1674191334993, 1);
INSERT INTO "dedupe_pairs" VALUES (1675244946807, 1);
INSERT INTO "dedupe_pairs" VALUES (1700923495862, 3);
INSERT INTO "dedupe_pairs" VALUES (1748634511518, 4);
INSERT INTO "dedupe_pairs" VALUES (1796445843150, 4);
INSERT INTO "dedupe_pairs" VALUES (1808261932414, 4);
INSERT INTO "dedupe_pairs" VALUES (1932634544120, 4);
INSERT INTO "dedupe_pairs" VALUES (2020250749773, 4);
INSERT INTO "dedupe_pairs" VALUES (2062440660426, 1);
INSERT INTO "dedupe_pairs" VALUES (2062440660426, 2);
INSERT INTO "dedupe_pairs" VALUES (2083215213435, 4);
INSERT INTO "dedupe_pairs" VALUES (2126334963786, 3);
INSERT INTO "dedupe_pairs" VALUES (2160139296238, 4);
INSERT INTO "dedupe_pairs" VALUES (2377421289888, 4);
INSERT INTO "dedupe_pairs" VALUES (2394261997604, 4);
INSERT INTO "dedupe_pairs" VALUES (2527068737657, 4);
INSERT INTO "dedupe_pairs" VALUES (2628072401029, 3);
INSERT INTO "dedupe_pairs" VALUES (2802046856679, 3);
INSERT INTO "dedupe_pairs" VALUES (2857771547912, 3);
INSERT INTO "dedupe_pairs" VALUES (2916507708502, 4);
INSERT INTO "dedupe_pairs" VALUES (2928302156363, 3);
INSERT INTO "dedupe_pairs" VALUES (2929457584359, 1);
INSERT INTO "dedupe_pairs" VALUES (2929457584359, 2);
INSERT INTO "dedupe_pairs" VALUES (3022191643686, 4);
INSERT INTO "dedupe_pairs" VALUES (3116273646899, 4);
INSERT INTO "dedupe_pairs" VALUES (3254613920746, 1);
INSERT INTO "dedupe_pairs" VALUES (3343611125842, 3);
INSERT INTO "dedupe_pairs" VALUES (3347137534165, 4);
INSERT INTO "dedupe_pairs" VALUES (3401206227883, 3);
INSERT INTO "dedupe_pairs" VALUES (3404080893851, 4);
INSERT INTO "dedupe_pairs" VALUES (3449943783346, 4);
INSERT INTO "dedupe_pairs" VALUES (3470490103212, 4);
INSERT INTO "dedupe_pairs" VALUES (3526357151890, 4);
INSERT INTO "dedupe_pairs" VALUES (3533319431397, 4);
INSERT INTO "dedupe_pairs" VALUES (3633504505870, 3);
INSERT INTO "dedupe_pairs" VALUES (3860406106142, 4);
INSERT INTO "dedupe_pairs" VALUES (3960850826961, 1);
INSERT INTO "dedupe_pairs" VALUES (3997296917491, 3);
INSERT INTO "dedupe_pairs" VALUES (4448117346115, 3);
INSERT INTO "dedupe_pairs" VALUES (4472877426669, 1);
INSERT INTO "dedupe_pairs" VALUES (4529457878270, 3);
INSERT INTO "dedupe_pairs" VALUES (4703212986660, 3);
INSERT INTO "dedupe_pairs" VALUES (4813361715018, 1);
INSERT INTO "dedupe_pairs" VALUES (4820392406993, 3);
INSERT INTO "dedupe_pairs" VALUES (4941298631730, 3);
INSERT INTO "dedupe_pairs" VALUES (5046942367819, 3);
INSERT INTO "dedupe_pairs" VALUES (5150800985053, 1);
INSERT INTO "dedupe_pairs" VALUES (5150800985053, 2);
INSERT INTO "dedupe_pairs" VALUES (5150943052607, 3);
INSERT INTO "dedupe_pairs" VALUES (5259038426029, 1);
INSERT INTO "dedupe_pairs" VALUES (5287100133561, 3);
INSERT INTO "dedupe_pairs" VALUES (5363058792960, 3);
INSERT INTO "dedupe_pairs" VALUES (5448456884540, 1);
INSERT INTO "dedupe_pairs" VALUES (5457687402897, 3);
INSERT INTO "dedupe_pairs" VALUES (5495256440522, 3);
INSERT INTO "dedupe_pairs" VALUES (5823856391815, 1);
INSERT INTO "dedupe_pairs" VALUES (5937026686861, 1);
INSERT INTO "dedupe_pairs" VALUES (6046745464899, 1);
INSERT INTO "dedupe_pairs" VALUES (6092790494382, 1);
INSERT INTO "dedupe_pairs" VALUES (6092790494382, 2);
INSERT INTO "dedupe_pairs" VALUES (6123705290557, 1);
INSERT INTO "dedupe_pairs" VALUES (6123705290557, 2);
INSERT INTO "dedupe_pairs" VALUES (6398014210357, 1);
INSERT INTO "dedupe_pairs" VALUES (6398014210357, 2);
INSERT INTO "dedupe_pairs" VALUES (6884783303466, 1);
INSERT INTO "dedupe_pairs" VALUES (6884783303466, 2);
INSERT INTO "dedupe_pairs" VALUES (6967403332819, 1);
INSERT INTO "dedupe_pairs" VALUES (6967403332819, 2);
INSERT INTO "dedupe_pairs" VALUES (7622357549602, 1);
INSERT INTO "dedupe_pairs" VALUES (7622357549602, 2);
INSERT INTO "dedupe_pairs" VALUES (7965634833157, 1);
INSERT INTO "dedupe_pairs" VALUES (7965634833157, 2);
INSERT INTO "dedupe_pairs" VALUES (8090332165097, 1);
INSERT INTO "dedupe_pairs" VALUES (8090332165097, 2);
INSERT INTO "dedupe_pairs" VALUES (8335078748033, 1);
INSERT INTO "dedupe_pairs" VALUES (8335078748033, 2);
INSERT INTO "dedupe_pairs" VALUES (8571156014178, 1);
INSERT INTO "dedupe_pairs" VALUES (8571156014178, 2);
INSERT INTO "dedupe_pairs" VALUES (12238330683094, 1);
INSERT INTO "dedupe_pairs" VALUES (12238330683094, 2);
INSERT INTO "dedupe_pairs" VALUES (13138657226484, 1);
INSERT INTO "dedupe_pairs" VALUES (13138657226484, 2);
INSERT INTO "dedupe_pairs" VALUES (14297368859343, 1);
INSERT INTO "dedupe_pairs" VALUES (14297368859343, 2);
INSERT INTO "dedupe_pairs" VALUES (14689057944176, 1);
INSERT INTO "dedupe_pairs" VALUES (14689057944176, 2);
INSERT INTO "dedupe_pairs" VALUES (15635853325681, 1);
INSERT INTO "dedupe_pairs" VALUES (15635853325681, 2);
INSERT INTO "dedupe_pairs" VALUES (16047012765514, 3);
INSERT INTO "dedupe_pairs" VALUES (16287212218614, 1);
INSERT INTO "dedupe_pairs" VALUES (16287212218614, 2);
INSERT INTO "dedupe_pairs" VALUES (16442113247960, 1);
INSERT INTO "dedupe_pairs" VALUES (16442113247960, 2);
INSERT INTO "dedupe_pairs" VALUES (18460354022436, 1);
INSERT INTO "dedupe_pairs" VALUES (18460354022436, 2);
INSERT INTO "dedupe_pairs" VALUES (19565967011187, 1);
INSERT INTO "dedupe_pairs" VALUES (19565967011187, 2);
INSERT INTO "dedupe_pairs" VALUES (20450965613400, 1);
INSERT INTO "dedupe_pairs" VALUES (20450965613400, 2);
INSERT INTO "dedupe_pairs" VALUES (21725102635223, 1);
INSERT INTO "dedupe_pairs" VALUES (21725102635223, 2);
INSERT INTO "dedupe_pairs" VALUES (21788680050854, 3);
INSERT INTO "dedupe_pairs" VALUES (22130436418767, 1);
INSERT INTO "dedupe_pairs" VALUES (22130436418767, 2);
INSERT INTO "dedupe_pairs" VALUES (22363898065718, 3);
INSERT INTO "dedupe_pairs" VALUES (22973839901643, 1);
INSERT INTO "dedupe_pairs" VALUES (22973839901643, 2);
INSERT INTO "dedupe_pairs" VALUES (23015056744087, 1);
INSERT INTO "dedupe_pairs" VALUES (23015056744087, 2);
INSERT INTO "dedupe_pairs" VALUES (23853313142323, 1);
INSERT INTO "dedupe_pairs" VALUES (23853313142323, 2);
INSERT INTO "dedupe_pairs" VALUES (26640857633998, 1);
INSERT INTO "dedupe_pairs" VALUES (26640857633998, 2);
INSERT INTO "dedupe_pairs" VALUES (28681460095639, 1);
INSERT INTO "dedupe_pairs" VALUES (28681460095639, 2);
INSERT INTO "dedupe_pairs" VALUES (30262452745176, 3);
INSERT INTO "dedupe_pairs" VALUES (30445975065627, 1);
INSERT INTO "dedupe_pairs" VALUES (30445975065627, 2);
INSERT INTO "dedupe_pairs" VALUES (31703956127205, 1);
INSERT INTO "dedupe_pairs" VALUES (31703956127205, 2);
INSERT INTO "dedupe_pairs" VALUES (32254101835573, 1);
INSERT INTO "dedupe_pairs" VALUES (32254101835573, 2);
INSERT INTO "dedupe_pairs" VALUES (32963947536417, 1);
INSERT INTO "dedupe_pairs" VALUES (32963947536417, 2);
INSERT INTO "dedupe_pairs" VALUES (33199428572605, 1);
INSERT INTO "dedupe_pairs" VALUES (33199428572605, 2);
INSERT INTO "dedupe_terms" VALUES (0, 4);
INSERT INTO "dedupe_terms" VALUES (5495336203, 1);
INSERT INTO "dedupe_terms" VALUES (6629238704, 1);
INSERT INTO "dedupe_terms" VALUES (15800035818, 2);
INSERT INTO "dedupe_terms" VALUES (30519016846, 1);
INSERT INTO "dedupe_terms" VALUES (35301203046, 1);
INSERT INTO "dedupe_terms" VALUES (37331841408, 1);
INSERT INTO "dedupe_terms" VALUES (38990776376, 2);
INSERT INTO "dedupe_terms" VALUES (42076942409, 1);
INSERT INTO "dedupe_terms" VALUES (45042141126, 1);
INSERT INTO "dedupe_terms" VALUES (51374681086, 2);
INSERT INTO "dedupe_terms" VALUES (59827982497, 1);
INSERT INTO "dedupe_terms" VALUES (64255328360, 1);
INSERT INTO "dedupe_terms" VALUES (66732922610, 2);
INSERT INTO "dedupe_terms" VALUES (75528334638, 2);
INSERT INTO "dedupe_terms" VALUES (85339480881, 1);
INSERT INTO "dedupe_terms" VALUES (95816419212, 2);
INSERT INTO "dedupe_terms" VALUES (99352037417, 1);
INSERT INTO "dedupe_terms" VALUES (102092247130, 1);
INSERT INTO "dedupe_terms" VALUES (112006209260, 1);
INSERT INTO "dedupe_terms" VALUES (113691011083, 1);
INSERT INTO "dedupe_terms" VALUES (119851373326, 1);
INSERT INTO "dedupe_terms" VALUES (121499945070, 1);
INSERT INTO "dedupe_terms" VALUES (127951263113, 1);
INSERT INTO "dedupe_terms" VALUES (131794345805, 1);
INSERT INTO "dedupe_terms" VALUES (132480728213, 1);
INSERT INTO "dedupe_terms" VALUES (138155740628, 1);
INSERT INTO "dedupe_terms" VALUES (139481049099, 2);
INSERT INTO "dedupe_terms" VALUES (143603948822, 1);
INSERT INTO "dedupe_terms" VALUES (162345980673, 1);
INSERT INTO "dedupe_terms" VALUES (168862540447, 2);
INSERT INTO "dedupe_terms" VALUES (170000926138, 1);
INSERT INTO "dedupe_terms" VALUES (184795229525, 1);
INSERT INTO "dedupe_terms" VALUES (185798950302, 2);
INSERT INTO "dedupe_terms" VALUES (189755763910, 1);
INSERT INTO "dedupe_terms" VALUES (194598335498, 2);
INSERT INTO "dedupe_terms" VALUES (209034891944, 2);
INSERT INTO "dedupe_terms" VALUES (212772902147, 3);
INSERT INTO "dedupe_terms" VALUES (213367602084, 2);
INSERT INTO "dedupe_terms" VALUES (219125460907, 2);
INSERT INTO "dedupe_terms" VALUES (234958184543, 1);
INSERT INTO "dedupe_terms" VALUES (257945453537, 2);
INSERT INTO "dedupe_terms" VALUES (266982089672, 1);
INSERT INTO "dedupe_terms" VALUES (267282053462, 1);
INSERT INTO "dedupe_terms" VALUES (274876788693, 1);
INSERT INTO "dedupe_terms" VALUES (275189060424, 2);
INSERT INTO "dedupe_terms" VALUES (283384079112, 2);
INSERT INTO "dedupe_terms" VALUES (288186632327, 2);
INSERT INTO "dedupe_terms" VALUES (297146529820, 1);
INSERT INTO "dedupe_terms" VALUES (298719680794, 1);
INSERT INTO "dedupe_terms" VALUES (307621113576, 1);
INSERT INTO "dedupe_terms" VALUES (308283562490, 1);
INSERT INTO "dedupe_terms" VALUES (316542106223, 1);
INSERT INTO "dedupe_terms" VALUES (319397486485, 1);
INSERT INTO "dedupe_terms" VALUES (328637358323, 1);
INSERT INTO "dedupe_terms" VALUES (329128082298, 1);
INSERT INTO "dedupe_terms" VALUES (330537061197, 3);
INSERT INTO "dedupe_terms" VALUES (349430018566, 2);
INSERT INTO "dedupe_terms" VALUES (353057705702, 1);
INSERT INTO "dedupe_terms" VALUES (363123325363, 2);
INSERT INTO "dedupe_terms" VALUES (364437213771, 1);
INSERT INTO "dedupe_terms" VALUES (366595537505, 1);
INSERT INTO "dedupe_terms" VALUES (377864382020, 2);
INSERT INTO "dedupe_terms" VALUES (382942258538, 1);
INSERT INTO "dedupe_terms" VALUES (383555191605, 1);
INSERT INTO "dedupe_terms" VALUES (384661118286, 1);
INSERT INTO "dedupe_terms" VALUES (387122382862, 1);
INSERT INTO "dedupe_terms" VALUES (390342956278, 1);
INSERT INTO "dedupe_terms" VALUES (394416198802, 1);
INSERT INTO "dedupe_terms" VALUES (402070145490, 2);
INSERT INTO "dedupe_terms" VALUES (402677577499, 2);
INSERT INTO "dedupe_terms" VALUES (406534158130, 1);
INSERT INTO "dedupe_terms" VALUES (414883628847, 1);
INSERT INTO "dedupe_terms" VALUES (415976219608, 3);
INSERT INTO "dedupe_terms" VALUES (416166252472, 1);
INSERT INTO "dedupe_terms" VALUES (418424271234, 1);
INSERT INTO "dedupe_terms" VALUES (421323366511, 1);
INSERT INTO "dedupe_terms" VALUES (425658492442, 1);
INSERT INTO "dedupe_terms" VALUES (433830422765, 1);
INSERT INTO "dedupe_terms" VALUES (447533016049, 2);
INSERT INTO "dedupe_terms" VALUES (450902256099, 2);
INSERT INTO "dedupe_terms" VALUES (453127333487, 1);
INSERT INTO "dedupe_terms" VALUES (454881668602, 3);
INSERT INTO "dedupe_terms" VALUES (467998131783, 1);
INSERT INTO "dedupe_terms" VALUES (489190629869, 1);
INSERT INTO "dedupe_terms" VALUES (490581330880, 3);
INSERT INTO "dedupe_terms" VALUES (495930457606, 1);
INSERT INTO "dedupe_terms" VALUES (505224880734, 1);
INSERT INTO "dedupe_terms" VALUES (508468169784, 1);
INSERT INTO "dedupe_terms" VALUES (513821808026, 1);
INSERT INTO "dedupe_terms" VALUES (520306441967, 1);
INSERT INTO "dedupe_terms" VALUES (521786243902, 1);
INSERT INTO "dedupe_terms" VALUES (527569947550, 1);
INSERT INTO "dedupe_terms" VALUES (528725052227, 2);
INSERT INTO "dedupe_terms" VALUES (536779145868, 2);
INSERT INTO "dedupe_terms" VALUES (539643409833, 1);
INSERT INTO "dedupe_terms" VALUES (539818910145, 1);
INSERT INTO "dedupe_terms" VALUES (552696095254, 1);
INSERT INTO "dedupe_terms" VALUES (553922899500, 1);
INSERT INTO "dedupe_terms" VALUES (556296979881, 1);
INSERT INTO "dedupe_terms" VALUES (558955357745, 3);
INSERT INTO "dedupe_terms" VALUES (565110142451, 1);
INSERT INTO "dedupe_terms" VALUES (565767260090, 1);
INSERT INTO "dedupe_terms" VALUES (566682193614, 1);
INSERT INTO "dedupe_terms" VALUES (571281985871, 3);
INSERT INTO "dedupe_terms" VALUES (573203983878, 1);
INSERT INTO "dedupe_terms" VALUES (574212966955, 1);
INSERT INTO "dedupe_terms" VALUES (586358861126, 2);
INSERT INTO "dedupe_terms" VALUES (589241764930, 1);
INSERT INTO "dedupe_terms" VALUES (590138171934, 1);
INSERT INTO "dedupe_terms" VALUES (592041098370, 1);
INSERT INTO "dedupe_terms" VALUES (593096081867, 1);
INSERT INTO "dedupe_terms" VALUES (593128801334, 2);
INSERT INTO "dedupe_terms" VALUES (595243061898, 1);
INSERT INTO "dedupe_terms" VALUES (597824184439, 1);
INSERT INTO "dedupe_terms" VALUES (600487394521, 1);
INSERT INTO "dedupe_terms" VALUES (608567069029, 1);
INSERT INTO "dedupe_terms" VALUES (609441402758, 1);
INSERT INTO "dedupe_terms" VALUES (612055808349, 2);
INSERT INTO "dedupe_terms" VALUES (616556898476, 1);
INSERT INTO "dedupe_terms" VALUES (617331696015, 1);
INSERT INTO "dedupe_terms" VALUES (622738477154, 1);
INSERT INTO "dedupe_terms" VALUES (624713169261, 1);
INSERT INTO "dedupe_terms" VALUES (635226920270, 1);
INSERT INTO "dedupe_terms" VALUES (640107259720, 1);
INSERT INTO "dedupe_terms" VALUES (644147584117, 1);
INSERT INTO "dedupe_terms" VALUES (665250785736, 1);
INSERT INTO "dedupe_terms" VALUES (667653003820, 2);
INSERT INTO "dedupe_terms" VALUES (691669078240, 1);
INSERT INTO "dedupe_terms" VALUES (697681916342, 1);
INSERT INTO "dedupe_terms" VALUES (698030563274, 1);
INSERT INTO "dedupe_terms" VALUES (700798233365, 1);
INSERT INTO "dedupe_terms" VALUES (701400702512, 1);
INSERT INTO "dedupe_terms" VALUES (704183068723, 1);
INSERT INTO "dedupe_terms" VALUES (709884521958, 1);
INSERT INTO "dedupe_terms" VALUES (710859827303, 1);
INSERT INTO "dedupe_terms" VALUES (713341150274, 2);
INSERT INTO "dedupe_terms" VALUES (714511642357, 1);
INSERT INTO "dedupe_terms" VALUES (717919986268, 3);
INSERT INTO "dedupe_terms" VALUES (722709140843, 3);
INSERT INTO "dedupe_terms" VALUES (725407627513, 2);
INSERT INTO "dedupe_terms" VALUES (726363125577, 1);
INSERT INTO "dedupe_terms" VALUES (730719977225, 1);
INSERT INTO "dedupe_terms" VALUES (736312678260, 1);
INSERT INTO "dedupe_terms" VALUES (740016603706, 1);
INSERT INTO "dedupe_terms" VALUES (749094559800, 2);
INSERT INTO "dedupe_terms" VALUES (749536616931, 1);
INSERT INTO "dedupe_terms" VALUES (753700605527, 1);
INSERT INTO "dedupe_terms" VALUES (756509681582, 3);
INSERT INTO "dedupe_terms" VALUES (765173237230, 2);
INSERT INTO "dedupe_terms" VALUES (766581315235, 1);
INSERT INTO "dedupe_terms" VALUES (770984119084, 2);
INSERT INTO "dedupe_terms" VALUES (774835228545, 1);
INSERT INTO "dedupe_terms" VALUES (775098406070, 1);
INSERT INTO "dedupe_terms" VALUES (778413798706, 2);
INSERT INTO "dedupe_terms" VALUES (780693585102, 1);
INSERT INTO "dedupe_terms" VALUES (783249561441, 1);
INSERT INTO "dedupe_terms" VALUES (784800658021, 1);
INSERT INTO "dedupe_terms" VALUES (802831362455, 1);
INSERT INTO "dedupe_terms" VALUES (808945881323, 2);
INSERT INTO "dedupe_terms" VALUES (809618316032, 2);
INSERT INTO "dedupe_terms" VALUES (810377420142, 1);
INSERT INTO "dedupe_terms" VALUES (816835182124, 3);
INSERT INTO "dedupe_terms" VALUES (817479294751, 1);
INSERT INTO "dedupe_terms" VALUES (817769034447, 1);
INSERT INTO "dedupe_terms" VALUES (829774838900, 1);
INSERT INTO "dedupe_terms" VALUES (832540800557, 3);
INSERT INTO "dedupe_terms" VALUES (833670087154, 1);
INSERT INTO "dedupe_terms" VALUES (835716400410, 1);
INSERT INTO "dedupe_terms" VALUES (835953722236, 2);
INSERT INTO "dedupe_terms" VALUES (848078953502, 1);
INSERT INTO "dedupe_terms" VALUES (848583889038, 1);
INSERT INTO "dedupe_terms" VALUES (859467479260, 1);
INSERT INTO "dedupe_terms" VALUES (863014383618, 2);
INSERT INTO "dedupe_terms" VALUES (868614457330, 1);
INSERT INTO "dedupe_terms" VALUES (876037084349, 2);
INSERT INTO "dedupe_terms" VALUES (879186954122, 1);
INSERT INTO "dedupe_terms" VALUES (879632219136, 1);
INSERT INTO "dedupe_terms" VALUES (883611506181, 1);
INSERT INTO "dedupe_terms" VALUES (895336763631, 1);
INSERT INTO "dedupe_terms" VALUES (899244769781, 1);
INSERT INTO "dedupe_terms" VALUES (908115569257, 1);
INSERT INTO "dedupe_terms" VALUES (910968355643, 3);
INSERT INTO "dedupe_terms" VALUES (918830479854, 1);
INSERT INTO "dedupe_terms" VALUES (926085269734, 1);
INSERT INTO "dedupe_terms" VALUES (931609045499, 1);
INSERT INTO "dedupe_terms" VALUES (931975465315, 2);
INSERT INTO "dedupe_terms" VALUES (943616108762, 1);
INSERT INTO "dedupe_terms" VALUES (949243439490, 1);
INSERT INTO "dedupe_terms" VALUES (950138002764, 1);
INSERT INTO "dedupe_terms" VALUES (952022788324, 1);
INSERT INTO "dedupe_terms" VALUES (958830213995, 2);
INSERT INTO "dedupe_terms" VALUES (959491370012, 1);
INSERT INTO "dedupe_terms" VALUES (974013444783, 1);
INSERT INTO "dedupe_terms" VALUES (974787702133, 1);
INSERT INTO "dedupe_terms" VALUES (975507527622, 2);
INSERT INTO "dedupe_terms" VALUES (978995926662, 1);
INSERT INTO "dedupe_terms" VALUES (985152042205, 1);
INSERT INTO "dedupe_terms" VALUES (985218702585, 2);
INSERT INTO "dedupe_terms" VALUES (986033928893, 1);
INSERT INTO "dedupe_terms" VALUES (994012981854, 2);
INSERT INTO "dedupe_terms" VALUES (998653704861, 2);
INSERT INTO "dedupe_terms" VALUES (1002116402822, 1);
INSERT INTO "dedupe_terms" VALUES (1003076486413, 1);
INSERT INTO "dedupe_terms" VALUES (1007412475274, 2);
INSERT INTO "dedupe_terms" VALUES (1010129906620, 2);
INSERT INTO "dedupe_terms" VALUES (1033200753416, 1);
INSERT INTO "dedupe_terms" VALUES (1039527642073, 1);
INSERT INTO "dedupe_terms" VALUES (1044957553623, 1);
INSERT INTO "dedupe_terms" VALUES (1050457323667, 1);
INSERT INTO "dedupe_terms" VALUES (1051753838830, 2);
INSERT INTO "dedupe_terms" VALUES (1056917021275, 1);
INSERT INTO "dedupe_terms" VALUES (1058360761203, 1);
INSERT INTO "dedupe_terms" VALUES (1060567145443, 1);
INSERT INTO "dedupe_terms" VALUES (1063283150499, 2);
INSERT INTO "dedupe_terms" VALUES (1075374480796, 1);
INSERT INTO "dedupe_terms" VALUES (1081234236836, 3);
INSERT INTO "dedupe_terms" VALUES (1083307015183, 3);
INSERT INTO "dedupe_terms" VALUES (1086711201744, 1);
INSERT INTO "dedupe_terms" VALUES (1089055670721, 3);
INSERT INTO "dedupe_terms" VALUES (1096542962383, 1);
INSERT INTO "dedupe_terms" VALUES (1097075930882, 1);
INSERT INTO "dedupe_terms" VALUES (1097635359105, 1);
INSERT INTO "dedupe_lines" VALUES (102798394771, 1, 3);
INSERT INTO "dedupe_lines" VALUES (192705063787, 1, 1);
INSERT INTO "dedupe_lines" VALUES (275492381968, 1, 1);
INSERT INTO "dedupe_lines" VALUES (279475450882, 1, 4);
INSERT INTO "dedupe_lines" VALUES (321350521006, 1, 3);
INSERT INTO "dedupe_lines" VALUES (446674315290, 1, 3);
INSERT INTO "dedupe_lines" VALUES (587747248915, 1, 4);
INSERT INTO "dedupe_lines" VALUES (727794692260, 1, 4);
INSERT INTO "dedupe_lines" VALUES (776918906788, 1, 1);
INSERT INTO "dedupe_lines" VALUES (810096538407, 1, 4);
INSERT INTO "dedupe_lines" VALUES (870725405210, 1, 1);
INSERT INTO "dedupe_lines" VALUES (977100539659, 1, 3);
INSERT INTO "dedupe_lines" VALUES (1063607547997, 1, 1);
INSERT INTO "revision_changes" VALUES (1, 1, '2026-05-01T06:04:00.000000Z', 'publisher', 2, 1, 'removed', 4, 'Fishermen had to land their catch at Norburg, forty miles up the coast, and some of them sold their boats in March.', NULL);
INSERT INTO "revision_changes" VALUES (2, 1, '2026-05-01T06:04:00.000000Z', 'publisher', 2, 2, 'added', 4, NULL, 'Nobody sold a boat, the paper says now, and asks for pardon.');
INSERT INTO "decided" VALUES ('stories', '');
INSERT INTO "opt_out_signals" VALUES (3, 'meta:robots', 'noarchive', 'noarchive', 1, NULL);
INSERT INTO "opt_outs" VALUES (3, 3, NULL, '[{"name": "noarchive", "via": "meta:robots", "value": "noarchive"}]');
INSERT INTO "article_days" VALUES ('2026-04-30', 'other', 2);
INSERT INTO "article_days" VALUES ('2026-04-30', 'paper', 2);
INSERT INTO "article_months" VALUES ('2026-04', 'other', 'other.example', 'en', 1);
INSERT INTO "article_months" VALUES ('2026-04', 'other', 'other.example', 'zh', 1);
INSERT INTO "article_months" VALUES ('2026-04', 'paper', 'paper.example', 'en', 2);
INSERT INTO articles_fts(articles_fts, rank) VALUES ('rank', 'bm25(5.0, 1.0)');
INSERT INTO articles_fts(articles_fts) VALUES ('rebuild');
CREATE TRIGGER articles_count_born AFTER INSERT ON articles WHEN new.hidden = 0 BEGIN INSERT INTO article_days VALUES (substr(new.sort_at, 1, 10), ifnull(new.source, ''), 1) ON CONFLICT DO UPDATE SET articles = articles + 1; INSERT INTO article_months VALUES (substr(new.sort_at, 1, 7), ifnull(new.source, ''), new.domain, ifnull(new.language, ''), 1) ON CONFLICT DO UPDATE SET articles = articles + 1; END;
CREATE TRIGGER articles_count_gone AFTER DELETE ON articles WHEN old.hidden = 0 BEGIN INSERT INTO article_days VALUES (substr(old.sort_at, 1, 10), ifnull(old.source, ''), -1) ON CONFLICT DO UPDATE SET articles = articles + -1; INSERT INTO article_months VALUES (substr(old.sort_at, 1, 7), ifnull(old.source, ''), old.domain, ifnull(old.language, ''), -1) ON CONFLICT DO UPDATE SET articles = articles + -1; DELETE FROM article_days WHERE day = substr(old.sort_at, 1, 10) AND source = ifnull(old.source, '') AND articles = 0; DELETE FROM article_months WHERE month = substr(old.sort_at, 1, 7) AND source = ifnull(old.source, '') AND domain = old.domain AND language = ifnull(old.language, '') AND articles = 0; END;
CREATE TRIGGER articles_count_from AFTER UPDATE OF hidden, sort_at, source, domain, language ON articles WHEN old.hidden = 0 AND (old.hidden <> new.hidden OR substr(old.sort_at, 1, 10) <> substr(new.sort_at, 1, 10) OR old.source IS NOT new.source OR old.domain <> new.domain OR old.language IS NOT new.language) BEGIN INSERT INTO article_days VALUES (substr(old.sort_at, 1, 10), ifnull(old.source, ''), -1) ON CONFLICT DO UPDATE SET articles = articles + -1; INSERT INTO article_months VALUES (substr(old.sort_at, 1, 7), ifnull(old.source, ''), old.domain, ifnull(old.language, ''), -1) ON CONFLICT DO UPDATE SET articles = articles + -1; DELETE FROM article_days WHERE day = substr(old.sort_at, 1, 10) AND source = ifnull(old.source, '') AND articles = 0; DELETE FROM article_months WHERE month = substr(old.sort_at, 1, 7) AND source = ifnull(old.source, '') AND domain = old.domain AND language = ifnull(old.language, '') AND articles = 0; END;
CREATE TRIGGER articles_count_to AFTER UPDATE OF hidden, sort_at, source, domain, language ON articles WHEN new.hidden = 0 AND (old.hidden <> new.hidden OR substr(old.sort_at, 1, 10) <> substr(new.sort_at, 1, 10) OR old.source IS NOT new.source OR old.domain <> new.domain OR old.language IS NOT new.language) BEGIN INSERT INTO article_days VALUES (substr(new.sort_at, 1, 10), ifnull(new.source, ''), 1) ON CONFLICT DO UPDATE SET articles = articles + 1; INSERT INTO article_months VALUES (substr(new.sort_at, 1, 7), ifnull(new.source, ''), new.domain, ifnull(new.language, ''), 1) ON CONFLICT DO UPDATE SET articles = articles + 1; END;
CREATE TRIGGER articles_fts_born AFTER INSERT ON articles WHEN new.hidden = 0 BEGIN INSERT INTO articles_fts(rowid, title, text) VALUES (new.pk, new.title_terms, new.text_terms); END;
CREATE TRIGGER articles_fts_gone BEFORE DELETE ON articles WHEN old.hidden = 0 BEGIN INSERT INTO articles_fts(articles_fts, rowid, title, text) VALUES ('delete', old.pk, old.title_terms, old.text_terms); END;
CREATE TRIGGER articles_fts_hide BEFORE UPDATE OF hidden ON articles WHEN old.hidden = 0 AND new.hidden = 1 BEGIN INSERT INTO articles_fts(articles_fts, rowid, title, text) VALUES ('delete', old.pk, old.title_terms, old.text_terms); END;
CREATE TRIGGER articles_fts_show AFTER UPDATE OF hidden ON articles WHEN old.hidden = 1 AND new.hidden = 0 BEGIN INSERT INTO articles_fts(rowid, title, text) VALUES (new.pk, new.title_terms, new.text_terms); END;
CREATE TRIGGER articles_fts_change_1 BEFORE UPDATE OF title_terms, text_terms ON articles WHEN old.hidden = 0 AND new.hidden = 0 AND (old.title_terms IS NOT new.title_terms OR old.text_terms IS NOT new.text_terms) BEGIN INSERT INTO articles_fts(articles_fts, rowid, title, text) VALUES ('delete', old.pk, old.title_terms, old.text_terms); END;
CREATE TRIGGER articles_fts_change_2 AFTER UPDATE OF title_terms, text_terms ON articles WHEN old.hidden = 0 AND new.hidden = 0 AND (old.title_terms IS NOT new.title_terms OR old.text_terms IS NOT new.text_terms) BEGIN INSERT INTO articles_fts(rowid, title, text) VALUES (new.pk, new.title_terms, new.text_terms); END;
PRAGMA user_version = 0;
COMMIT;
