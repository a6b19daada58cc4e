"""Authors as names: no "By", no "Staff", no e-mail address, no job title, no web address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import unescape

from archive.extract.document import squeeze
from archive.extract.words import table

MAX_AUTHORS = 20
_MAX_NAME = 70  # characters
_MAX_WORDS = 6
_FULL_NAME = 2  # words
_MAX_VALUE = 4000  # characters of one string: MAX_AUTHORS names; _EMAIL takes the square of a run without an "@"
_INITIALS = 6  # letters; German and Swiss papers sign with "kesm" or "dpa"

_TAGS = re.compile(r"<[^>]{1,200}>")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<!\w)@\w+")
_URL = re.compile(r"^(?:https?:)?//|^www\.|\.(?:html?|php)\b|(?:facebook|twitter|linkedin)\.com", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*[(\[{][^)\]}]*[)\]}]\s*")
_BY = re.compile(
    r"^\W*(?:(?:eingestellt|verfasst|geschrieben|veröffentlicht|alles|mehr)\s+von|(?:escrito|publicado|redactado)\s+por|"
    r"(?:écrit|publié|rédigé)\s+par|(?:scritto|pubblicato)\s+da|(?:geschreven|gepubliceerd)\s+door|(?:posted|written|reported|story|words|text|article|edited|published|reporting)\s+(?:on\s+.{4,40}\s+)?by|by|von|par|por|di|av|af|"
    r"door|przez|autor(?:in|en|es|zy|i)?|author(?:s|\(s\))?|auteurs?|autore|reporter|text|texte|tekst|testo|texto|foto|"
    r"автор|текст|από|от|بقلم|كتب|كتبت|文|记者|作者|記者|取材|글)\s*[:：|]?\s+|"
    r"^\W*(?-i:(?:By|BY|Author)(?=[A-Z][a-z]))|"  # a label and a name in two elements with no space between
    r"^\W*(?:作者|记者|記者|文/|文／)[:：\s]*",
    re.IGNORECASE,
)
# A job, a desk or an agency after the name ends it: "Jane Roe, Political Editor", "Max Mustermann | dpa".
_TAIL = re.compile(
    r"\s*(?:\||/|·|•|–|—| - |\bfor the\b|\bin (?=[A-Z])|\bat (?=[A-Z])).*$|"
    r"\s+(?:fotos?|photos?|photograph(?:s|y)|bild(?:er)?|illustrations?)\b.*$|\s*©.*$|"
    r"^(?:head|chief) of\b.*$|[,;]?\s*\b(?:(?:[\w-]+\s+){0,3}(?:editor|correspondent|reporter|writer|columnist|"
    r"journalist|producer|staff|contributor|officer|director|president|manager|analyst|professor|"
    r""
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
# "Jane Roe Sat, 21 May": what follows a name up to a digit, where it begins with a weekday.
_DATED = re.compile(rf"(?:^|[\s,|·–-]+)(?:{'|'.join(table('weekdays'))})\.?,?\s+(?:\w+\.?\s+)?\d.*$", re.IGNORECASE)
_COMPANY = re.compile(
    r"\b(?:GmbH|mbH|e\. ?V|AG|KG|Ltd|LLC|Inc|Corp|S\.?A\.?S?|B\.?V|S\.?r\.?l|S\.?p\.?A)\.?$|\bwww\.|\bGmbH\b"
)
_AGENCIES = frozenset(table("agencies"))
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
    value = squeeze(_BRACKETS.sub(" ", _EMAIL.sub(" ", _TAGS.sub(" ", unescape(unescape(value))))))
    value = _DATED.sub("", value)
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


def is_company(name: str) -> bool:
    """Say whether a name ends in a legal form or is a web address: who made the site, not who wrote.

    >>> is_company("Pier Media GmbH"), is_company("Jane Roe")
    (True, False)
    """
    return bool(_COMPANY.search(name))


def has_first_and_last(name: str) -> bool:
    """Say whether a name has as many words as a person's; scripts without spaces between words pass."""
    return 2 <= len(name.split()) <= 4 or not name.isascii()  # noqa: PLR2004 - "Ana María de la Cruz" is rare


def is_label(line: str) -> bool:
    """Say whether a line is nothing but what stands before a name: "By", "Written by:", "Autor"."""
    return bool(_BY.match(f"{line} ")) and not _BY.sub("", f"{line} ").strip(" :")


def without_agencies(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the persons among these names; if there are none, all of them."""
    persons = tuple(n for n in names if _fold(n).removeprefix("the ") not in _AGENCIES)
    return persons or names


def is_signed(line: str) -> bool:
    """Say whether a line starts like a byline: "By …", "Von …", "Автор: …"."""
    return bool(_BY.match(line))


def _name(text: str) -> str | None:
    text = _BY.sub("", text.strip())
    text = _TAIL.sub("", text).strip(" .,;:-–—|/*\"'“”")
    plain = _fold(text)
    words = plain.split()
    for length in (3, 2, 1):  # "Jane Roe The Associated Press"
        if len(words) >= length + _FULL_NAME and " ".join(words[-length:]).removeprefix("the ") in _AGENCIES:
            return " ".join(text.split()[:-length]).rstrip(" ,/")
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
