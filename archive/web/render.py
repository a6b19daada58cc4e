"""Templates. What they show is escaped, always: no template of ours marks anything as safe, and no string is markup."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from archive.console import plain
from archive.query import Marked
from archive.web import links, words

_HERE = Path(__file__).parent
TEMPLATES = _HERE / "templates"
DATASETTE_TEMPLATES = TEMPLATES / "datasette"  # which take the place of Datasette's own, and what both share
STYLES = {name: _HERE / "static" / f"{name}.css" for name in ("morgue", "sql")}


def rendered(template: str, values: Mapping[str, object]) -> bytes:
    """Return a page as HTML."""
    return _environment().get_template(template).render(values).encode("utf-8", "replace")


@cache
def style(name: str) -> tuple[str, bytes]:
    """Return the path of a style sheet, with a digest in it so that browsers may keep it, and the sheet."""
    data = STYLES[name].read_bytes()
    return f"/-/morgue/{name}-{hashlib.sha256(data).hexdigest()[:12]}.css", data


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader([TEMPLATES, DATASETTE_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        auto_reload=False,
    )
    made.globals.update(links=links, words=words, kinds=words.KINDS, copy_of=words.COPY_OF)
    made.globals["stylesheet"] = style("morgue")[0]
    made.filters.update(pieces=pieces, paragraphs=paragraphs, number=number, counted=counted)
    return made


def _shown(value: object) -> object:
    """Return what a template shows: strangers' control characters and direction overrides are taken out."""
    return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def pieces(marked: Marked) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether it is marked.

    >>> pieces(Marked("the tide turns", ((4, 8),)))
    [('the ', False), ('tide', True), (' turns', False)]
    """
    found, at = [], 0
    for start, end in marked.marks:
        found += [(marked.text[at:start], False), (marked.text[start:end], True)]
        at = end
    return [piece for piece in [*found, (marked.text[at:], False)] if piece[0]]


def paragraphs(text: object) -> list[str]:
    """Return the paragraphs of a text, which blank lines part."""
    return [part for part in str(text or "").split("\n\n") if part.strip()]


def number(value: int) -> str:
    """Return a number with its thousands parted."""
    return f"{value:,}"


def counted(value: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"
