"""Month names, full and shortened, without accents, case-folded: `months.json`, a row of twelve for each language.

Source: CLDR 45, `months` wide and abbreviated, by hand. Names that mean different months in two languages (Croatian
and Czech "listopad") stand with the larger web.
"""

from __future__ import annotations

import json
import unicodedata
from importlib import resources


def plain(word: str) -> str:
    """Return a word case-folded and without accents.

    >>> plain("Février")
    'fevrier'
    """
    return "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))


def _table() -> dict[str, int]:
    rows = json.loads(resources.files("archive.extract").joinpath("months.json").read_text(encoding="utf-8"))
    table: dict[str, int] = {}
    for row in rows:
        for number, name in enumerate(row, 1):
            table.setdefault(plain(name), number)
    return table


MONTHS = _table()
