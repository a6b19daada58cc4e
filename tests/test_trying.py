"""`morgue sources try`: selectors on stored pages, and nothing written."""

from __future__ import annotations

import hashlib

from archive.trying import changed_lines
from tests.line import Archive, Days


def state(archive: Archive) -> dict[str, str]:
    files = [p for p in archive.path.rglob("*") if p.is_file() and not p.name.endswith(("-wal", "-shm", ".lock"))]
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_pages_are_shown_before_and_after_and_nothing_is_written(days: Days) -> None:
    sources = days.second.run("sources", "list", "--json").json
    source = sources[0]["name"]
    before = state(days.second)
    done = days.second.run("sources", "try", source, "--title", "h1", "--remove", "p:first-of-type", "--limit", "2")
    assert state(days.second) == before
    assert 'selectors = { title = "h1", remove = "p:first-of-type" }' in done.out
    assert done.out.count("begins:") == 2
    assert "    - " in done.out  # the paragraph that went
    pages = days.second.run(
        "sources", "try", source, "--title", "h1", "--text", ".nowhere", "--limit", "1", "--json"
    ).json
    (page,) = pages["pages"]
    assert pages["selectors"] == {"text": ".nowhere", "title": "h1"}
    assert page["nothing_found"] == ["text"]
    assert page["after"]["provenance"]["title"] == "selector"
    assert page["before"]["text"] == page["after"]["text"]


def test_what_cannot_be_tried_says_what_to_type(days: Days) -> None:
    source = days.second.run("sources", "list", "--json").json[0]["name"]
    for words, code, said in (
        (("nobody", "--text", "p"), 2, "There are: "),
        ((source,), 2, '--text "article"'),
        ((source, "--text", "p["), 2, "--text 'p['"),
    ):
        assert said in days.second.run("sources", "try", *words, code=code).err


def test_changed_lines_are_counted_over_a_limit() -> None:
    assert changed_lines("", "\n\n".join("abcdef"), limit=2) == ["+ a", "+ b", "… and 4 more"]
    assert changed_lines("same", "same") == []
