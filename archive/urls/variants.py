"""AMP, mobile and print spellings: the key of the plain page, as a proposal."""

from __future__ import annotations

import re
from functools import lru_cache

from archive.errors import UrlError
from archive.urls.domains import is_below_registered, registered_domain, without_www
from archive.urls.key import has_page_name, in_order, join_key, key_path, key_query, names_page, split_canonical
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
    "hs_amp": _YES,  # HubSpot
    "amphtml": _YES | {""},
    "_amp": _YES | {"", "0", "false"},
    "noamp": _YES | {"", "mobile", "available"},  # WordPress' AMP plugin: the plain page, asked for by name
    "nonamp": _YES | {""},
    "ot": frozenset({"ot.amppagelayout"}),
    "service": frozenset({"amp", "print"}),
    "outputtype": frozenset({"amp", "print", "default-amp"}),
    "output": frozenset({"amp", "print", "mobile"}),
    "view": frozenset({"amp", "print", "mobile", "printable", "printer"}),
    "mode": frozenset({"amp", "print", "mobile"}),
    "format": frozenset({"amp", "print", "mobile"}),
    "version": frozenset({"amp", "print", "mobile"}),
    "type": frozenset({"amp", "print"}),
    "layout": frozenset({"amp", "print", "mobile"}),
    "template": frozenset({"amp", "ampart", "print", "mobile"}),
    "tpl": frozenset({"amp", "print", "mobile"}),
    "theme": frozenset({"amp", "print", "mobile"}),
    "action": frozenset({"print", "printpage"}),
    "do": frozenset({"print"}),
    "task": frozenset({"print"}),
    "device": frozenset({"mobile", "desktop", "phone", "amp"}),
    "m": frozenset({"0", "1"}),  # Blogger; elsewhere a month, see `_is_dress`
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
}

_AMP_WORDS = "amp|amp\\.html?|amphtml"
_PRINT_WORDS = (
    "print|print\\.html?|printable|printer|printer-friendly|printerfriendly|printversion|print-version|printview"
)
_LAST_SEGMENT = re.compile(rf"/(?:{_AMP_WORDS}|{_PRINT_WORDS})\Z", re.IGNORECASE)
_FIRST_SEGMENT = re.compile(r"\A/(?:m|mobile|print)(?=/)", re.IGNORECASE)
# A folder of AMP pages; Vox Media and Globo have it in a folder of its own.
_AMP_SEGMENT = re.compile(r"/(?:(?:platform|google|api)/)?(?:[._]?amp|amp-page|google-amp|amphtml)(?=/)", re.IGNORECASE)
_AMP_INFIX = re.compile(r"(?<=[^/])\.(?:amp|print)(?=\.s?html?\Z|\Z)", re.IGNORECASE)
_AMP_INDEX = re.compile(r"/index[._]amp(?:\.s?html?)?\Z", re.IGNORECASE)
# After an article's number; with the signs of German broadcasters and of the Süddeutsche after anything; NDsoft's
# articleViewAmp.html, which most Korean papers have.
_AMP_SUFFIX = re.compile(
    r"(?:(?<=[0-9]{5})[-_.]amp|(?<=[^/])[~!]amp|(?<=/articleView)Amp)(?=\.s?html?\Z|\Z)", re.IGNORECASE
)
# An underscore after a slug with hyphens was put there by software: …-20241202105634-nt_amp.html
_AMP_TAIL = re.compile(r"_amp(?=\.s?html?\Z)", re.IGNORECASE)
# A listing that has "amp" or "print" as its subject: /tag/amp, /topics/print.
_LISTING = re.compile(
    r"/(?:tags?|topics?|themen?|thema|category|categories|kategorie|section|sections|search|label|labels|keywords?|"
    r"author|authors|brands?)\Z",
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
    query = key_query(query, path) if query else ""
    return join_key(
        without_www(_plain_host(host)),
        _plain_path(_on_its_host(host, key_path(path))),
        _plain_query(query, path),
        fragment,
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


def _on_its_host(host: str, path: str) -> str:
    """Return the path without the site's name, where an AMP host that serves many sites has it in front.

    amp.cnn.com/cnn/2019/… is www.cnn.com/2019/…
    """
    if not host.startswith("amp."):
        return path
    folder = f"/{registered_domain(host).partition('.')[0]}/"
    return path[len(folder) - 1 :] if path.startswith(folder) else path


def _plain_path(path: str) -> str:
    for rule in (_AMP_INDEX, _AMP_INFIX, _AMP_SUFFIX, _AMP_TAIL, _LAST_SEGMENT, _AMP_SEGMENT, _FIRST_SEGMENT):
        found = rule.search(path)
        if found is None:
            continue
        before, after = path[: found.start()], path[found.end() :]
        if _could_be_article(rule, before, after):
            return key_path(before + after)
    return path


def _could_be_article(rule: re.Pattern[str], before: str, after: str) -> bool:
    """Tell whether what is left of a path can be an article's: not a section that has AMP or print as its subject."""
    rest = before + after
    if not rest or rest == "/" or _LISTING.search(before):
        return False
    if rule is _FIRST_SEGMENT:
        return names_page(rest)  # /mobile/… and /m/… are sections of many sites: only before what names a page
    if rule is _AMP_SEGMENT:
        return has_page_name(rest)
    if rule is _AMP_TAIL:
        name = before.rpartition("/")[2]
        return "-" in name or name[-1:].isdecimal()
    return rule is _AMP_INDEX or rest.count("/") > 1 or names_page(rest)


def _plain_query(query: str, path: str) -> str:
    if not query:
        return query
    pieces = query.split("&")
    kept = [piece for piece in pieces if not _is_dress(piece, path)]
    if len(kept) == len(pieces):
        return query
    # Joomla: print=1&tmpl=component&page= ; the window goes with the print
    return "&".join(in_order([piece for piece in kept if piece.lower() not in {"tmpl=component", "page="}]))


def _is_dress(piece: str, path: str) -> bool:
    name, _, value = piece.lower().partition("=")
    if value not in _DRESS.get(name, ()):
        return False
    return name != "m" or path.endswith(".html")


_cached = lru_cache(maxsize=16384)(_proposed)
