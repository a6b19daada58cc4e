"""Lines that belong to the page and not to the article: "Skip to content", "Leave a Reply", share prompts.

A small table of whole lines, compared without case, accents and punctuation. What recurs on one site only is for the
site's profile to learn; here stand the lines that page builders and plug-ins put on millions of sites.
"""

from __future__ import annotations

import re

from archive.extract.title import fold
from archive.extract.words import table

TABLE = frozenset(fold(line) for line in table("skip", "comments", "share", "labels", "furniture"))

# The same prompts with a number or a name in them.
_PATTERNS = re.compile(
    r"^(?:\d+ (?:comments?|shares?|views?|likes?|kommentare?|commentaires?|comentarios?|комментари\w+)|"
    r"(?:tags?|filed under|posted in|categories|topics|tagged|schlagworte|etiquetas|mots cles|теги|метки) .{0,120}|"
    r"\d+ (?:min|mins|minutes?) read|reading time .{0,20}|last (?:updated|modified) .{0,60}|"
    r"(?:click|tap) here to .{0,80}|"
    r"not all (?:news|articles?|posts?) on (?:the|this) site .{0,60}"
    r"(?:point of view|views?|opinions?) of (?:the|this) site.{0,200})$"
)


def is_chrome(line: str) -> bool:
    """Say whether this whole line is the page's, not the article's.

    >>> is_chrome("Skip to content"), is_chrome("The president skipped to the content of his speech.")
    (True, False)
    """
    if len(line) > 320:  # noqa: PLR2004 - longer lines are never prompts
        return False
    return is_folded_chrome(fold(line))


def is_folded_chrome(folded: str) -> bool:
    """Say the same of a line of at most 320 characters that `title.fold` has folded."""
    return folded in TABLE or bool(_PATTERNS.match(folded))
