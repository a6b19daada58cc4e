"""`morgue alerts`: what saved searches found and nobody was told yet. To hand it to a webhook is the crawler's room's part."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import click

from archive.console import Context, emit_json, pass_context, plain, say

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.alerting import News, NewsItem
    from archive.sources import SavedSearch

_SECONDS = 60.0  # that a statement may take: nobody waits at a screen
BATCH = 100  # items handed over at once
Deliver = Callable[[dict[str, object]], None]


@click.command(short_help="Tell what saved searches found since last time.")
@click.option("--saved", "names", multiple=True, metavar="NAME", help="Only this saved search; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@pass_context
def alerts(context: Context, names: tuple[str, ...], as_json: bool) -> None:
    """Print what saved searches found that was not told before, a line for each article: for cron, which mails it.

    Nothing new prints nothing. What is first captured counts, whenever it was published. Of a new saved search, or one whose
    words or filters changed, the newest five are told, and what comes from then on. alerts.json remembers what was told.

    Example: morgue alerts --saved ferries
    """
    run(context, names, as_json=as_json)


def run(
    context: Context,
    names: Sequence[str],
    *,
    as_json: bool,
    deliver: Deliver | None = None,
    opted_out: bool = True,
) -> int:
    """Tell what is new, and then remember it as told; return how many items were told.

    `deliver`: hands over a batch as JSON, instead of printing; it raises where that fails, and what it did not take is told
    again next time. A kill between telling and remembering tells a batch twice. Raises `MorgueError`.
    """
    from archive.alerting import load_told, look, save_told
    from archive.commands.searches import saved_search
    from archive.errors import QueryError
    from archive.locks import lock
    from archive.query import open_reader
    from archive.sources import load_sources

    folder = context.folder
    file = load_sources(folder.sources)
    wanted = [saved_search(folder, name) for name in dict.fromkeys(names)] or list(file.searches)
    if not wanted:
        # Only to whoever looks: cron would mail it every hour.
        say(
            "There is no saved search to tell of. Save one: `morgue searches add NAME WORDS`.",
            quiet=not sys.stderr.isatty(),
        )
        return 0
    with lock(folder.alerts_lock, "morgue alerts"), closing(
        open_reader(folder.archive_db, time_limit=_SECONDS)
    ) as reader:  # fmt: skip
        told = load_told(folder.alerts)
        told = {name: one for name, one in told.items() if file.search_by_name(name) is not None}
        found: list[News] = []
        for saved in wanted:
            try:
                found.append(look(reader, saved, told.get(saved.name), now=context.clock.now(), opted_out=opted_out))
            except QueryError as error:
                raise QueryError(f"saved search {saved.name!r}: {error}") from error
        count = 0
        if deliver is None:
            _print(found, as_json=as_json)
            for news in found:
                told[news.search.name] = news.told(news.items)
                count += len(news.items)
        else:
            told |= {news.search.name: news.told(()) for news in found}
            save_told(folder.alerts, told)  # from here on nothing is missed, though nobody may take it today
            for news in found:
                done: list[NewsItem] = []
                for batch in _batches(news):
                    deliver(message(news.search, batch, sent_at=context.clock.now().isoformat()))
                    done += batch
                    count += len(batch)
                    told[news.search.name] = news.told(done)
                    save_told(folder.alerts, told)
        save_told(folder.alerts, told)
    return count


def message(search: SavedSearch, items: Sequence[NewsItem], *, sent_at: str | None = None) -> dict[str, object]:
    """Return what is told of a saved search, for JSON."""
    from archive.commands.forms import hit_json
    from archive.query.saved import question_of

    told: dict[str, object] = {"search": search.name, "query": question_of(search)}
    if sent_at is not None:
        told["sent_at"] = sent_at
    return told | {"articles": [hit_json(item.hit) for item in items]}


def line(search: SavedSearch, item: NewsItem) -> str:
    """Return the line of an article: the search, title, source, when it was published, address and id."""
    hit = item.hit
    title = " ".join(plain(hit.title.text).split()) or "(no title)"
    facts = (plain(hit.source or hit.domain), (hit.published or "undated")[:10], plain(hit.url), hit.id)
    return f"{search.name}: {title} · {' · '.join(facts)}"


def _print(found: Sequence[News], *, as_json: bool) -> None:
    if as_json:
        emit_json([message(news.search, news.items) for news in found if news.items])
    for news in found if not as_json else ():
        for item in news.items:
            click.echo(line(news.search, item))
    sys.stdout.flush()  # a full disk shows here, before anything is remembered as told


def _batches(news: News) -> Iterator[tuple[NewsItem, ...]]:
    for at in range(0, len(news.items), BATCH):
        yield news.items[at : at + BATCH]
