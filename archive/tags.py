"""Tags with more attributes than a page has: libxml2 takes the square of their number. Pure.

Measured with libxml2 2.14.6: 10,000 attributes of one tag 0.2 s, 80,000 (800 KB) 33 s. There is no option against it.
"""

from __future__ import annotations

import re

# Of one tag, with different names (of those told twice libxml2 keeps one): 0.06 s. Scripts and prose behind a "<" look like a
# tag to this module, which does not know where they begin; with 500 it refused 6% of real pages.
MAX_ATTRIBUTES = 5_000
_SHORT = 2 * MAX_ATTRIBUTES  # bytes: a shorter tag has no room for so many
_TAG = re.compile(rb"<[A-Za-z](?:[^>\"']++|\"[^\"]*\"|'[^']*')*+")
_VALUE = re.compile(rb"\"[^\"]*\"|'[^']*'")


def has_overlong_tag(markup: bytes) -> bool:
    """Return whether some tag of a document in an encoding like ASCII has more than `MAX_ATTRIBUTES` different attributes.

    >>> has_overlong_tag(b"<a href='/x' title=y>"), has_overlong_tag(b"<a " + b"".join(b"x%d " % n for n in range(9000)) + b">")
    (False, True)
    """
    for tag in _TAG.finditer(markup):
        if tag.end() - tag.start() > _SHORT:
            names = {each.partition(b"=")[0] for each in _VALUE.sub(b" ", tag[0]).replace(b"/", b" ").split()}
            if len(names) > MAX_ATTRIBUTES:
                return True
    return False
