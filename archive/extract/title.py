"""The headline: without the site's name, and as readers saw it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from html import unescape
from urllib.parse import unquote, urlsplit

from archive.extract import jsonld
from archive.extract.document import Document, inner_text, squeeze
from archive.extract.words import table

MAX_TITLE = 400  # characters
_HEADLINE = 4  # words; a shorter h1 may be a section
_HEADLINE_SIZE = 200  # characters of a text that is remembered once it was folded
_FIRST_COMBINING = "\u0300"
_LONG_NAME = 4  # characters; a shorter name is a word like any other
_MAX_PIECES = 8  # pieces of text in an h1 that are looked at
_CLOSE = 0.6  # share of words in common at which two spellings are one headline
_SEPARATOR = re.compile(
    r"\s+[|–—\-·•»«›‹:⋆~/]+\s+|\s*[|»«›‹]\s*|\s+[-–—]{2}\s+|(?<=\w)\s*[｜－–—]\s*|\s*[_＿]\s*(?=[^\W\d_]+$)|(?<=[\w?!.])\s-\s?(?=\S)"
)
_DAY = re.compile(r"^\s*\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\s*$")
_MARKUP = re.compile(r"</?[a-zA-Z][^>]{0,200}>")
_WORD = re.compile(r"\w+")
# Soft hyphens, zero-width characters and direction marks: they steer line breaks, and nobody reads or types them.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_METAS = (
    "og:title", "twitter:title", "dc.title", "dcterms.title", "citation_title", "parsely-title", "sailthru.title",
    "headline",
)  # fmt: skip
# Headings that stand above every page of a site.
_NOT_A_TITLE = frozenset(table("not_a_title"))


def fold(text: str) -> str:
    """Return the words of `text`, case-folded, without accents and punctuation: for comparing only."""
    return _fold_short(text) if len(text) <= _HEADLINE_SIZE else _fold(text)


def _fold(text: str) -> str:
    if text.isascii():
        return " ".join(_WORD.findall(text.lower()))
    plain = unicodedata.normalize("NFKD", text.casefold())
    for char in set(plain):  # few, however long the text
        if char >= _FIRST_COMBINING and unicodedata.combining(char):
            plain = plain.replace(char, "")
    return " ".join(_WORD.findall(plain))


_fold_short = lru_cache(maxsize=2048)(_fold)  # a page's names are compared with everything that may be a title


def site_names(document: Document) -> list[str]:
    """Return what the site calls itself: og:site_name, the JSON-LD publisher, its host."""
    names = [document.meta("og:site_name"), document.meta("application-name"), document.meta("al:android:app_name")]
    names.extend(jsonld.text_of(node.get("publisher")) for node in document.articles)
    names.extend(
        jsonld.text_of(node.get("name"))
        for node in document.nodes
        if any(t in {"WebSite", "NewsMediaOrganization", "Organization"} for t in jsonld.types_of(node))
    )
    if site := document.meta("twitter:site"):
        names.append(site.lstrip("@"))
    names.append(document.host)
    return list(dict.fromkeys(n for n in (squeeze(x) for x in names if x) if n))


def is_site(part: str, sites: Sequence[str], host: str) -> bool:
    """Say whether this part of a title names the site."""
    words = fold(part)
    squashed = words.replace(" ", "")
    if not squashed:
        return True
    for site in sites:
        other = fold(site)
        if words == other:
            return True
        if len(other) < _LONG_NAME:  # "AP", "CNN"
            continue
        more = len(words.split()) - len(other.split())
        if squashed == other.replace(" ", "") or (words.startswith(other + " ") and more <= _LONG_NAME):
            return True
    return _is_host(words, squashed, host)


def _is_host(words: str, squashed: str, host: str) -> bool:
    """Say whether these words are the host's name: "The New York Times" on nytimes.com, "BBC News" on bbc.co.uk."""
    all_labels = host.split(".")
    if any(squashed == "".join(all_labels[i:]).replace("-", "") for i in range(len(all_labels))):
        return True
    labels = [label for label in all_labels if len(label) > 2]  # noqa: PLR2004 - a country's two letters are no name
    if any(squashed == label.replace("-", "") for label in labels):
        return True
    initials = "".join(w[0] for w in words.split())
    longest = max(map(len, labels), default=0)
    return len(squashed) >= _LONG_NAME and any(
        name in squashed or squashed in name or (len(initials) > 2 and initials == name)  # noqa: PLR2004
        for name in (label.replace("-", "") for label in labels if len(label) == longest)
    )


def strip_site(title: str, sites: Sequence[str], host: str, sections: Sequence[str] = ()) -> str:
    """Return a title without the site's name at its end or start, and without a day or one of these sections at its end.

    >>> strip_site("A storm comes - The Daily", ["The Daily"], "daily.example")
    'A storm comes'
    >>> strip_site("A storm comes | Weather | The Daily", ["The Daily"], "daily.example", ["weather"])
    'A storm comes'
    """
    for _ in range(3):  # "Headline | Section | Site"
        cuts = list(_SEPARATOR.finditer(title))
        if not cuts:
            break
        last, first = cuts[-1], cuts[0]
        end, start = title[last.end() :], title[: first.start()]
        if title[: last.start()].strip() and (is_site(end, sites, host) or fold(end) in sections or _DAY.match(end)):
            title = title[: last.start()].strip()
        elif is_site(start, sites, host) and title[first.end() :].strip():
            title = title[first.end() :].strip()
        else:
            break
    return title


def _sections(document: Document) -> list[str]:
    """Return, folded, what the page calls its section and the folders of its address ("/patient-education/")."""
    said = [document.meta("article:section")]
    said.extend(jsonld.text_of(node.get("articleSection")) for node in document.articles)
    folders = unquote(urlsplit(document.page.url).path).split("/")[1:-1]
    said.extend(folder.replace("-", " ").replace("_", " ") for folder in folders)
    return [f for f in (fold(text) for text in said if text) if f]


def tidy(text: str | None) -> str:
    """Return a title as one line, with markup and double-escaped characters resolved."""
    if not text:
        return ""
    text = unescape(unescape(text))
    return squeeze(_INVISIBLE.sub("", _MARKUP.sub("", text)))[:MAX_TITLE]


def _alike(a: str, b: str) -> bool:
    x, y = fold(a), fold(b)
    if not x or not y:
        return False
    if x == y:
        return True
    small, large = sorted((set(x.split()), set(y.split())), key=len)
    if len(small) == 1 and " " not in x and " " not in y:  # a language without spaces
        return x in y or y in x
    return len(small & large) >= _CLOSE * len(large)


def _usable(text: str) -> bool:
    folded = fold(text)
    return bool(folded) and folded not in _NOT_A_TITLE


def candidates(document: Document, sites: Sequence[str]) -> list[tuple[str, str]]:
    """Return (title, via) in the order of trust."""
    found: list[tuple[str, str]] = []
    for node in document.articles:
        headline = jsonld.text_of(node.get("headline")) or jsonld.text_of(node.get("name"))
        if headline:
            found.append((strip_site(tidy(headline), sites, document.host), "json-ld"))
            break
    named = [(value, f"meta:{name}") for name in _METAS if (value := document.meta(name))]
    named.append((document.title_tag, "title"))
    sections = _sections(document)
    found.extend((strip_site(tidy(value), sites, document.host, sections), via) for value, via in named)
    found.extend((tidy(fact.title), fact.via.value) for fact in document.page.facts if fact.title)
    return [(t, v) for t, v in found if _usable(t)]


def _agreed(named: Sequence[tuple[str, str]]) -> str | None:
    """Return the JSON-LD headline if og:title says exactly the same."""
    said = {via: text for text, via in reversed(named)}
    headline, og = said.get("json-ld"), said.get("meta:og:title")
    return headline if headline and og and fold(headline) == fold(og) else None


def _share_a_word(h1: str, named: Sequence[tuple[str, str]]) -> bool:
    words = set(fold(h1).split())
    return not named or any(words & set(fold(t).split()) for t, _ in named)


def find(document: Document, sites: Sequence[str]) -> tuple[str, str] | None:
    """Return the title and where it came from, or None."""
    named = candidates(document, sites)
    h1s = [t for t in (tidy(h) for h in document.h1_texts) if _usable(t) and not is_site(t, sites, document.host)]
    # The h1 is what readers saw; JSON-LD and og:title are often shortened for search engines, or keep the site's name.
    # So an h1 that says the same in other words wins, unless those two agree with one another; and an only h1 that has
    # at least a word in common with them wins too.
    agreed = _agreed(named)
    for h1 in dict.fromkeys(h1s):
        if any(_alike(h1, t) or _begins(h1, t) for t, _ in named):
            if agreed and _alike(h1, agreed) and not _cut_at_a_quote(agreed, h1):
                return agreed, "json-ld"
            return _without_kicker(document, h1, named), "h1"
    if len(set(h1s)) == 1 and len(fold(h1s[0]).split()) >= _HEADLINE and _share_a_word(h1s[0], named):
        return _without_kicker(document, h1s[0], named), "h1"
    if named and named[0][1] == "json-ld":
        return named[0]
    if len(set(h1s)) == 1 and (not named or named[0][1] == "title"):
        return h1s[0], "h1"
    if named:
        return named[0]
    return (h1s[0], "h1") if h1s else None


def _begins(h1: str, named: str) -> bool:
    """Say whether `named` is the h1, a separator, and the name of something larger."""
    first = _SEPARATOR.split(named, maxsplit=1)[0]
    return first != named and fold(first) == fold(h1)


def _cut_at_a_quote(headline: str, h1: str) -> bool:
    """Say whether a headline ends where the h1 opens a quotation: templates that do not escape it lose the rest."""
    return h1.startswith(headline) and h1[len(headline) :].lstrip().startswith('"')


def _without_kicker(document: Document, h1: str, named: Sequence[tuple[str, str]]) -> str:
    """Return the part of an h1 that the page elsewhere gives as its whole title.

    A kicker, a date or a hidden "Headline:" stand in elements of their own inside many an h1.
    """
    element = next((e for e in document.h1s if tidy(inner_text(e)) == h1), None)
    if element is None:
        return h1
    pieces = [t for t in (tidy(text) for text in element.itertext()) if t]
    titles = {fold(t) for t, _ in named}
    if fold(h1) in titles:
        return h1
    for start in range(1, min(len(pieces), _MAX_PIECES)):
        rest = squeeze(" ".join(pieces[start:]))
        if fold(rest) in titles and len(fold(rest).split()) > 1:
            return rest
    return h1
