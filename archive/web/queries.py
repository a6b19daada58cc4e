"""Ready questions: what people ask of a news archive, as SQL that they can change. `:name` is asked for in a form."""

from __future__ import annotations

from typing import Any

QUERIES: dict[str, dict[str, Any]] = {
    "search": {
        "title": "Search",
        "description": 'Words, "phrases", OR, NOT or -word, NEAR, prefix*, title:word. One row per article, best first.',
        "sql": """
select v.id, v.title, v.published, v.source, v.language, v.copies, v.url
from articles_fts f join articles a on a.pk = f.rowid join articles_view v on v.id = a.id
where articles_fts match morgue_match(:words) order by f.rank limit 200
""",
    },
    "newest": {
        "title": "Newest articles",
        "sql": """
select v.id, v.title, v.published, v.source, v.url from articles a join articles_view v on v.id = a.id
where a.hidden = 0 order by a.sort_at desc limit 200
""",
    },
    "written_by_week": {
        "title": "What a source wrote about something, by week",
        "description": "source: a name of sources.toml, or a domain. A week begins on Monday, UTC.",
        "sql": """
select date(a.sort_at, 'weekday 0', '-6 days') as week, count(*) as articles,
       group_concat(t.title, ' | ') as titles
from articles_fts f join articles a indexed by articles_found on a.pk = f.rowid join articles t on t.pk = a.pk
where articles_fts match morgue_match(:words) and (a.source = :source or a.domain = :source) and a.hidden = 0
group by 1 order by 1 desc limit 520
""",
    },
    "words_by_month": {
        "title": "How often something is written about, by month and source",
        "sql": """
select substr(a.sort_at, 1, 7) as month, ifnull(a.source, a.domain) as source, count(*) as articles
from articles_fts f join articles a indexed by articles_found on a.pk = f.rowid
where articles_fts match morgue_match(:words) and a.hidden = 0
group by 1, 2 order by 1 desc, 3 desc limit 1000
""",
    },
    "edited_after_publication": {
        "title": "Edited after publication",
        "description": "Articles whose publisher changed the text or headline after we first saw it; the last edit first.",
        "sql": """
select a.id, a.title, a.source, count(*) as edits, min(r.seen_from) as first_edit, max(r.seen_from) as last_edit,
       (strftime('%s', min(r.seen_from)) - strftime('%s', a.sort_at)) / 3600 as hours_after_publication
from revisions r join articles a on a.pk = r.article
where r.cause = 'publisher' and r.seq > 1 and a.hidden = 0 group by a.pk order by last_edit desc limit 200
""",
    },
    "changed_headlines": {
        "title": "Changed headlines",
        "sql": """
select a.id, a.source, c.seen_from, c.before, c.after from revision_changes c join articles a on a.pk = c.article
where c.kind = 'title' and c.cause = 'publisher' and a.hidden = 0 order by c.seen_from desc limit 200
""",
    },
    "changed_paragraphs": {
        "title": "Changed paragraphs",
        "description": "Corrected, updated and removed paragraphs and titles, newest first.",
        "sql": """
select a.id, a.title, a.source, c.seen_from, c.kind, c.before, c.after
from revision_changes c join articles a on a.pk = c.article
where c.cause = 'publisher' and a.hidden = 0 order by c.seen_from desc, a.id, c.number limit 200
""",
    },
    "longest_corrections": {
        "title": "Longest corrections",
        "description": "Edits by how many characters of the text before they took away or worded otherwise.",
        "sql": """
select a.id, a.title, a.source, c.seen_from, count(*) as paragraphs,
       sum(length(c.before)) as characters_before, ifnull(sum(length(c.after)), 0) as characters_after
from revision_changes c join articles a on a.pk = c.article
where c.cause = 'publisher' and c.kind in ('removed', 'changed') and a.hidden = 0
group by c.article, c.seen_from order by characters_before desc limit 100
""",
    },
    "gone": {
        "title": "Gone since",
        "description": "Articles that answered 404 or 410 after they had been there. Their text is kept.",
        "sql": """
select id, title, source, url, published, gone_at from articles
where gone_at is not null and hidden = 0 order by gone_at desc limit 1000
""",
    },
    "copied_within_a_day": {
        "title": "Copied by others within a day",
        "description": "source: whose articles were copied (a name, or a domain). Fastest copy first.",
        "sql": """
select o.id, o.title, t.article as copy, ifnull(t.source, t.domain) as copied_by, t.kind, round(t.score, 3) as score,
       t.seconds_after_of / 60 as minutes_later, t.url
from story_timeline t join articles o on o.id = t.of
where (o.source = :source or o.domain = :source) and t.domain <> o.domain and t.seconds_after_of between 0 and 86400
order by t.seconds_after_of limit 500
""",
    },
    "who_copies_whom": {
        "title": "Who copies whom, and how fast",
        "sql": """
select ifnull(t.source, t.domain) as copied_by, ifnull(o.source, o.domain) as from_source, t.kind,
       count(*) as articles, avg(t.seconds_after_of) / 3600 as hours_on_average
from story_timeline t join articles o on o.id = t.of group by 1, 2, 3 order by 4 desc limit 500
""",
    },
    "copies": {
        "title": "Copied most",
        "sql": """
select s.id as story, h.title, h.source, s.members from stories s join articles h on h.pk = s.head
where s.members > 1 order by s.members desc, s.id limit 200
""",
    },
    "silent_sources": {
        "title": "Silent sources",
        "description": "When each source last published something new, and how much it did in the 30 days before that.",
        "sql": """
select d.source, max(d.day) as last_day, cast(julianday('now') - julianday(max(d.day)) as integer) as days_ago,
       (select sum(b.articles) from article_days b where b.source = d.source
        and b.day > date((select max(l.day) from article_days l where l.source = d.source), '-30 days')) as in_30_days
from article_days d where d.source <> '' group by d.source order by last_day
""",
    },
    "authors": {
        "title": "Who writes most",
        "description": "Names as the pages give them, in the last 30 days that the archive has.",
        "sql": """
select n.value as author, ifnull(a.source, a.domain) as source, count(*) as articles, max(a.sort_at) as last
from articles a indexed by articles_sort_at, json_each(a.authors) n
where a.hidden = 0 and a.sort_at >= date((select max(sort_at) from articles where hidden = 0), '-30 days')
group by 1, 2 order by 3 desc, 1 limit 500
""",
    },
    "opt_outs": {
        "title": "Sites that ask to be left out",
        "description": "By source and by what they say, newest word of each article.",
        "sql": """
select ifnull(a.source, a.domain) as source, json_extract(s.value, '$.name') as name,
       json_extract(s.value, '$.via') as via, count(*) as articles
from opt_outs o join articles a on a.pk = o.article, json_each(o.signals) s
where a.hidden = 0 group by 1, 2, 3 order by 4 desc
""",
    },
    "not_articles": {
        "title": "Pages that gave no article, by reason",
        "sql": """
select c.source, e.reason, count(*) as pages from captures c join extractions e on e.pk = c.extraction
where e.status = 'refused' group by 1, 2 order by 3 desc
""",
    },
}
for _query in QUERIES.values():
    _query["sql"] = _query["sql"].strip()
