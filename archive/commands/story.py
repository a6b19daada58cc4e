"""`morgue story`: who copied whom, and what people decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from archive.console import Context, counted, emit_json, emit_table, pass_context, plain, say

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.regroup import Regrouped, StoryNow

_COARSE = frozenset({"day", "month"})  # precisions that tell no time of day
_MOST_NAMED = 10
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400  # seconds


class StoryGroup(click.Group):
    """`morgue story ID` is `morgue story list ID`."""

    default = "list"

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Return the commands in the order in which they were added."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before what is none."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)


@click.group(cls=StoryGroup, short_help="Show, split and join stories.")
def story() -> None:
    """Show a story: who had it first, who copied whom and how fast; or decide which articles are one story.

    `morgue story ID` is short for `morgue story list ID`.

    Example: morgue story a-3f7kq2m9x0ab
    """


@story.command("list", short_help="List every copy of a story.")
@click.argument("id_or_url")
@click.option("--json", "as_json", is_flag=True, help="Print the members as JSON.")
@pass_context
def list_members(context: Context, id_or_url: str, as_json: bool) -> None:
    """List every copy of a story, earliest first, with how each was recognised, of what, and how long after it came.

    ID is that of a story or of any article in it. Delays are between the times of publication (of the first capture, where
    none is known); ~ where a page gives a day and no time. A * marks the story's head. The same is in SQL as
    `story_timeline`.

    Example: morgue story list a-3f7kq2m9x0ab
    """
    from archive.query import members, open_reader

    with closing(open_reader(context.folder.archive_db)) as reader:
        name, rows = members(reader, id_or_url)
    if as_json:
        emit_json({"story": name, "members": rows})
        return
    coarse = {row["id"] for row in rows if row["published_precision"] in _COARSE}
    head = next((row["id"] for row in rows if row["head"]), None)
    columns = ["", "published", "after head", "source", "kind", "score", "of", "after it", "id", "title"]
    emit_table(
        columns, [_cells(row, coarse, head) for row in rows], title=f"Story {name}, {counted(len(rows), 'article')}"
    )


def _cells(row: Mapping[str, Any], coarse: set[Any], head: object) -> list[object]:
    about = row["id"] in coarse
    after = "" if row["head"] else delay_text(row["seconds_after_head"], about=about or head in coarse)
    before = row["seconds_after_of"]
    at = str(row["sort_at"])[: 10 if about else 16].replace("T", " ") + ("" if about else "Z")
    return [
        "*" if row["head"] else "",
        at if row["published"] else f"(seen {at})",
        after,
        row["source"] or row["domain"],
        row["kind"],
        "" if row["score"] is None else f"{row['score']:.2f}",
        row["of"],
        "" if before is None else delay_text(before, about=about or row["of"] in coarse),
        row["id"],
        row["title"],
    ]


def delay_text(seconds: int, *, about: bool = False) -> str:
    """Return a delay in its two largest units.

    >>> delay_text(42), delay_text(3_840), delay_text(-90_000, about=True), delay_text(0)
    ('+42 s', '+1 h 04 min', '~-1 d 01 h', '+0 s')
    """
    left = abs(seconds)
    if left < _MINUTE:
        text = f"{left} s"
    elif left < _HOUR:
        text = f"{left // _MINUTE} min"
    elif left < _DAY:
        text = f"{left // _HOUR} h {left % _HOUR // _MINUTE:02} min"
    else:
        text = f"{left // _DAY} d {left % _DAY // _HOUR:02} h"
    return ("~" if about else "") + ("-" if seconds < 0 else "+") + text


_REASON = click.option("--reason", metavar="TEXT", help="Why; kept with the decision.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print what changed as JSON.")


@story.command(short_help="Take articles out of their story.")
@click.argument("articles", nargs=-1, required=True, metavar="ID_OR_URL...")
@_REASON
@_DRY_RUN
@_JSON
@pass_context
def split(context: Context, articles: tuple[str, ...], reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Let articles leave their story. They found one of their own together, whose id is that of the earliest captured.

    The decision is kept in decisions.jsonl, and holds after `morgue rebuild` and `morgue restory`. It is about the articles
    that the story has now. One that comes later goes where its best match is: a copy of an article that was split off joins
    the story which that one is in. If the founding article leaves, what is left has the id of the next.

    Example: morgue story split a-3f7kq2m9x0ab --reason "another match"
    """
    from archive.regroup import split_story

    done = split_story(context.folder, articles, clock=context.clock, reason=reason, dry_run=dry_run)
    _tell(done, as_json=as_json)


@story.command(short_help="Make one story of several.")
@click.argument("stories", nargs=-1, required=True, metavar="ID_OR_URL...")
@_REASON
@_DRY_RUN
@_JSON
@pass_context
def join(context: Context, stories: tuple[str, ...], reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Make one story of several: of each, name its id, or any article in it. They come with all their articles.

    The decision is kept in decisions.jsonl, and holds after `morgue rebuild` and `morgue restory`. Morgue itself never makes
    one story of two. A later `morgue story split` may undo it, and the other way round: the last decision about an article
    counts. The kind of an article that is in its story by a decision alone is "joined".

    Example: morgue story join a-3f7kq2m9x0ab a-9k2c4m1r7q3z
    """
    from archive.regroup import join_stories

    done = join_stories(context.folder, stories, clock=context.clock, reason=reason, dry_run=dry_run)
    _tell(done, as_json=as_json)


def _tell(done: Regrouped, *, as_json: bool) -> None:
    if as_json:
        emit_json({**asdict(done), "decision": done.decision if done.changed else None})
        return
    if not done.changed:
        now = done.stories[0]
        what = (
            f"{_named(done.articles)} is one story already"
            if done.decision == "story-join"
            else f"{_named(done.articles)} is the whole of story {now.story} already"
        )
        say(f"{what.replace(' is ', ' are ') if len(done.articles) > 1 else what}. Nothing was changed or written.")
        return
    would = "would be" if done.dry_run else "is now"
    for before in done.before:
        if before not in {now.story for now in done.stories}:
            say(f"Story {before} {'would be' if done.dry_run else 'is'} one with {done.stories[0].story}.")
    for now in done.stories:
        click.echo(plain(f"Story {now.story} {would} {_members(now)}."))
    if not done.dry_run:
        say("Kept in decisions.jsonl. `morgue story ID` shows a story.")


def _members(now: StoryNow) -> str:
    if not now.members:
        return "one of hidden articles only"
    head = f"; its head is {now.head}" if len(now.members) > 1 else ""
    return f"{counted(len(now.members), 'article')} ({_named(now.members)}){head}"


def _named(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:_MOST_NAMED]) + (", …" if len(ids) > _MOST_NAMED else "")
