"""What sources.toml says: who runs this crawler, and what it is to fetch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from archive.doctor.examine import Place
from archive.doctor.finding import Finding, in_two, note, ok, wrong
from archive.errors import SourcesError
from archive.sources import SourcesFile, load_sources

# Names that belong to nobody (RFC 2606, RFC 6761).
_NOBODY = re.compile(r"(?:^|[.@])(?:example|invalid|test|localhost|example\.(?:com|net|org))$")


def look(place: Place) -> Iterator[Finding]:
    """Read sources.toml and check it."""
    path = place.folder.sources
    if not path.is_file():
        what = f"there is no {path}"
        yield wrong("sources", what, "It says what to crawl.", type=f"{_init(place)} --contact mailto:YOUR-ADDRESS")
        return
    try:
        file = load_sources(path)
    except SourcesError as error:
        first, rest = in_two(str(error))
        why = "Nothing is crawled while it cannot be read."
        yield wrong("sources", first, why, do=f"{rest} Correct it in an editor.".strip())
        return
    yield from judge(file, place)


def judge(file: SourcesFile, place: Place) -> Iterator[Finding]:
    """Check what the file says."""
    contact = f"{_init(place)} --contact mailto:YOUR-ADDRESS"
    if file.contact is None:
        why = "A site's owner could not write to you before blocking you, so nobody is asked."
        yield wrong("contact", "sources.toml names no contact", why, type=contact)
    elif is_placeholder(file.contact):
        why = "Each request carries it, and nobody reads what is sent there."
        yield wrong("contact", f"{file.contact} in sources.toml is an example, not your address", why, type=contact)
    else:
        yield ok("contact", file.contact)
    on = sum(source.enabled for source in file.sources)
    if not file.sources:
        yield note("sources", "none yet, so a crawl has nothing to do", type=f"{place.morgue} sources add https://…")
    elif not on:
        what = f"all {len(file.sources)} are switched off, so a crawl does nothing"
        yield wrong("sources", what, type=f"{place.morgue} sources enable NAME")
    else:
        off = len(file.sources) - on
        yield ok("sources", f"{on:,}" + (f", and {off:,} switched off" if off else ""))


def is_placeholder(contact: str) -> bool:
    """Return whether a contact is one of those that documents show.

    >>> is_placeholder("mailto:you@paper.example"), is_placeholder("mailto:desk@gazette.se")
    (True, False)
    """
    if contact.lower().startswith("mailto:"):
        host = contact[len("mailto:") :].partition("?")[0].rpartition("@")[2]
    else:
        host = urlsplit(contact).hostname or ""
    return bool(_NOBODY.search(host.lower().rstrip(".")))


def _init(place: Place) -> str:
    return f"{place.morgue} init"
