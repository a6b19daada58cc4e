"""Authors as names: no "By", no "Staff", no e-mail address, no job title, no web address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from archive.extract.document import squeeze
from archive.extract.words import table

MAX_AUTHORS = 20
_MAX_NAME = 70  # characters
_MAX_WORDS = 6
_MAX_VALUE = 4000  # characters of one string: MAX_AUTHORS names; _EMAIL takes the square of a run without an "@"
_INITIALS = 6  # letters; German and Swiss papers sign with "kesm" or "dpa"

_TAGS = re.compile(r"<[^>]{1,200}>")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<!\w)@\w+")
_URL = re.compile(r"^(?:https?:)?//|^www\.|\.(?:html?|php)\b|(?:facebook|twitter|linkedin)\.com", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*[(\[{][^)\]}]*[)\]}]\s*")
_BY = re.compile(
    r"^\W*(?:(?:posted|written|reported|story|words|text|article|edited|published|reporting)\s+(?:on\s+.{4,40}\s+)?by|by|von|par|por|di|av|af|"
    r"door|przez|autor(?:in|en|es|zy|i)?|author(?:s|\(s\))?|auteurs?|autore|reporter|text|texte|tekst|testo|texto|foto|"
    r"автор|текст|από|от|بقلم|كتب|كتبت|文|记者|作者|記者|取材|글)\s*[:：|]?\s+|"
    r"^\W*(?:作者|记者|記者|文/|文／)[:：\s]*",
    re.IGNORECASE,
)
# A job, a desk or an agency after the name ends it: "Jane Roe, Political Editor", "Max Mustermann | dpa".
_TAIL = re.compile(
    r"\s*(?:\||/|·|•|–|—| - |\bfor the\b|\bin (?=[A-Z])|\bat (?=[A-Z])).*$|"
    r"[,;]?\s*\b(?:(?:[\w-]+\s+){0,3}(?:editor|correspondent|reporter|writer|columnist|journalist|producer|staff|contributor|"
    r"redakteur(?:in)?|korrespondent(?:in)?|redactrice|journaliste|periodista|redactor|giornalista|корреспондент)s?)\b.*$",
    re.IGNORECASE,
)
_AND = re.compile(
    r"\s*(?:;|\s(?:and|und|et|y|e|en|og|och|i|и|та|και|ve|ja|dan|&|\+)\s|&|\s[·•]\s|、|،|/)\s*", re.IGNORECASE
)
_COMMA = re.compile(r"\s*[,，]\s*")
_NOISE = re.compile(
    r"\b(?:updated|published|posted|minutes?|read|share|follow|view|subscribe|click|comments?|copyright|all rights)\b|"
    r"[<>{}\\]|https?:",
    re.IGNORECASE,
)
# Whole values that name no person.
_NOBODY = frozenset(table("nobody"))
_SUFFIX = re.compile(r"^(?:jr|sr|ii|iii|iv|phd|ph\.d|md|m\.d|esq|dds|mba|rn|msc|ma|ba)\.?$", re.IGNORECASE)


def clean(values: Iterable[str], *, site_names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the persons that these strings name, in their order, each once."""
    sites = {_fold(s) for s in site_names if s}
    names: list[str] = []
    seen: set[str] = set()
    for value in values:
        for part in split(value):
            key = _fold(part)
            if key and key not in seen and key not in sites:
                seen.add(key)
                names.append(part)
    return tuple(names[:MAX_AUTHORS])


def split(value: str) -> list[str]:
    """Return the names of one string.

    >>> split("By Jane Roe and John Doe, Political Editor")
    ['Jane Roe', 'John Doe']
    """
    value = value[:_MAX_VALUE]
    value = squeeze(_BRACKETS.sub(" ", _EMAIL.sub(" ", _TAGS.sub(" ", value))))
    if not value or _URL.search(value):
        return []
    value = _BY.sub("", value)
    names: list[str] = []
    for group in _AND.split(value):
        parts = [p for p in _COMMA.split(group) if p]
        for position, part in enumerate(parts):
            if position and _SUFFIX.match(part):
                if names:
                    names[-1] = f"{names[-1]}, {part}"
                continue
            name = _name(part)
            if name:
                names.append(name)
            elif position == 0 and not _BY.match(part):
                break  # "Staff, Jane Roe" is rare, "Editor, The Daily" is not
    return names


_PARTICLES = frozenset(
    {"de", "van", "von", "der", "den", "la", "da", "di", "del", "bin", "al", "el", "du", "le", "y", "e", "dos", "das"}
)


def looks_like_a_person(name: str) -> bool:
    """Say whether every word of a name starts as names do; scripts without capitals always pass.

    >>> looks_like_a_person("Marna van der Merwe"), looks_like_a_person("See all")
    (True, False)
    """
    return all(not w[0].islower() or w in _PARTICLES for w in name.split())


def is_signed(line: str) -> bool:
    """Say whether a line starts like a byline: "By …", "Von …", "Автор: …"."""
    return bool(_BY.match(line))


def _name(text: str) -> str | None:
    text = _BY.sub("", text.strip())
    text = _TAIL.sub("", text).strip(" .,;:-–—|/*\"'“”")
    plain = _fold(text)
    if not plain or plain in _NOBODY or len(text) > _MAX_NAME or len(text.split()) > _MAX_WORDS:
        return None
    if any(c.isdigit() for c in text) or _NOISE.search(text) or _URL.search(text) or "@" in text:
        return None
    if not any(c.isalpha() for c in text) or len(plain) < 2:  # noqa: PLR2004 - an initial is no name
        return None
    if text.islower() and " " not in text and text.isascii() and len(text) > _INITIALS:
        return None  # an account's name
    if text.isupper() and " " in text and text.isascii():
        text = text.title()
    return text


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return squeeze("".join(c for c in plain if not unicodedata.combining(c)))
