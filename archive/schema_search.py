"""What of archive.db only asking needs: an index of short rows, counts that triggers keep, views for people.

A row of articles is a page or more of text. `articles_found` has of each row what filters, stories and facets ask, so that a
word with 100,000 hits reads 13 MB, not 800. The counts follow
the rows, whoever writes them: a row counts while it is not hidden.
"""

from __future__ import annotations

# Each table of counts, and what it must hold.
COUNTED = {
    "article_days": (
        "SELECT substr(sort_at, 1, 10) AS day, ifnull(source, '') AS source, count(*) AS articles"
        " FROM articles WHERE hidden = 0 GROUP BY 1, 2"
    ),
    "article_months": (
        "SELECT substr(sort_at, 1, 7) AS month, ifnull(source, '') AS source, domain, ifnull(language, '') AS language,"
        " count(*) AS articles FROM articles WHERE hidden = 0 GROUP BY 1, 2, 3, 4"
    ),
}

SEARCH_SCHEMA = """
CREATE INDEX articles_found ON articles (pk, story, sort_at, source, domain, language, kind, hidden, authors);
INSERT INTO articles_fts(articles_fts, rank) VALUES ('rank', 'bm25(10.0, 1.0)');
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
"""

_COUNT = (
    "INSERT INTO article_days VALUES (substr({row}.sort_at, 1, 10), ifnull({row}.source, ''), {by})"
    " ON CONFLICT DO UPDATE SET articles = articles + {by};"
    " INSERT INTO article_months VALUES"
    " (substr({row}.sort_at, 1, 7), ifnull({row}.source, ''), {row}.domain, ifnull({row}.language, ''), {by})"
    " ON CONFLICT DO UPDATE SET articles = articles + {by};"
)
_NONE_LEFT = (
    " DELETE FROM article_days WHERE day = substr(old.sort_at, 1, 10) AND source = ifnull(old.source, '') AND articles = 0;"
    " DELETE FROM article_months WHERE month = substr(old.sort_at, 1, 7) AND source = ifnull(old.source, '')"
    " AND domain = old.domain AND language = ifnull(old.language, '') AND articles = 0;"
)
_MORE, _FEWER = _COUNT.format(row="new", by="1"), _COUNT.format(row="old", by="-1") + _NONE_LEFT
_MOVED = (
    "(old.hidden <> new.hidden OR substr(old.sort_at, 1, 10) <> substr(new.sort_at, 1, 10) OR old.source IS NOT new.source"
    " OR old.domain <> new.domain OR old.language IS NOT new.language)"
)
COUNT_TRIGGERS: dict[str, str] = {
    "articles_count_born": f"AFTER INSERT ON articles WHEN new.hidden = 0 BEGIN {_MORE} END",
    "articles_count_gone": f"AFTER DELETE ON articles WHEN old.hidden = 0 BEGIN {_FEWER} END",
    "articles_count_from": (
        f"AFTER UPDATE OF hidden, sort_at, source, domain, language ON articles WHEN old.hidden = 0 AND {_MOVED} "
        f"BEGIN {_FEWER} END"
    ),
    "articles_count_to": (
        f"AFTER UPDATE OF hidden, sort_at, source, domain, language ON articles WHEN new.hidden = 0 AND {_MOVED} "
        f"BEGIN {_MORE} END"
    ),
}
