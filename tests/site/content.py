"""Read the articles and papers from `content/`, and say how an article stands on a given day.

An article is a block that starts with `=== PATH ===`, then `key: value` lines, an empty line, and paragraphs (`## `
starts a subheading). `dayN.KEY` says what happens to it on day N: `title` (new headline), `replace: old | new`,
`append` (a paragraph), `furniture` (only what stands around it changes) and `gone` (410 from then on).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIRST_DAY = datetime(2026, 5, 20, 22, 0, tzinfo=UTC)  # the sites' clock on day 1; every article of day 1 is out by then
LAST_DAY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One site: its names and labels, and how its server behaves."""

    name: str
    title: str
    title_tag: str  # how <title> joins headline and paper
    tagline: str
    address: str  # loopback address it likes to listen on
    language: str
    validators: str  # both, last-modified, etag or none
    gzip: bool
    pages: Mapping[str, str]  # path -> title of pages that are no articles
    sections: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]  # language -> key -> furniture text
    bios: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article as it stands on one day."""

    site: str
    path: str
    title: str
    section: str
    language: str
    authors: tuple[str, ...]
    published: datetime  # with the paper's own offset
    modified: datetime | None
    standfirst: str | None
    blocks: tuple[str, ...]  # paragraphs; a block that starts with "## " is a subheading
    phrase: str  # words that an archive's text must contain
    wire: bool
    copy_of: str | None  # path of the same story in another section, as some newsrooms' systems publish it twice
    amp: bool
    charset: str  # what the bytes are in
    wrong_meta: str | None  # what <meta charset> says instead
    day: int  # appears on this day
    changed: int  # day of the last change of any kind, furniture included
    furniture: int  # day of the last change of furniture, 0 for none
    changes: tuple[tuple[int, str, str], ...]

    @property
    def text(self) -> str:
        """The true text: paragraphs and subheadings, separated by an empty line."""
        return "\n\n".join(block.removeprefix("## ") for block in self.blocks)

    @property
    def gone_on(self) -> int | None:
        """The day from which the server answers 410."""
        return next((day for day, key, _ in self.changes if key == "gone"), None)


def now(day: int) -> datetime:
    """Return the sites' clock on that day: it stands still, so that the same day gives the same bytes."""
    return FIRST_DAY + timedelta(days=day - 1)


@cache
def _sites_file() -> Mapping[str, Any]:
    return tomllib.loads((HERE / "content" / "sites.toml").read_text(encoding="utf-8"))


@cache
def papers() -> Mapping[str, Paper]:
    """Return the papers by name, in the order of sites.toml."""
    entries = {name: {"bios": {}} | entry for name, entry in _sites_file().items() if name != "months"}
    return {name: Paper(name=name, **entry) for name, entry in entries.items()}


def month_name(language: str, month: int) -> str:
    """Return a month as papers of that language print it; January is 1."""
    return str(_sites_file()["months"][language].split()[month - 1])


@cache
def all_articles() -> tuple[Article, ...]:
    """Return every article as it is when it appears, by paper."""
    wire = (HERE / "content" / "wire.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return tuple(article for paper in papers().values() for article in _read(paper, wire))


def _read(paper: Paper, wire: list[str]) -> Iterator[Article]:
    text = (HERE / "content" / f"{paper.name}.txt").read_text(encoding="utf-8")
    known: dict[str, tuple[str, ...]] = {}
    for chunk in ("\n" + text).split("\n=== ")[1:]:
        first, _, rest = chunk.partition("\n")
        head, _, body = rest.partition("\n\n")
        keys = dict(line.split(": ", 1) for line in head.strip().splitlines())
        blocks = tuple(" ".join(block.split()) for block in body.strip().split("\n\n") if block.strip())
        if "wire" in keys:
            start, _, end = keys["wire"].partition("-")
            blocks = tuple(wire[int(start) - 1 : int(end)])
        blocks = known.get(keys.get("copy_of", ""), blocks)
        path = first.removesuffix(" ===")
        known[path] = blocks
        day = int(keys.get("day", "1"))
        yield Article(
            site=paper.name,
            path=path,
            title=keys["title"],
            section=keys["section"],
            language=keys.get("language", paper.language),
            authors=tuple(keys["authors"].split("; ")),
            published=datetime.fromisoformat(keys["published"]),
            modified=datetime.fromisoformat(keys["modified"]) if "modified" in keys else None,
            standfirst=keys.get("standfirst"),
            blocks=blocks,
            phrase=keys["phrase"],
            wire="wire" in keys,
            copy_of=keys.get("copy_of"),
            amp=keys.get("amp") == "yes",
            charset=keys.get("charset", "utf-8"),
            wrong_meta=keys.get("wrong_meta"),
            day=day,
            changed=day,
            furniture=0,
            changes=tuple(
                (int(key[3]), key[5:], value)
                for key, value in keys.items()
                if key.startswith("day") and key[4:5] == "."
            ),
        )


def on_day(article: Article, day: int) -> Article | None:
    """Return the article as it stands on that day; None before it appears and after it was removed."""
    if article.day > day or (article.gone_on is not None and article.gone_on <= day):
        return None
    for when, key, value in article.changes:
        if when > day:
            continue
        article = replace(article, changed=max(article.changed, when))
        if key == "furniture":
            article = replace(article, furniture=when)
            continue
        article = replace(article, modified=(now(when) - timedelta(hours=10)).astimezone(article.published.tzinfo))
        if key == "title":
            article = replace(article, title=value)
        elif key == "replace":
            old, new = value.split(" | ")
            article = replace(article, blocks=tuple(block.replace(old, new) for block in article.blocks))
        elif key == "append":
            article = replace(article, blocks=(*article.blocks, value))
    return article


def articles_on(site: str, day: int) -> list[Article]:
    """Return what a paper carries on that day, newest first."""
    states = (on_day(article, day) for article in all_articles() if article.site == site)
    return sorted((state for state in states if state), key=lambda a: (a.published, a.path), reverse=True)
