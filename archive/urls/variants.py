"""AMP, mobile and print spellings: the key of the plain page, as a proposal."""

from __future__ import annotations

import re
from functools import lru_cache

from archive.errors import UrlError
from archive.urls.domains import is_below_registered, registered_domain, without_www
from archive.urls.key import join_key, key_path, key_query, names_page, split_canonical
from archive.urls.spelling import canonical_url

_CACHED_LENGTH = 1024
_MAX_WRAPPERS = 3  # an AMP cache of an AMP viewer's URL; nothing real is deeper

# google.TLD/amp/s/HOST/…, HOST.cdn.ampproject.org/c/s/HOST/…, bing-amp.com/c/s/HOST/… ("s": the page is https).
# https://developers.google.com/amp/cache/overview#amp-cache-url-format
_GOOGLE_VIEWER = re.compile(r"/amp/(s/)?([^/]+\.[^/]+)(/.*)?", re.DOTALL)
_CACHE = re.compile(r"/(?:c|v|i|r|wp/[a-z]|[a-z]{1,3})/(s/)?([^/]+\.[^/]+)(/.*)?", re.DOTALL)
_CACHE_HOSTS = re.compile(r"(?:.+\.)?(?:cdn\.ampproject\.org|ampproject\.net|bing-amp\.com)")
_GOOGLE = re.compile(r"google(?:\.[a-z]{2,3}){1,2}")

# A label of the host, left of the registered domain.
_HOST_LABELS = frozenset({"m", "mobile", "mobi", "amp", "wap", "touch", "print"})

# Query parameters whose value (or mere presence, where "" is listed) asks for another dress of the same page.
_YES = frozenset({"1", "true", "yes", "y", "on"})
_DRESS: dict[str, frozenset[str]] = {
    "amp": _YES | {"", "0", "false"},
    "isamp": _YES,
    "is_amp": _YES,
    "amphtml": _YES | {""},
    "_amp": _YES | {"", "0", "false"},
    "noamp": _YES | {"", "mobile", "available"},  # WordPress' AMP plugin: the plain page, asked for by name
    "nonamp": _YES | {""},
    "outputtype": frozenset({"amp", "print", "default-amp"}),
    "output": frozenset({"amp", "print", "mobile"}),
    "view": frozenset({"amp", "print", "mobile", "printable", "printer"}),
    "mode": frozenset({"amp", "print", "mobile"}),
    "format": frozenset({"amp", "print", "mobile"}),
    "version": frozenset({"amp", "print", "mobile"}),
    "type": frozenset({"amp", "print"}),
    "layout": frozenset({"amp", "print", "mobile"}),
    "template": frozenset({"amp", "print", "mobile"}),
    "tpl": frozenset({"amp", "print", "mobile"}),
    "theme": frozenset({"amp", "print", "mobile"}),
    "action": frozenset({"print", "printpage"}),
    "do": frozenset({"print"}),
    "task": frozenset({"print"}),
    "device": frozenset({"mobile", "desktop", "phone", "amp"}),
    "m": frozenset({"0", "1"}),  # Blogger
    "mobile": _YES | {"", "0", "no"},
    "ismobile": _YES,
    "mobileview": _YES,
    "print": _YES | {"", "print", "pdf"},
    "printable": _YES | {""},
    "printer": _YES | {""},
    "printview": _YES | {""},
    "printpage": _YES | {""},
    "printversion": _YES | {""},
    "print_version": _YES | {""},
    "printerfriendly": _YES | {""},
    "printer_friendly": _YES | {""},
    "pagewanted": frozenset({"print"}),  # the NYT, and CMSs after it
    "tmpl": frozenset({"component"}),  # Joomla's print window; folded only beside print=1
}

_AMP_WORDS = "amp|amp\\.html?|amphtml"
_PRINT_WORDS = (
    "print|print\\.html?|printable|printer|printer-friendly|printerfriendly|printversion|print-version|printview"
)
_LAST_SEGMENT = re.compile(rf"/(?:{_AMP_WORDS}|{_PRINT_WORDS})\Z", re.IGNORECASE)
_FIRST_SEGMENT = re.compile(r"\A/(?:amp|m|mobile|print)(?=/)", re.IGNORECASE)
_AMP_INFIX = re.compile(r"(?<=[^/])\.(?:amp|print)(?=\.s?html?\Z|\Z)", re.IGNORECASE)
_AMP_SUFFIX = re.compile(r"(?<=[0-9]{5})[-_.]amp(?=\.s?html?\Z|\Z)", re.IGNORECASE)
# A listing that has "amp" or "print" as its subject: /tag/amp, /topics/print.
_LISTING = re.compile(
    r"/(?:tags?|topics?|themen?|thema|category|categories|kategorie|section|sections|search|label|labels|keywords?|"
    r"author|authors)\Z",
    re.IGNORECASE,
)


def proposed_key(url: str) -> str:
    """Return the key of the plain page that an AMP, mobile or print spelling belongs to; of other URLs, `url_key`.

    It is a proposal: take it only when the page's canonical link or its text agrees.

    >>> proposed_key("https://amp.news.example/2022/a-b-c?outputType=amp")
    'news.example/2022/a-b-c'

    Raises `UrlError` as `canonical_url` does.
    """
    return _cached(url) if len(url) <= _CACHED_LENGTH else _proposed(url)


def _proposed(url: str) -> str:
    url = canonical_url(url)
    for _ in range(_MAX_WRAPPERS):
        inner = _unwrapped(url)
        if inner is None:
            break
        url = inner
    host, path, query, fragment = split_canonical(url)
    return join_key(
        without_www(_plain_host(host)), _plain_path(key_path(path)), _plain_query(key_query(query, path)), fragment
    )


def _unwrapped(url: str) -> str | None:
    """Return the URL that an AMP cache or viewer shows, or None."""
    host, path, query, _ = split_canonical(url)
    match = None
    if _CACHE_HOSTS.fullmatch(host):
        match = _CACHE.fullmatch(path)
    elif path.startswith("/amp/") and _GOOGLE.fullmatch(registered_domain(host)):
        match = _GOOGLE_VIEWER.fullmatch(path)
    if match is None:
        return None
    secure, inner, rest = match.groups()
    try:
        return canonical_url(f"{'https' if secure else 'http'}://{inner}{rest or '/'}" + (f"?{query}" if query else ""))
    except UrlError:
        return None


def _plain_host(host: str) -> str:
    """Return the host without its mobile label, if what remains is still somebody's site."""
    if not host.startswith(("m.", "mobile.", "mobi.", "amp.", "wap.", "touch.", "print.")) and not any(
        f".{label}." in host for label in _HOST_LABELS
    ):
        return host
    name, colon, port = host.partition(":")
    own = registered_domain(name) if name[0] != "[" else name
    if not name.endswith("." + own):
        return host  # the host is the registered domain (amp.com), or an address
    left = name[: -len(own) - 1].split(".")
    for place, label in enumerate(left):
        if label in _HOST_LABELS:
            rest = ".".join([*left[:place], *left[place + 1 :], own])
            return rest + colon + port if is_below_registered(rest) else host
    return host


def _plain_path(path: str) -> str:
    for rule, rest in (
        (_AMP_INFIX, _AMP_INFIX.sub("", path)),
        (_AMP_SUFFIX, _AMP_SUFFIX.sub("", path)),
        (_LAST_SEGMENT, _LAST_SEGMENT.sub("", path)),
        (_FIRST_SEGMENT, _FIRST_SEGMENT.sub("", path, count=1)),
    ):
        if rest != path and _could_be_article(rest, first=rule is _FIRST_SEGMENT):
            return key_path(rest)
    return path


def _could_be_article(rest: str, *, first: bool) -> bool:
    """Tell whether what is left of a path can be an article's: not a section that has AMP or print as its subject."""
    if not rest or rest == "/" or _LISTING.search(rest):
        return False
    if first:  # /mobile/… and /m/… are sections of many sites: only before what names a page
        return names_page(rest)
    return rest.count("/") > 1 or names_page(rest)


def _plain_query(query: str) -> str:
    if not query:
        return query
    kept = []
    dropped = False
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        if value.lower() in _DRESS.get(name.lower(), ()) and name.lower() != "tmpl":
            dropped = True
        else:
            kept.append(piece)
    if dropped:  # Joomla: print=1&tmpl=component&page= ; the window goes with the print
        kept = [piece for piece in kept if piece.lower() not in {"tmpl=component", "page="}]
    return "&".join(kept)


_cached = lru_cache(maxsize=16384)(_proposed)
