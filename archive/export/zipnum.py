"""An index in parts: blocks of CDXJ lines, each a gzip member, and a list of where each begins.

The format is pywb's ZipNum (WACZ 1.1.1 names it `index.cdx.gz` and `index.idx`): a reader searches the small list, and then
fetches one block of the large file, also over the network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice

from archive.warc.build import pack

LINES = 1024  # in a block, as other tools have it


def blocks(lines: Iterable[str], filename: str) -> Iterator[tuple[bytes, str]]:
    """Give each block as bytes, and what the list says of it, for lines that are sorted and without line feeds.

    `filename`: of the file that the blocks make. The first entry holds the list's head, too.
    """
    rest, offset = iter(lines), 0
    while some := list(islice(rest, LINES)):
        data = pack("".join(f"{line}\n" for line in some).encode("ascii"))
        entry = {"offset": offset, "length": len(data), "digest": "sha256:" + hashlib.sha256(data).hexdigest()}
        head = "" if offset else f"!meta 0 {json.dumps({'format': 'cdxj-gzip-1.0', 'filename': filename})}\n"
        yield data, f"{head}{some[0].partition('{')[0].strip()} {json.dumps(entry)}\n"
        offset += len(data)
