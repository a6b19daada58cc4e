"""The words that forbid: `<meta name="robots" content="…">` and the header X-Robots-Tag, as search engines read them.

Source: Google's "Robots meta tag, data-nosnippet, and X-Robots-Tag specifications", Bing's "Which robots metatags does Bing
support" (nocache). Where several words contradict each other, what forbids holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TOKEN = "morgue"  # noqa: S105 - the product token by which sites name us, no secret

_MAX_VALUE = 2_000  # characters that are looked at
_MAX_DATE = 100
_NAMED = re.compile(r"([\w*./-]+)\s*:\s*")
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*", re.IGNORECASE)
_UNTIL = "unavailable_after"
_FORBIDS = {
    "noindex": ("noindex",),
    "noarchive": ("noarchive",),
    "nocache": ("noarchive",),  # Bing's word for it
    "none": ("noindex",),  # noindex, nofollow
}


def forbidden(value: str, *, agents: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (name, as written) for each word of `value` that asks us not to index, archive or show a page.

    Names: noindex, noarchive, unavailable-after (as written: the date). `agents`: a word with a colon may begin a list for
    one crawler, as in X-Robots-Tag; what is for others than us is passed over.

    >>> list(forbidden("otherbot: noindex, morgue: noarchive, nofollow", agents=True))
    [('noarchive', 'noarchive')]
    >>> list(forbidden("max-snippet:-1, unavailable_after: Fri, 1 May 2026 06:00:00 GMT"))
    [('unavailable-after', 'Fri, 1 May 2026 06:00:00 GMT')]
    """
    parts = iter(value[:_MAX_VALUE].split(","))
    ours = True
    for part in parts:
        text = part.strip()
        while named := _NAMED.match(text):
            word, rest = named[1].lower(), text[named.end() :]
            if word == _UNTIL:
                if _WEEKDAY.fullmatch(rest.strip()):  # the comma was the date's own
                    rest = f"{rest.strip()}, {next(parts, '').strip()}"
                if ours:
                    yield "unavailable-after", rest.strip()[:_MAX_DATE]
                text = ""
            elif word.startswith("max-") or not agents:
                text = ""
            else:
                ours = word in {"*", "robots"} or word.partition("/")[0] == TOKEN
                text = rest
        for word in re.split(r"[\s;]+", text.lower()) if ours else ():
            for name in _FORBIDS.get(word, ()):
                yield name, word


def moment(text: str) -> str | None:
    """Return a date as sites write it (ISO 8601, RFC 822, RFC 850) in UTC, sortable as text; None if it is none.

    Without a zone it is taken as UTC, without a time as the beginning of the day.

    >>> moment("25 Jun 2010 15:00:00 PST"), moment("2026-05-01"), moment("soon")
    ('2010-06-25T23:00:00.000000Z', '2026-05-01T00:00:00.000000Z', None)
    """
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(text.strip()[:_MAX_DATE])
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    return None
