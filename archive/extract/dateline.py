"""The date line beside a headline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archive.extract import dates
from archive.extract.dates import When
from archive.extract.near import Piece

UPDATED = re.compile(
    r"updat|modif|aktualis|mis à jour|mise à jour|actuali[zs]|aggiorna|geändert|bijgewerkt|oppdatert|opdateret|uppdater|"
    r"обновл|更新|修改|수정|업데이트",
    re.IGNORECASE,
)
_LABEL = 30  # characters; a longer piece of text labels nothing
_LINE = 80  # characters of a date line
_START = 30  # characters before the date: "Tuesday, ", "Published on ", the author's name
_CLOCK = re.compile(r"^\W{0,3}\d{1,2}[:.h]\d{2}\b.{0,12}$")
_PARTS = re.compile(r"\s[|–—-]\s|[|,]\s")
_WORD = re.compile(r"[^\W\d_]{3,}")
_FIRST_DIGIT = re.compile(r"\d")


def dates_in(pieces: Sequence[Piece], language: str) -> Iterator[When]:
    """Return the dates that stand alone in these pieces of text, in their order; not those of a change."""
    for at, piece in enumerate(pieces):
        label = pieces[at - 1].text if at else ""
        if UPDATED.search(label) and len(label) <= _LABEL and not _FIRST_DIGIT.search(label):
            continue
        when = dates.parse_written(piece.moment, language) if not UPDATED.search(piece.text) else None
        if when is None:
            after = pieces[at + 1].text if at + 1 < len(pieces) else ""
            when = _written(piece.text, after, language)
        if when is not None and when.precision != "month":
            yield when


def in_title(title: str, language: str) -> When | None:
    """Return the day that is the last part of a page's title: "Headline | Daily | 28.04.2023"."""
    last = _PARTS.split(title)[-1].strip()
    if last == title.strip() or len(last) > _LABEL or len(_WORD.findall(last)) > 1:
        return None
    when = dates.parse_written(last, language)
    return when if when and when.precision != "month" else None


def _written(text: str, after: str, language: str) -> When | None:
    if said := UPDATED.search(text):
        text = text[: said.start()]
    first = _FIRST_DIGIT.search(text)
    if (
        not first
        or text.isdigit()
        or len(text) > _LINE
        or first.start() > _START
        or text.rstrip().endswith((".", ":", "?", "!"))
    ):
        return None
    return dates.parse_written(f"{text} {after}" if _CLOCK.match(after) else text, language)
