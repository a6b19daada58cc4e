"""The one spelling of a URL that is shown and fetched."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urljoin

from archive.errors import UrlError
from archive.urls.hosts import host_error, normal_host
from archive.urls.tracking import is_click_tag

MAX_URL = 8192  # characters after escaping; servers and proxies refuse less (RFC 9110 section 4.1 asks for 8000)
_MAX_RAW = 65536
_CACHED_LENGTH = 1024  # longer ones are not cached, so that hostile pages cannot fill the memory with them

# What surrounds links in the wild: C0 controls and blanks (WHATWG URL section 4.4), and the invisible characters that
# copying from a word processor or a CMS leaves.
_AROUND = "".join(map(chr, range(0x21))) + "\x7f\xa0\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2060\u3000\ufeff"
_NEWLINES = str.maketrans("", "", "\t\r\n")  # browsers drop them anywhere in a URL: long links are wrapped in feeds
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_PARTS = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_PORT = re.compile(r"[0-9]{0,5}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65535

# What a browser escapes in a path and in a query (WHATWG URL section 1.3); everything else stays as it was written.
_PATH_UNSAFE = re.compile(r"[^!$%&'()*+,\-./0-9:;=@A-Z\[\\\]^_a-z|~]+")
_QUERY_UNSAFE = re.compile(r"[^!$%&()*+,\-./0-9:;=?@A-Z\[\\\]^_`a-z{|}~]+")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)


def canonical_url(url: str) -> str:
    """Return the one spelling under which this page is shown and fetched. Idempotent.

    Lower-cases scheme and host (international names in punycode), drops the default port, a final dot of the host, dot
    segments, the fragment (but not `#!…`, which names the page on sites made of scripts), and the campaign tags and
    click ids that no server answers by. Escapes what may not stand in a request line. Kept as written, because servers
    may tell them apart: `www`, the path's case, escapes, doubled and final slashes, the order of the query.

    >>> canonical_url("HTTPS://News.Example:443/a/B?utm_source=x&id=2#top")
    'https://news.example/a/B?id=2'

    Raises `UrlError` if `url` is not an absolute http(s) URL, or if it carries a user name or password: a secret must
    not get into an archive (`headers` in sources.toml is the place for it).
    Source: RFC 3986 section 6.2.2 and 6.2.3; where it leaves things open, the WHATWG URL standard, as browsers do.
    """
    return _cached(url) if len(url) <= _CACHED_LENGTH else _canonical(url)


def join_url(base: str, ref: str) -> str | None:
    """Return `ref`, as found on the page `base`, as a canonical absolute URL; None if it is not http(s) or is broken.

    >>> join_url("https://news.example/a/b.html", "../c?x=1#top")
    'https://news.example/c?x=1'
    """
    ref = ref.strip(_AROUND).translate(_NEWLINES)
    if len(ref) > _MAX_RAW:
        return None
    try:
        if ref[:8].lower().startswith(("http://", "https://")):
            return canonical_url(ref)
        # urljoin takes the page's own query and path for an empty reference, as browsers do
        return canonical_url(urljoin(base, _slashes(ref)))
    except ValueError:  # UrlError is one; urljoin raises ValueError for a bad IPv6 address
        return None


def redirect_url(base: str, location: str) -> str | None:
    """Return where a redirect from `base` leads, spelled as the server wants it; None if it is not http(s) or is broken.

    Unlike `join_url` it keeps campaign tags: a server that redirects to `?utm_source=rss` answers by that address alone.

    >>> redirect_url("https://news.example/a", "/a?utm_source=rss")
    'https://news.example/a?utm_source=rss'
    """
    location = location.strip(_AROUND).translate(_NEWLINES)
    if not location or len(location) > _MAX_RAW:
        return None
    try:
        return _canonical(urljoin(base, _slashes(location)), keep_tags=True)
    except ValueError:
        return None


def _slashes(text: str) -> str:
    """Return `text` with the backslashes before its query turned round, as browsers read them."""
    if "\\" not in text:
        return text
    end = re.search("[?#]", text)
    cut = end.start() if end else len(text)
    return text[:cut].replace("\\", "/") + text[cut:]


def _canonical(url: str, *, keep_tags: bool = False) -> str:
    if len(url) > _MAX_RAW:
        raise UrlError(url, "it is too long")
    text = url.strip(_AROUND).translate(_NEWLINES)
    if _CONTROL.search(text):
        raise UrlError(url, "it has control characters")
    match = _PARTS.fullmatch(_slashes(text))
    if match is None:
        raise UrlError(url, "it does not start with http:// or https://")
    scheme, authority, path, query, fragment = match.groups()
    scheme = scheme.lower()
    spelled = f"{scheme}://{_authority(text, scheme, authority)}{_path(url, path)}"
    if query:
        query = _escape(url, _QUERY_UNSAFE, query) if keep_tags else _query(url, query)
        if query:
            spelled += "?" + query
    if fragment and fragment[0] == "!" and fragment not in {"!", "!/"}:
        spelled += "#" + _escape(url, _QUERY_UNSAFE, fragment)
    if len(spelled) > MAX_URL:
        raise UrlError(url, "it is too long")
    return spelled


def _authority(url: str, scheme: str, authority: str) -> str:
    if "@" in authority:
        hidden = url.replace(authority, "…@" + authority.rpartition("@")[2], 1)
        raise UrlError(hidden, "it carries a user name or password, which would get into the archive")
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):  # the last colon is inside an IPv6 address
        host, port = authority, ""
    try:
        host = normal_host(host)
    except ValueError as error:
        raise host_error(url, error) from None
    if not port:
        return host
    if not _PORT.fullmatch(port) or not 0 < int(port) <= _MAX_PORT:
        raise UrlError(url, "its port is not a number from 1 to 65535")
    return host if int(port) == _DEFAULT_PORTS[scheme] else f"{host}:{int(port)}"


def _path(url: str, path: str) -> str:
    if not path:
        return "/"
    path = _escape(url, _PATH_UNSAFE, path)
    return _without_dot_segments(path) if _DOT_SEGMENT.search(path) else path


def _without_dot_segments(path: str) -> str:
    """Return `path` with `.` and `..` resolved (RFC 3986 section 5.2.4); `%2e` counts as a dot, as in browsers."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        dots = segment.lower().replace("%2e", ".")
        last = place == len(segments) - 1
        if dots == "..":
            if kept:
                kept.pop()
        elif dots != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)


def _query(url: str, query: str) -> str:
    """Return the query without campaign tags; it is touched only where one stands."""
    query = _escape(url, _QUERY_UNSAFE, query)
    pieces = query.split("&")
    kept = [piece for piece in pieces if not is_click_tag(piece.partition("=")[0])]
    return query if len(kept) == len(pieces) else "&".join(kept)


def _escape(url: str, unsafe: re.Pattern[str], text: str) -> str:
    if not unsafe.search(text):
        return text
    try:
        return unsafe.sub(lambda match: quote(match[0], safe=""), text)
    except UnicodeEncodeError:  # half of a surrogate pair: from a broken \ud83d in JSON
        raise UrlError(url, "it has characters that cannot be sent") from None


_cached = lru_cache(maxsize=16384)(_canonical)
