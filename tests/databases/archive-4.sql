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
INSERT INTO "_sqlite_migrations" VALUES (1, 'morgue', 'm001_foundation', '2026-11-22 13:03:26.307858+00:00');
INSERT INTO "_sqlite_migrations" VALUES (2, 'morgue', 'm002_profiles', '2026-11-22 13:03:26.308859+00:00');
INSERT INTO "_sqlite_migrations" VALUES (3, 'morgue', 'm003_stories', '2026-11-22 13:03:26.309171+00:00');
INSERT INTO "_sqlite_migrations" VALUES (4, 'morgue', 'm004_changes', '2026-11-22 13:03:26.309626+00:00');
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
INSERT INTO "extractions" VALUES (3, 3, 1, 'article', NULL, X'789CED53DB6EDB300CFD1542AF730A371B86C26FEB2774795B878291694B882E0645250B8AFEFB2827EBE56DCFC300C306A9C3C3231EFAD9208BB781CC205CA93358C5652E66F861BE8D08F7ECD3C1FCEC4CC034579C15672899CE44E4C3984F49E3FB5A60647F242E902710479032EB871388420A501A5BDA3314617F204D273F3BE90027215E4B84319545EB609F9147659A8869AD8B30293B2C8AB494046266BA794C8F69A77535F99CC0E108580E8A9F32035DC9B5AD970291E2BE893B662150706BB7D26BB1F8B0C64DE2557CCC495C0705FD0865213C287097233CD099CADAF7BB753987B276B521176D4BC8E1DCC8A75C19463C17D893C55A54775DBC826DAE61D4C908CC24E072A48BC2E2F25274226115E0304CD759D5523180AD45727CBDEE6538271F022C785E6FEB456371E0F4D62A7542A60213AB6235B3C6A4AA3A38396FDD65D0AB255169D58DC68333534B03CAB57324129FE61BF579E17CA484C9AAF3CF6FDB61F6E7E01329C03AE442A2294738120F55A6CD9DF9B0314E62D8B4B811D67DF0C5D1A8F94882C3750187D78327F1B1310BFD6AB4BA18930F2895715898AC2F6A783BF61256F25BF3F29176DB6FBF6EFA2F9BCFFDEEF66EE87B7D3EF55B7DBF6FFFF4C635984236A7F1C3F1D1E3DF2AFCFF03FCC33FC09F357B6F729BD5C548F3F21BCB02DEC4', 'f9a0a8b934051385498a2fb300351dc7', NULL);
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
INSERT INTO "dedupe_pairs" VALUES (269761728184, 4);
INSERT INTO "dedupe_pairs" VALUES (467501952113, 4);
INSERT INTO "dedupe_pairs" VALUES (489752908778, 4);
INSERT INTO "dedupe_pairs" VALUES (528791886734, 1);
INSERT INTO "dedupe_pairs" VALUES (528791886734, 2);
INSERT INTO "dedupe_pairs" VALUES (534143758147, 4);
INSERT INTO "dedupe_pairs" VALUES (684399445856, 1);
INSERT INTO "dedupe_pairs" VALUES (684399445856, 2);
INSERT INTO "dedupe_pairs" VALUES (805582342563, 4);
INSERT INTO "dedupe_pairs" VALUES (822838095839, 4);
INSERT INTO "dedupe_pairs" VALUES (874538491016, 4);
INSERT INTO "dedupe_pairs" VALUES (1084245262854, 4);
INSERT INTO "dedupe_pairs" VALUES (1108435502899, 4);
INSERT INTO "dedupe_pairs" VALUES (1155644402588, 4);
INSERT INTO "dedupe_pairs" VALUES (1157529188148, 4);
INSERT INTO "dedupe_pairs" VALUES (1222288557539, 3);
INSERT INTO "dedupe_pairs" VALUES (1292217601568, 4);
INSERT INTO "dedupe_pairs" VALUES (1307110196573, 3);
INSERT INTO "dedupe_pairs" VALUES (1400769466001, 1);
INSERT INTO "dedupe_pairs" VALUES (1400769466001, 2);
INSERT INTO "dedupe_pairs" VALUES (1403312403154, 1);
INSERT INTO "dedupe_pairs" VALUES (1403312403154, 2);
INSERT INTO "dedupe_pairs" VALUES (1424269173320, 4);
INSERT INTO "dedupe_pairs" VALUES (1473659469776, 4);
INSERT INTO "dedupe_pairs" VALUES (1489180444204, 4);
INSERT INTO "dedupe_pairs" VALUES (1497213585632, 1);
INSERT INTO "dedupe_pairs" VALUES (1497213585632, 2);
INSERT INTO "dedupe_pairs" VALUES (1570802691487, 4);
INSERT INTO "dedupe_pairs" VALUES (1573453336120, 4);
INSERT INTO "dedupe_pairs" VALUES (1648260193926, 3);
INSERT INTO "dedupe_pairs" VALUES (1662511964382, 4);
INSERT INTO "dedupe_pairs" VALUES (1699790127753, 4);
INSERT INTO "dedupe_pairs" VALUES (1766728486406, 4);
INSERT INTO "dedupe_pairs" VALUES (1812853384463, 4);
INSERT INTO "dedupe_pairs" VALUES (1841426285857, 4);
INSERT INTO "dedupe_pairs" VALUES (1858687786160, 4);
INSERT INTO "dedupe_pairs" VALUES (1911172476550, 3);
INSERT INTO "dedupe_pairs" VALUES (1935949784739, 4);
INSERT INTO "dedupe_pairs" VALUES (1942087741669, 4);
INSERT INTO "dedupe_pairs" VALUES (1987148185620, 3);
INSERT INTO "dedupe_pairs" VALUES (1996054292919, 4);
INSERT INTO "dedupe_pairs" VALUES (2005305650069, 3);
INSERT INTO "dedupe_pairs" VALUES (2012863273382, 4);
INSERT INTO "dedupe_pairs" VALUES (2122154249126, 4);
INSERT INTO "dedupe_pairs" VALUES (2122669500483, 4);
INSERT INTO "dedupe_pairs" VALUES (2152969103717, 4);
INSERT INTO "dedupe_pairs" VALUES (2176999960008, 4);
INSERT INTO "dedupe_pairs" VALUES (2177644309609, 3);
INSERT INTO "dedupe_pairs" VALUES (2216126542930, 1);
INSERT INTO "dedupe_pairs" VALUES (2260467906486, 1);
INSERT INTO "dedupe_pairs" VALUES (2273091728641, 3);
INSERT INTO "dedupe_pairs" VALUES (2306501617501, 4);
INSERT INTO "dedupe_pairs" VALUES (2320552537483, 4);
INSERT INTO "dedupe_pairs" VALUES (2339922483668, 4);
INSERT INTO "dedupe_pairs" VALUES (2376576297446, 4);
INSERT INTO "dedupe_pairs" VALUES (2437194792990, 1);
INSERT INTO "dedupe_pairs" VALUES (2437194792990, 2);
INSERT INTO "dedupe_pairs" VALUES (2447763539274, 3);
INSERT INTO "dedupe_pairs" VALUES (2453223396181, 4);
INSERT INTO "dedupe_pairs" VALUES (2477405934561, 3);
INSERT INTO "dedupe_pairs" VALUES (2494774717127, 3);
INSERT INTO "dedupe_pairs" VALUES (2577376598250, 3);
INSERT INTO "dedupe_pairs" VALUES (2590980135667, 3);
INSERT INTO "dedupe_pairs" VALUES (2609246875175, 4);
INSERT INTO "dedupe_pairs" VALUES (2611177138989, 3);
INSERT INTO "dedupe_pairs" VALUES (2690808392344, 1);
INSERT INTO "dedupe_pairs" VALUES (2690808392344, 2);
INSERT INTO "dedupe_pairs" VALUES (2840701386300, 3);
INSERT INTO "dedupe_pairs" VALUES (2847134399616, 1);
INSERT INTO "dedupe_pairs" VALUES (2891159948941, 4);
INSERT INTO "dedupe_pairs" VALUES (2912660359649, 1);
INSERT INTO "dedupe_pairs" VALUES (2912660359649, 2);
INSERT INTO "dedupe_pairs" VALUES (2937974472590, 3);
INSERT INTO "dedupe_pairs" VALUES (2951406549172, 4);
INSERT INTO "dedupe_pairs" VALUES (3000696066225, 1);
INSERT INTO "dedupe_pairs" VALUES (3097888055360, 1);
INSERT INTO "dedupe_pairs" VALUES (3097888055360, 2);
INSERT INTO "dedupe_pairs" VALUES (3132003751409, 1);
INSERT INTO "dedupe_pairs" VALUES (3199446806811, 3);
INSERT INTO "dedupe_pairs" VALUES (3204479265056, 3);
INSERT INTO "dedupe_pairs" VALUES (3308463609852, 4);
INSERT INTO "dedupe_pairs" VALUES (3316885901400, 1);
INSERT INTO "dedupe_pairs" VALUES (3316885901400, 2);
INSERT INTO "dedupe_pairs" VALUES (3340032078639, 1);
INSERT INTO "dedupe_pairs" VALUES (3340032078639, 2);
INSERT INTO "dedupe_pairs" VALUES (3462359089435, 3);
INSERT INTO "dedupe_pairs" VALUES (3529135413492, 3);
INSERT INTO "dedupe_pairs" VALUES (3556492262954, 3);
INSERT INTO "dedupe_pairs" VALUES (3703884668514, 3);
INSERT INTO "dedupe_pairs" VALUES (3898979025383, 3);
INSERT INTO "dedupe_pairs" VALUES (4095626379468, 3);
INSERT INTO "dedupe_pairs" VALUES (4179262058650, 3);
INSERT INTO "dedupe_pairs" VALUES (4320582904498, 3);
INSERT INTO "dedupe_pairs" VALUES (4436030656901, 3);
INSERT INTO "dedupe_pairs" VALUES (4543037982976, 1);
INSERT INTO "dedupe_pairs" VALUES (4596273136070, 3);
INSERT INTO "dedupe_pairs" VALUES (4599446527981, 3);
INSERT INTO "dedupe_pairs" VALUES (4606596416223, 3);
INSERT INTO "dedupe_pairs" VALUES (4684409142771, 3);
INSERT INTO "dedupe_pairs" VALUES (4740511741953, 3);
INSERT INTO "dedupe_pairs" VALUES (4783324338627, 3);
INSERT INTO "dedupe_pairs" VALUES (4829611715446, 3);
INSERT INTO "dedupe_pairs" VALUES (4910271383195, 1);
INSERT INTO "dedupe_pairs" VALUES (4945485083165, 3);
INSERT INTO "dedupe_pairs" VALUES (5027056301946, 3);
INSERT INTO "dedupe_pairs" VALUES (5049796171686, 3);
INSERT INTO "dedupe_pairs" VALUES (5055544827224, 3);
INSERT INTO "dedupe_pairs" VALUES (5094896641153, 1);
INSERT INTO "dedupe_pairs" VALUES (5309131224654, 1);
INSERT INTO "dedupe_pairs" VALUES (6047954091689, 1);
INSERT INTO "dedupe_pairs" VALUES (6047954091689, 2);
INSERT INTO "dedupe_pairs" VALUES (6395671725801, 1);
INSERT INTO "dedupe_pairs" VALUES (6738027103801, 1);
INSERT INTO "dedupe_pairs" VALUES (6738027103801, 2);
INSERT INTO "dedupe_pairs" VALUES (6857946032284, 1);
INSERT INTO "dedupe_pairs" VALUES (6857946032284, 2);
INSERT INTO "dedupe_pairs" VALUES (6882151795754, 1);
INSERT INTO "dedupe_pairs" VALUES (6882151795754, 2);
INSERT INTO "dedupe_pairs" VALUES (6896057869872, 1);
INSERT INTO "dedupe_pairs" VALUES (6896057869872, 2);
INSERT INTO "dedupe_pairs" VALUES (6902582296931, 1);
INSERT INTO "dedupe_pairs" VALUES (6902582296931, 2);
INSERT INTO "dedupe_pairs" VALUES (7170753670137, 1);
INSERT INTO "dedupe_pairs" VALUES (7170753670137, 2);
INSERT INTO "dedupe_pairs" VALUES (7438911864259, 1);
INSERT INTO "dedupe_pairs" VALUES (7438911864259, 2);
INSERT INTO "dedupe_pairs" VALUES (7563388665447, 1);
INSERT INTO "dedupe_pairs" VALUES (7563388665447, 2);
INSERT INTO "dedupe_pairs" VALUES (8374173441667, 1);
INSERT INTO "dedupe_pairs" VALUES (8374173441667, 2);
INSERT INTO "dedupe_pairs" VALUES (9148029777835, 1);
INSERT INTO "dedupe_pairs" VALUES (9148029777835, 2);
INSERT INTO "dedupe_pairs" VALUES (9239788121074, 1);
INSERT INTO "dedupe_pairs" VALUES (9239788121074, 2);
INSERT INTO "dedupe_pairs" VALUES (9378035253806, 1);
INSERT INTO "dedupe_pairs" VALUES (9378035253806, 2);
INSERT INTO "dedupe_pairs" VALUES (9502826438740, 1);
INSERT INTO "dedupe_pairs" VALUES (9502826438740, 2);
INSERT INTO "dedupe_pairs" VALUES (9534001012272, 1);
INSERT INTO "dedupe_pairs" VALUES (9534001012272, 2);
INSERT INTO "dedupe_pairs" VALUES (9647920836090, 1);
INSERT INTO "dedupe_pairs" VALUES (9647920836090, 2);
INSERT INTO "dedupe_pairs" VALUES (9690295283719, 1);
INSERT INTO "dedupe_pairs" VALUES (9690295283719, 2);
INSERT INTO "dedupe_pairs" VALUES (11032745390138, 3);
INSERT INTO "dedupe_pairs" VALUES (12115865988110, 1);
INSERT INTO "dedupe_pairs" VALUES (12115865988110, 2);
INSERT INTO "dedupe_pairs" VALUES (12129772062228, 1);
INSERT INTO "dedupe_pairs" VALUES (12129772062228, 2);
INSERT INTO "dedupe_pairs" VALUES (12797102857803, 1);
INSERT INTO "dedupe_pairs" VALUES (12797102857803, 2);
INSERT INTO "dedupe_pairs" VALUES (13000953656058, 1);
INSERT INTO "dedupe_pairs" VALUES (13000953656058, 2);
INSERT INTO "dedupe_pairs" VALUES (14638110872530, 1);
INSERT INTO "dedupe_pairs" VALUES (14638110872530, 2);
INSERT INTO "dedupe_pairs" VALUES (17362862662751, 1);
INSERT INTO "dedupe_pairs" VALUES (17362862662751, 2);
INSERT INTO "dedupe_pairs" VALUES (17389248081708, 1);
INSERT INTO "dedupe_pairs" VALUES (17389248081708, 2);
INSERT INTO "dedupe_pairs" VALUES (17503167905526, 1);
INSERT INTO "dedupe_pairs" VALUES (17503167905526, 2);
INSERT INTO "dedupe_pairs" VALUES (17723460537091, 1);
INSERT INTO "dedupe_pairs" VALUES (17723460537091, 2);
INSERT INTO "dedupe_pairs" VALUES (18092789327325, 1);
INSERT INTO "dedupe_pairs" VALUES (18092789327325, 2);
INSERT INTO "dedupe_pairs" VALUES (24552911154687, 1);
INSERT INTO "dedupe_pairs" VALUES (24552911154687, 2);
INSERT INTO "dedupe_pairs" VALUES (24556324076366, 1);
INSERT INTO "dedupe_pairs" VALUES (24556324076366, 2);
INSERT INTO "dedupe_pairs" VALUES (26697033450683, 3);
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
INSERT INTO articles_fts(articles_fts, rank) VALUES ('rank', 'bm25(5.0, 1.0)');
INSERT INTO articles_fts(articles_fts) VALUES ('rebuild');
CREATE TRIGGER articles_fts_born AFTER INSERT ON articles WHEN new.hidden = 0 BEGIN INSERT INTO articles_fts(rowid, title, text) VALUES (new.pk, new.title_terms, new.text_terms); END;
CREATE TRIGGER articles_fts_gone BEFORE DELETE ON articles WHEN old.hidden = 0 BEGIN INSERT INTO articles_fts(articles_fts, rowid, title, text) VALUES ('delete', old.pk, old.title_terms, old.text_terms); END;
CREATE TRIGGER articles_fts_hide BEFORE UPDATE OF hidden ON articles WHEN old.hidden = 0 AND new.hidden = 1 BEGIN INSERT INTO articles_fts(articles_fts, rowid, title, text) VALUES ('delete', old.pk, old.title_terms, old.text_terms); END;
CREATE TRIGGER articles_fts_show AFTER UPDATE OF hidden ON articles WHEN old.hidden = 1 AND new.hidden = 0 BEGIN INSERT INTO articles_fts(rowid, title, text) VALUES (new.pk, new.title_terms, new.text_terms); END;
CREATE TRIGGER articles_fts_change_1 BEFORE UPDATE OF title_terms, text_terms ON articles WHEN old.hidden = 0 AND new.hidden = 0 AND (old.title_terms IS NOT new.title_terms OR old.text_terms IS NOT new.text_terms) BEGIN INSERT INTO articles_fts(articles_fts, rowid, title, text) VALUES ('delete', old.pk, old.title_terms, old.text_terms); END;
CREATE TRIGGER articles_fts_change_2 AFTER UPDATE OF title_terms, text_terms ON articles WHEN old.hidden = 0 AND new.hidden = 0 AND (old.title_terms IS NOT new.title_terms OR old.text_terms IS NOT new.text_terms) BEGIN INSERT INTO articles_fts(rowid, title, text) VALUES (new.pk, new.title_terms, new.text_terms); END;
PRAGMA user_version = 0;
COMMIT;
