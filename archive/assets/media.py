"""What a usual desktop browser makes of `media`, `srcset` and `sizes`: a window of 1366 pixels, one dot a pixel. Pure.

Source: WHATWG HTML (2024), "Parsing a srcset attribute" and "Selecting an image source"; Media Queries Level 4. Only what
pages write is understood; an unknown condition counts as met.
"""

from __future__ import annotations

import re

WIDTH, HEIGHT = 1366.0, 768.0  # CSS pixels
_EM = 16.0
_MAX_SRCSET = 20_000  # characters
_MAX_CANDIDATES = 100
_MAX_QUERY = 4_000  # characters of `media` and `sizes`
_FEATURE = re.compile(
    r"\(\s*(min|max)-(?:device-)?(width|height)\s*:\s*([0-9.]{1,10})\s*(px|em|rem)\s*\)", re.IGNORECASE
)
_RANGE = re.compile(r"\(\s*(width|height)\s*(<=?|>=?)\s*([0-9.]{1,10})\s*(px|em|rem)\s*\)", re.IGNORECASE)
_OTHER = re.compile(
    r"\(\s*(?:orientation\s*:\s*portrait|prefers-color-scheme\s*:\s*dark|[\w-]*resolution\s*:|-webkit-min-device)"
)
_LENGTH = re.compile(r"([0-9.]{1,10})\s*(px|vw|em|rem)\s*\Z", re.IGNORECASE)
_DESCRIPTOR = re.compile(r"\s*([0-9]{1,6}|[0-9.]{1,10})([wx])\b")
_WORD = re.compile(r"[\s,]*+(\S++)")
_TYPES = frozenset(
    {"", "image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp", "image/avif", "image/svg+xml", "image/apng"}
)


def applies(media: str | None) -> bool:
    """Return whether a media query holds on a usual desktop screen.

    >>> applies("(max-width: 600px)"), applies("screen and (min-width: 40em)"), applies("print")
    (False, True, False)
    """
    queries = (media or "")[:_MAX_QUERY].lower().split(",")[:20]
    return any(_holds(query.strip()) for query in queries)


def _holds(query: str) -> bool:
    words = query.split("(", 1)[0].split()
    negated = words[:1] == ["not"]
    kind = next((word for word in words if word not in {"not", "only", "and"}), "all")
    return (kind in {"all", "screen"} and _conditions(query)) is not negated


def _conditions(query: str) -> bool:
    for bound, side, number, unit in _FEATURE.findall(query):
        have, asked = (WIDTH if side == "width" else HEIGHT), _pixels(number, unit)
        if (have < asked) if bound == "min" else (have > asked):
            return False
    for side, sign, number, unit in _RANGE.findall(query):
        have, asked = (WIDTH if side == "width" else HEIGHT), _pixels(number, unit)
        met = {"<": have < asked, "<=": have <= asked, ">": have > asked, ">=": have >= asked}[sign]
        if not met:
            return False
    return not _OTHER.search(query)


def _pixels(number: str, unit: str) -> float:
    try:
        value = float(number)
    except ValueError:
        return 0.0
    return value * {"px": 1.0, "vw": WIDTH / 100}.get(unit.lower(), _EM)


def shows(kind: str | None) -> bool:
    """Return whether a usual browser shows images of a media type; nothing said is taken for yes."""
    return (kind or "").partition(";")[0].strip().lower() in _TYPES


def chosen(srcset: str | None, sizes: str | None = None) -> str | None:
    """Return the address that a usual browser takes from a `srcset`, as written; None if there is none.

    >>> chosen("s.jpg 400w, m.jpg 800w, l.jpg 2000w", "(min-width: 1000px) 700px, 100vw")
    'm.jpg'
    """
    found = list(_candidates(srcset or ""))
    if not found:
        return None
    if any(unit == "w" for _, _, unit in found):
        needed = source_size(sizes)
        widths = sorted((size, url) for url, size, unit in found if unit == "w")
    else:
        needed = 1.0
        widths = sorted((size, url) for url, size, _ in found)
    return next((url for size, url in widths if size >= needed), widths[-1][1])


def _candidates(srcset: str) -> list[tuple[str, float, str]]:
    text, at, found = srcset[:_MAX_SRCSET], 0, list[tuple[str, float, str]]()
    while len(found) < _MAX_CANDIDATES and (match := _WORD.match(text, at)) is not None:
        url, at = match[1], match.end()
        size, unit = 1.0, "x"
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            said = _DESCRIPTOR.match(text[at : min(end, at + 40)])
            if said is not None:
                unit = said[2]
                try:
                    size = float(said[1])
                except ValueError:
                    size = 0.0
            at = end
        found.append((url, size, unit))
    return found


def source_size(sizes: str | None) -> float:
    """Return the width in CSS pixels that `sizes` gives; what is not understood counts as the whole window.

    >>> source_size("(max-width: 700px) 100vw, 650px"), source_size("50vw"), source_size("calc(100vw - 2em)")
    (650.0, 683.0, 1366.0)
    """
    for part in (sizes or "")[:_MAX_QUERY].split(",")[:20]:
        text = part.strip()
        length = _LENGTH.search(text)
        media = text[: length.start()].strip() if length else text
        if length is None or media.endswith(("(", "-", "+", "*", "/")):
            continue
        if not media or (media.startswith(("(", "not", "only", "screen", "all")) and applies(media)):
            return _pixels(length[1], length[2])
    return WIDTH
