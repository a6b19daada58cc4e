"""Which of Python's codecs are those of documents: a label comes from a stranger, and some codecs are a trap. Pure."""

from __future__ import annotations

import codecs

# Codecs of text that no document on the web is written in (WHATWG Encoding, section 4.2, has none of them). "punycode" takes
# the square of a document's length, "idna" and "undefined" refuse every handler of errors, the others change what is ASCII.
_OF_NO_DOCUMENT = frozenset(
    {"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)


def document_codec(label: str) -> str | None:
    """Return the name of Python's codec for a label, None if there is none or documents are not written in it.

    >>> document_codec("Latin-1"), document_codec("punycode"), document_codec("base64"), document_codec("nothing")
    ('iso8859-1', None, None, None)
    """
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):  # ValueError: a NUL, half of a surrogate pair
        return None
    is_text = getattr(info, "_is_text_encoding", True)  # False: base64, rot13 and such
    return info.name if is_text and info.name not in _OF_NO_DOCUMENT else None
