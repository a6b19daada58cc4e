"""An archived page made in a process of its own, where it is so large or so odd that it could take the server's memory or time.

libxml2 needs a hundred times the bytes of a page that is nothing but tags, and the square of the number of attributes of one
tag in time. Ordinary pages are made where they are asked for: a process costs a fifth of a second.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys

MAX_TAGS = 30_000  # of an ordinary page; the largest news pages have 10,000
MAX_BYTES = 3 * 2**20
MAX_TAG = 16_384  # bytes between two angle brackets
_MEMORY = 1_200 * 2**20  # bytes of address space
_SECONDS = 10
_LONG_TAG = re.compile(rb"<[A-Za-z][^<>]{%d}" % MAX_TAG)


class TooOddError(Exception):
    """The page took more time or memory than a page may."""


def page_for(page: bytes, url: str, content_type: str, time: str) -> bytes:
    """Return a page as `page_into_archive` makes it, with its addresses in the archive at about `time` (digits).

    Raises `TooOddError` after ten seconds or at a gigabyte.
    """
    ordinary = len(page) <= MAX_BYTES and page.count(b"<") <= MAX_TAGS and _LONG_TAG.search(page) is None
    if ordinary and b"\0" not in page[:4096]:
        return _made(page, url, content_type, time)
    said = json.dumps([url, content_type, time]).encode("ascii") + b"\n" + page
    command = [sys.executable, "-m", "archive.web.alone"]
    try:
        done = subprocess.run(command, input=said, capture_output=True, timeout=_SECONDS, check=True)  # noqa: S603 - ourselves
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise TooOddError(url) from error
    return done.stdout


def _made(page: bytes, url: str, content_type: str, time: str) -> bytes:
    from archive.replay.markup import page_into_archive
    from archive.web import links

    def address(target: str) -> str:
        return links.kept(target, time)

    return page_into_archive(page, url, content_type, asset=address, link=address)


def main() -> None:
    """Read a page from standard input, write what is shown of it to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    head, _, page = sys.stdin.buffer.read().partition(b"\n")
    url, content_type, time = json.loads(head)
    sys.stdout.buffer.write(_made(page, url, content_type, time))


if __name__ == "__main__":
    main()
