"""Answers as JSON and as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from archive.console import counted, plain

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.query import Hit, Shown

Row = dict[str, object]


def hit_json(hit: Hit) -> Row:
    """Return a hit as `search --json` prints it; words that were found stand between « and »."""
    return {
        "id": hit.id,
        "url": hit.url,
        "title": hit.title.text,
        "snippet": hit.snippet.with_marks("«", "»"),
        "source": hit.source,
        "domain": hit.domain,
        "authors": list(hit.authors),
        "published": hit.published,
        "published_precision": hit.published_precision,
        "first_seen": hit.first_seen,
        "language": hit.language,
        "kind": hit.kind,
        "story": hit.story,
        "copies": hit.copies,
        "score": None if hit.score is None else round(hit.score, 4),
    }


def print_hit(hit: Hit) -> None:
    """Print a hit: title, when and where and id, and where the words stand."""
    facts = [(hit.published or "undated")[:10], plain(hit.source or hit.domain), hit.id]
    if hit.copies:
        facts.append(counted(hit.copies, "copy", "copies"))
    click.secho(plain(hit.title.text or "(no title)"), bold=True)
    click.echo("  " + " · ".join(facts))
    if hit.snippet.text:
        click.echo("  " + " ".join(_marked(hit).split()))
    click.echo()


def _marked(hit: Hit) -> str:
    parts, at = [], 0
    text = hit.snippet.text
    for start, end in hit.snippet.marks:
        parts += [plain(text[at:start]), click.style(plain(text[start:end]), bold=True)]
        at = end
    return "".join([*parts, plain(text[at:])])


def shown_json(shown: Shown) -> Row:
    """Return an article as `show --json` prints it."""
    out: Row = dict(shown.article)
    out["revisions"] = list(shown.revisions)
    out["copies"] = list(shown.copies)
    out["captures"] = list(shown.captures)
    if shown.revision is not None:
        out["revision"] = shown.revision
    return out


def print_shown(shown: Shown) -> None:
    """Print an article for reading, with where each fact came from."""
    article, revision = shown.article, shown.revision
    text = revision["text"] if revision else article["text"]
    title = revision["title"] if revision else article["title"]
    click.secho(plain(title or "(no title)"), bold=True)
    for label, value in facts_of(shown):
        click.echo(f"  {label + ':':<11} {plain(value)}")
    click.echo()
    click.echo(plain(text))


def facts_of(shown: Shown) -> list[tuple[str, str]]:
    """Return what is known of an article besides its words, as label and value."""
    article = shown.article
    provenance: dict[str, Any] = article["provenance"] if isinstance(article["provenance"], dict) else {}
    authors = article["authors"]
    facts = [("address", str(article["url"]))]
    if article["source"]:
        facts.append(("source", str(article["source"])))
    if isinstance(authors, list) and authors:
        facts.append(("by", _sourced(", ".join(map(str, authors)), provenance.get("authors"))))
    if article["published"]:
        facts.append(("published", _sourced(str(article["published"]), article["published_via"])))
    else:
        facts.append(("published", "not known"))
    if article["modified"]:
        facts.append(("modified", _sourced(str(article["modified"]), provenance.get("modified"))))
    if article["language"]:
        facts.append(("language", _sourced(str(article["language"]), provenance.get("language"))))
    seen = f"{short(article['first_seen'])} to {short(article['last_seen'])}"
    facts.append(("seen", f"{seen}, {counted(len(shown.captures), 'capture')}"))
    if article["gone_at"]:
        facts.append(("gone", short(article["gone_at"])))
    if isinstance(asked := article["opt_out"], dict):
        facts.append(("opted out", _opt_out(asked)))
    if len(shown.revisions) > 1:
        times = ", ".join(short(row["seen_from"]) for row in shown.revisions)
        ways = f"`morgue diff {article['id']}` tells what changed, `morgue show {article['id']}@TIME` reads one"
        facts.append(("revisions", f"{len(shown.revisions)} (from {times}); {ways}"))
    if article["of"]:
        facts.append(("copy of", f"{article['of']} ({article['kind']}, {article['score']:.2f})"))
    if shown.copies:
        facts.append(("story", f"{counted(len(shown.copies), 'copy', 'copies')}; `morgue story {article['story']}`"))
    if shown.captures:
        last = shown.captures[-1]
        facts.append(("kept in", f"{last['path'] or last['warc']}:{last['offset']}"))
    facts.append(("id", str(article["id"])))
    return facts


def _opt_out(asked: Row) -> str:
    """Say by what a site asks to be left out, and whether that is heeded.

    >>> _opt_out({"signals": [{"name": "noarchive", "via": "meta:robots", "value": "noarchive"}], "from_at": None,
    ...          "ignored": False, "holds": True, "captured_at": "2026-05-01T06:00:00.000000Z"})
    'noarchive (meta:robots), seen 2026-05-01 06:00Z; left out in public'
    """
    signals = asked["signals"]
    named = []
    for one in signals if isinstance(signals, list) else ():
        value = "" if one["value"].replace("_", "-") in (one["name"], "1") else f": {one['value']}"
        named.append(f"{one['name']}{value} ({one['via']})")
    seen = f"{', '.join(named)}, seen {short(asked['captured_at'])}"
    if asked["ignored"]:
        return f"{seen}; ignored, as sources.toml says"
    return f"{seen}; left out in public" + ("" if asked["holds"] else f" from {short(asked['from_at'])} on")


def _sourced(value: str, via: object) -> str:
    return f"{value} ({via})" if via else value


def short(time: object) -> str:
    """Return a stored time to the minute.

    >>> short("2026-05-01T06:00:12.000000Z")
    '2026-05-01 06:00Z'
    """
    return str(time)[:16].replace("T", " ") + "Z"
