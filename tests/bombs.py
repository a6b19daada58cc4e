# ruff: noqa: E501, S608 - SQL as it would be sent
"""Questions that would eat a machine: each ends in an answer or a clear refusal, in time and in little memory."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from archive.errors import QueryError
from archive.query import open_reader, run_sql

_COUNT = "with recursive c(x) as (select 1 union all select x + 1 from c)"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

# name -> SQL
SQL = {
    "one huge blob": "select zeroblob(900000000)",
    "many large blobs in a row": "select " + ", ".join(["randomblob(9000000)"] * 100),
    "many large blobs in rows": f"{_COUNT} select zeroblob(9000000) from c limit 900",
    "rows without end": f"{_COUNT} select x from c",
    "counting without end": f"{_COUNT} select count(*) from c",
    "different rows without end": "with recursive c(x) as (select 1 union select x + 1 from c) select count(*) from c",
    "a string that doubles": "with recursive c(x) as (select 'a' union all select x || x from c) select length(x) from c",
    "rows of a string that doubles": "with recursive c(x) as (select 'a' union all select x || x from c) select x from c",
    "a queue of long strings": "with recursive c(x) as (select zeroblob(1000000) union all select x from c, (select 1 union select 2)) select count(*) from c",
    "replace over hex": "select replace(hex(zeroblob(10000000)), '0', hex(zeroblob(1000000)))",
    "replace in steps": "select length(replace(replace(replace(hex(zeroblob(4000)), '0', hex(zeroblob(50))), '0', hex(zeroblob(50))), '0', 'abcdefgh'))",
    "printf with a width": "select length(printf('%.*c', 2000000000, 'x'))",
    "printf below the limit, often": f"{_COUNT} select printf('%.*c', 15000000, 'x') from c limit 1000",
    "group_concat of a cross join": "select length(group_concat(a.text)) from articles a, articles b",
    "group_concat in many groups": f"{_COUNT} select x % 50, group_concat(hex(zeroblob(100000))) from (select x from c limit 100000) group by 1",
    "a JSON array without end": f"{_COUNT} select json_group_array(x) from c",
    "a JSON array of texts": "select json_group_array(text) from articles a, (select 1 union select 2 union select 3)",
    "deep JSON": "select json_extract(replace(hex(zeroblob(400000)), '0', '['), '$')",
    "LIKE with many signs": "select count(*) from articles where text like '" + "%a" * 900 + "%zz'",
    "GLOB with many stars": "select count(*) from articles where text glob '" + "*a" * 900 + "*zz'",
    "LIKE with many signs on one string": "select replace(hex(zeroblob(4000000)), '00', 'a') like '"
    + "%a" * 900
    + "b'",
    "LIKE with one long word": "select replace(hex(zeroblob(4000000)), '00', 'a') like '%" + "a" * 1900 + "b'",
    "GLOB with one long word": "select replace(hex(zeroblob(4000000)), '00', 'a') glob '*" + "a" * 1900 + "b'",
    "LIKE with a word as long as may be": "select replace(hex(zeroblob(4000000)), '00', 'a') like '%"
    + "a" * 198
    + "b'",
    "instr of long strings": "select instr(hex(zeroblob(7000000)), hex(zeroblob(3000000)) || '1')",
    "a cross join": "select count(*) from articles a, articles b, articles c",
    "a cross join of texts": "select a.text, b.text, c.text from articles a, articles b, articles c",
    "sorting large texts": "select a.text from articles a, articles b order by a.text || b.text",
    "sorting what is random": f"{_COUNT} select x, randomblob(1000) r from c order by r",
    "distinct large values": "select count(distinct a.text || b.pk) from articles a, articles b",
    "a window over everything": "select group_concat(text) over (order by pk rows between unbounded preceding and unbounded following) from articles",
    "a window that sums": f"{_COUNT} select sum(x) over (order by x desc rows between 100000 preceding and current row) from c limit 1",
    "thousands of words in full text": "select count(*) from articles_fts where articles_fts match '"
    + " OR ".join(f"word{n}" for n in range(4000))
    + "'",
    "thousands of prefixes": "select count(*) from articles_fts where articles_fts match '"
    + " OR ".join(f"{a}{b}*" for a in _LETTERS for b in _LETTERS)
    + "'",
    "NEAR of frequent words": "select count(*) from articles_fts where articles_fts match 'NEAR(harbour harbour harbour harbour harbour, 1000000)'",
    "deep brackets in full text": "select count(*) from articles_fts where articles_fts match '"
    + "(" * 5000
    + "a"
    + ")" * 5000
    + "'",
    "a long phrase": "select count(*) from articles_fts where articles_fts match '\"" + "harbour " * 5000 + "\"'",
    "snippets of everything": "select snippet(articles_fts, 1, '<', '>', '…', 64), highlight(articles_fts, 1, '<', '>') from articles_fts where articles_fts match 'harbour'",
    "the index as a table": "select count(*), max(length(b.block)) from articles_fts_data a, articles_fts_data b",
    "full text made in SQL": "select count(*) from articles_fts where articles_fts match (with recursive c(x) as (select 1 union all select x + 1 from c limit 30000) select group_concat(char(97 + x % 26) || '*', ' OR ') from c)",
    "NEAR made in SQL": "select count(*) from articles_fts where articles_fts match (with recursive c(x) as (select 1 union all select x + 1 from c limit 100000) select 'NEAR(' || group_concat('harbour', ' ') || ', 1000000)' from c)",
    "trim of many signs": "select length(trim(hex(zeroblob(4000000)) || 'x', hex(randomblob(4000000)) || '0'))",
    "replace of what nearly fits": "select length(replace(hex(zeroblob(4000000)), hex(zeroblob(1000000)) || '1', ''))",
    "a table of the index's words": "select * from fts5vocab",
    "deep brackets": "select " + "(" * 9000 + "1" + ")" * 9000,
    "deep expressions": "select " + "1+" * 12000 + "1",
    "deep CASE": "select " + "case when 1 then " * 300 + "1" + " end" * 300,
    "deep subqueries": "select * from (" * 300 + "select 1" + ")" * 300,
    "a union of thousands": " union ".join(["select 1"] * 3000),
    "a megabyte of SQL": "select '" + "a" * 1_100_000 + "'",
    "many columns": "select " + ", ".join(["1"] * 3000),
    "many stars": "select " + ", ".join(["a.*"] * 90) + " from articles a",
    "many joins": "select count(*) from " + ", ".join(f"articles a{n}" for n in range(64)),
    "many CTEs that double": "with a0 as (select 1 x), "
    + ", ".join(f"a{n} as (select * from a{n - 1} union all select * from a{n - 1})" for n in range(1, 40))
    + " select count(*) from a39",
    "views of views": "select count(*) from articles_view a, articles_view b, stories_view c",
    "a huge IN": "select count(*) from articles where pk in (" + ",".join(map(str, range(7000))) + ")",
    "lower of a large string": f"{_COUNT} select length(lower(upper(hex(zeroblob(7000000))))) from c limit 10000",
    "unicode escapes": f"{_COUNT} select json_quote(hex(zeroblob(1000000))) from c limit 2000",
    "generate nested JSON": f"{_COUNT} select count(*) from (select x from c limit 200), json_each('[' || replace(hex(zeroblob(1000000)), '0', '1,') || '1]')",
    "our own function": f"{_COUNT} select morgue_match(hex(zeroblob(4000000))) from c limit 1000",
    "our own function, many words": f"{_COUNT} select length(morgue_match(replace(hex(zeroblob(200000)), '0', 'ab '))) from c limit 1000",
}

# name -> what is typed into the search
WORDS = {
    "a long word": "a" * 9_900,
    "many words": " ".join(f"w{n}" for n in range(1_900)),
    "many frequent words": "harbour OR word1 OR " * 400 + "word2",
    "many prefixes": " ".join(f"{a}{b}*" for a in _LETTERS for b in _LETTERS),
    "prefixes of one letter": " OR ".join(f"{a}*" for a in _LETTERS),
    "brackets": "(" * 4_900 + "a" + ")" * 4_900,
    "quotation marks": '"' * 9_999,
    "a long phrase": '"' + "harbour " * 1_200 + '"',
    "NEAR within NEAR": "NEAR(" * 1_000 + "a b" + ")" * 1_000,
    "NEAR of frequent words": "NEAR(" + "harbour word1 " * 600 + ", 99999999)",
    "NOT after NOT": "harbour " + "NOT word1 " * 900,
    "marks on marks": "a" + "\u0301" * 3_000,
    "Chinese without spaces": "港口重新开放之后渔船每天两次出海" * 190,
    "Thai without spaces": "ท่าเรือเปิดอีกครั้งหลังพายุ" * 110,
}


def main() -> None:
    """Ask all of it of an archive.db through `run_sql`, in this process, whose memory is then limited for good."""
    path = Path(sys.argv[1])
    with closing(open_reader(path, time_limit=0.5)) as reader:
        for name, sql in SQL.items():
            begun = time.monotonic()
            try:
                told = f"{len(run_sql(reader, sql).rows)} rows"
            except QueryError as error:
                told = str(error)
            alive = run_sql(reader, "SELECT count(*) FROM articles").rows[0][0]
            print(json.dumps([name, time.monotonic() - begun, told, alive]), flush=True)  # noqa: T201 - a process of its own


if __name__ == "__main__":
    main()
