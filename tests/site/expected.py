"""What an archive of the papers must contain: one row for each article, taken from the same files as the pages."""

from __future__ import annotations

from dataclasses import dataclass

from tests.site import feeds, pages
from tests.site.content import Article, all_articles, articles_on, on_day, papers

SHORT = 6  # a label with fewer characters may well occur in a text: it is not looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The truth about one article on one day."""

    site: str
    path: str
    title: str
    authors: tuple[str, ...]
    published: str  # ISO date in the paper's own time zone: every page lets one find that much
    published_full: (
        str | None
    )  # ISO with offset, where JSON-LD gives it; None where the page shows no more than minutes
    language: str  # ISO 639-1
    day: int  # appears on this day
    gone_on: int | None  # answers 410 from this day on
    text: str  # paragraphs separated by an empty line
    phrase: str  # must be in the text
    not_in_text: tuple[str, ...]  # furniture: must not be in the text
    found_in: frozenset[str]  # feed, sitemap, news-sitemap, home, section: where that day's site names it
    copy_of: str | None  # path of the same story, word for word, in another section of the same paper
    wire: bool  # agency copy, carried by three papers
    standfirst: str | None  # stands above the text on the page; an archive may keep or drop it


def expected_on(day: int) -> list[Expected]:
    """Return a row for each article that is online on that day."""
    return [_row(article, day) for name in papers() for article in articles_on(name, day)]


def furniture(article: Article) -> tuple[str, ...]:
    """Return what stands around an article and is no part of it."""
    paper = papers()[article.site]
    labels = [text for text in paper.labels[article.language].values() if len(text) > SHORT]
    bios = [paper.bios[name] for name in article.authors if name in paper.bios]
    return tuple(text for text in (*labels, *bios) if text not in article.text)


def _row(article: Article, day: int) -> Expected:
    has_json_ld = article.site in ("courier", "sada")
    return Expected(
        site=article.site,
        path=article.path,
        title=article.title,
        authors=article.authors,
        published=article.published.date().isoformat(),
        published_full=article.published.isoformat() if has_json_ld else None,
        language=article.language,
        day=article.day,
        gone_on=article.gone_on,
        text=article.text,
        phrase=article.phrase,
        not_in_text=furniture(article),
        found_in=frozenset(_found_in(article, day)),
        copy_of=article.copy_of,
        wire=article.wire,
        standfirst=article.standfirst,
    )


def _found_in(article: Article, day: int) -> list[str]:
    paper = papers()[article.site]
    found = ["section"]
    if _among(article, articles_on(paper.name, day)[: pages.ON_HOME[paper.name]]):
        found.append("home")
    if _among(article, feeds.in_feed(paper, day)):
        found.append("feed")
    if paper.name in ("courier", "sada"):
        found.append("sitemap")
    if paper.name == "courier" and _among(article, feeds.in_news_sitemap(paper, day)):
        found.append("news-sitemap")
    return found


def _among(article: Article, others: list[Article]) -> bool:
    return any(other.path == article.path for other in others)


@dataclass(frozen=True, slots=True)
class DayChanges:
    """What one day brings, as (site, path)."""

    new: tuple[tuple[str, str], ...]
    revised: tuple[tuple[str, str], ...]  # the publisher changed title or text
    refurnished: tuple[tuple[str, str], ...]  # only furniture changed: no revision
    gone: tuple[tuple[str, str], ...]


def changes_on(day: int) -> DayChanges:
    """Return what is different from the day before."""
    new: list[tuple[str, str]] = []
    revised: list[tuple[str, str]] = []
    refurnished: list[tuple[str, str]] = []
    gone: list[tuple[str, str]] = []
    for article in all_articles():
        key = (article.site, article.path)
        before, after = on_day(article, day - 1), on_day(article, day)
        if before is None and after is not None:
            new.append(key)
        elif before is not None and after is None:
            gone.append(key)
        elif before is not None and after is not None and before.changed != after.changed:
            same = (before.title, before.text) == (after.title, after.text)
            (refurnished if same else revised).append(key)
    return DayChanges(tuple(new), tuple(revised), tuple(refurnished), tuple(gone))


def main() -> None:
    """Print the rows as JSON, for programs that are not written in Python: `python -m tests.site.expected [DAY]`."""
    import dataclasses
    import json
    import sys

    day = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rows = [dataclasses.asdict(row) | {"found_in": sorted(row.found_in)} for row in expected_on(day)]
    sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
