"""How the URL of a file is written down: without what only its keeper may know. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_SECRET = re.compile(
    r"sig|token|key|secret|credential|passw|auth", re.IGNORECASE
)  # X-Amz-Signature, sig, access_token …
WITHHELD = "[withheld]"


def without_secrets(url: str) -> str:
    """Return a URL without its user and password, and with the values of parameters that open doors withheld.

    >>> without_secrets("https://me:pw@files.example/a.warc.gz?part=2&X-Amz-Signature=1f")
    'https://files.example/a.warc.gz?part=2&X-Amz-Signature=[withheld]'
    """
    parts = urlsplit(url)
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    query = "&".join(
        f"{name}={WITHHELD}" if equals and _SECRET.search(name) else name + equals + value
        for name, equals, value in pairs
    )
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))
