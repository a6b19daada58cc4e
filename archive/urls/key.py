"""The identity of a page: one key for all spellings that every server answers alike."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from urllib.parse import unquote

from archive.urls.domains import without_www
from archive.urls.spelling import canonical_url
from archive.urls.tracking import Needs, tag_needs

_CACHED_LENGTH = 1024

_PARTS = re.compile(r"https?://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
# RFC 3986 section 2.3, and the delimiters that mean nothing to a server in that place: encoders differ only in taste
# (encodeURIComponent leaves !'()*, Python's quote escapes them).
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_PATH_PLAIN = frozenset(_UNRESERVED + "!'()*,:@$")
_QUERY_PLAIN = frozenset(_UNRESERVED + "!'()*,:@$/?;|[]")
_QUERY_ALWAYS_ESCAPED = re.compile(r"[^!$%&'()*,\-./0-9:;=?@A-Z\[\]_a-z|~]")
_PATH_ALWAYS_ESCAPED = re.compile(r"[\[\]^|\\]")

# Default documents of Apache, nginx, IIS, Tomcat and Domino-era servers.
_INDEX = re.compile(
    r"/(?:index|default)\.(?:html?|shtml?|xhtml|php[3-7]?|phtml|aspx?|jspx?|cfm|do|cgi|pl)\Z", re.IGNORECASE
)
_SLASHES = re.compile(r"//+")
# Session ids in the path: Java servlets' ;jsessionid=…, PHP's ;PHPSESSID=…, and ASP.NET's /(S(…))/ segments.
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sessionid|sid|cfid|cftoken)=[^/;]*", re.IGNORECASE)
_ASPNET_SESSION = re.compile(r"/\((?:[ASFX]\([0-9A-Za-z_-]{10,}\)){1,3}\)(?=/)")
# Campaign tags glued on with the wrong sign: /story&utm_source=rss and /story?id=5?utm_source=rss.
_GLUED_PATH = re.compile(r"&(?:amp;)?(?:utm_[a-z]+|fbclid|gclid)=[^&]*", re.IGNORECASE)
_GLUED_QUERY = re.compile(r"\?(?=(?:utm_[a-z]+|fbclid|gclid)=)", re.IGNORECASE)
# The final slash that some software puts behind whatever it has: ?p=959/
_SLASHED_NUMBER = re.compile(r"[^=]+=[0-9]+/")

_PAGE_NAME = re.compile(
    r"\.(?:s?html?|xhtml|story|ece|ssf|dtl|d|cms|article)\Z"  # a document, not a script
    r"|[0-9]{4}"  # a date or an article's number
    r"|(?<![^/_-])[^/_-]+[-_][^/_-]+[-_][^/_-]+",  # a slug of three words or more
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"\.(?:php[3-7]?|phtml|aspx?|jspx?|cfm|cgi|pl|do|dll|nsf)\Z", re.IGNORECASE)


def url_key(url: str) -> str:
    """Return the identity of the page at `url`: host, path and query without what does not say which page it is.

    Folds scheme and default port, `www`, tracking and session parameters, the order of the query, case of escapes and
    needless escapes, doubled slashes, default index names, the final slash and the fragment (not `#!…`). Keeps the
    case of the path, other ports, other subdomains and every parameter that may choose the page.
    `url_key(canonical_url(u)) == url_key(u)`.

    >>> url_key("http://www.news.example/a/index.html?b=2&a=1&fbclid=x") == url_key("https://news.example/a?a=1&b=2")
    True

    Raises `UrlError` as `canonical_url` does.
    """
    return _cached(url) if len(url) <= _CACHED_LENGTH else _key(url)


def article_id(key: str) -> str:
    """Return the public id of an article born with this key: "a-" and 60 bits of its SHA-256 in lower-case base32.

    >>> article_id("news.example/a")
    'a-ua2lonriru6d'
    """
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return "a-" + base64.b32encode(digest[:10]).decode("ascii")[:12].lower()


def _key(url: str) -> str:
    return key_of_canonical(canonical_url(url))


def key_of_canonical(url: str) -> str:
    """Return the key of a URL that is canonical already."""
    host, path, query, fragment = split_canonical(url)
    return join_key(without_www(host), key_path(path), key_query(query, path) if query else "", fragment)


def split_canonical(url: str) -> tuple[str, str, str, str]:
    """Return host (with a port that is not the default), path, query and fragment of a canonical URL."""
    match = _PARTS.fullmatch(url)
    if match is None:  # pragma: no cover (canonical URLs have that form)
        raise ValueError(url)
    host, path, query, fragment = match.groups()
    return host, path, query or "", fragment or ""


def join_key(host: str, path: str, query: str, fragment: str) -> str:
    """Return the key's text: a URL without its scheme."""
    if fragment:
        fragment = "#" + plain(fragment, _QUERY_PLAIN)
    return f"{host}{path}?{query}{fragment}" if query else f"{host}{path}{fragment}"


def key_path(path: str) -> str:
    """Return the path with escapes, slashes, sessions, index names and the final slash folded."""
    if path == "/":
        return path
    if "%" in path:
        path = plain(path, _PATH_PLAIN)
    if "//" in path:
        path = _SLASHES.sub("/", path)
    if ";" in path:
        path = _PATH_SESSION.sub("", path)
    if "/(" in path:
        path = _ASPNET_SESSION.sub("", path)
    if "&" in path:
        folder, slash, name = path.rstrip("/").rpartition("/")
        path = folder + slash + _GLUED_PATH.sub("", name)
    path = _PATH_ALWAYS_ESCAPED.sub(lambda match: f"%{ord(match[0]):02X}", path)
    path = _INDEX.sub("/", path)
    return path.rstrip("/") or "/"


def key_query(query: str, path: str) -> str:
    """Return the query with tracking folded, sorted by name; values of one name keep their order."""
    if "?" in query:
        query = _GLUED_QUERY.sub("&", query)
    path_named: bool | None = None  # asked only where it matters
    sure: list[str] = []  # what chooses the page
    doubtful: list[str] = []  # … if nothing else does
    for piece in query.split("&"):
        piece = piece.removeprefix("amp;")  # noqa: PLW2901 (a feed escaped & twice)
        if not piece:
            continue
        piece = plain_query(piece)  # noqa: PLW2901 (the same piece, spelled the one way)
        name, _, value = piece.partition("=")
        needs = tag_needs(name.lower(), unquote(value) if "%" in value else value)
        if needs is Needs.NOTHING:
            continue
        if needs is None:
            sure.append(piece[:-1] if _SLASHED_NUMBER.fullmatch(piece) else piece)
            continue
        if path_named is None:
            path_named = names_page(path)
        if not path_named:
            (doubtful if needs is Needs.ANOTHER else sure).append(piece)
    return "&".join(in_order(sure or doubtful))


def in_order(pieces: list[str]) -> list[str]:
    """Return the pieces of a query sorted by name, so that their order makes no difference.

    Values of one name stay in their order, as a=2&a=1 may be a list; and so does everything where a piece has no name
    (?12&5 may be a day and a month).
    """
    if len(pieces) > 1 and all("=" in piece for piece in pieces):
        return sorted(pieces, key=lambda piece: piece.partition("=")[0])
    return pieces


def names_page(path: str) -> bool:
    """Tell whether a path by itself says which page is meant: a document, a date, a number or a slug; no script."""
    return _SCRIPT.search(path) is None and has_page_name(path)


def has_page_name(path: str) -> bool:
    """Tell whether a date, a number, a slug or a document's name stands in a path, a script's or not."""
    return _PAGE_NAME.search(path) is not None


def plain(text: str, wanted: frozenset[str]) -> str:
    """Return `text` with escapes of `wanted` characters undone and the others in upper case."""

    def one(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in wanted else match[0].upper()

    return _ESCAPE.sub(one, text)


def plain_query(text: str) -> str:
    """Return a piece of a query with its escapes the one way: a blank is %20, whether it was written so or as +."""
    if "%" in text:
        text = plain(text, _QUERY_PLAIN)
    if _QUERY_ALWAYS_ESCAPED.search(text):
        text = _QUERY_ALWAYS_ESCAPED.sub(lambda match: "%20" if match[0] == "+" else f"%{ord(match[0]):02X}", text)
    return text


_cached = lru_cache(maxsize=16384)(_key)
