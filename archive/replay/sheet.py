"""A style sheet whose addresses lead into the archive. Pure; linear in the sheet's length, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Callable

from archive.assets.css import TOKEN, unescaped
from archive.urls import redirect_url

Address = Callable[[str], str]  # an absolute web address -> the address under which the archive shows it

MAX_TEXT = 4 * 2**20  # characters; what stands behind is left out
_MAX_REF = 4_096
_ASCII = 128
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|.)", re.DOTALL)
_DATA = re.compile(r"data:(?:image|font|application/(?:x-)?font)[\w./+-]*[;,]", re.IGNORECASE)
_NOWHERE = "url(data:,)"


def sheet_into_archive(text: str, base: str, address: Address) -> str:
    """Return a style sheet at `base` with every web address replaced by its own in the archive; others lead nowhere.

    >>> sheet_into_archive("a { background: url(b.png) }", "https://p.example/s/x.css", lambda url: f"/kept/{url}")
    'a { background: url("/kept/https://p.example/s/b.png") }'
    """
    text = _ESCAPE.sub(_letter, text[:MAX_TEXT])
    parts: list[str] = []
    at, importing, within = 0, False, 0
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "import":
            importing = True
        elif kind == "set":
            within = 1
        elif kind == "mark":
            mark = token["mark"]
            if mark in "()":
                within = max(within + (1 if mark == "(" else -1), 0) if within else 0
            else:
                importing, within = False, 0
        written = next((token[name] for name in ("url_dq", "url_sq", "url_bare") if token[name] is not None), None)
        if written is None and kind in {"dq", "sq"} and (importing or within == 1):
            written = token[kind]
        if written is not None:
            parts += [text[at : token.start()], _replaced(unescaped(written), base, address)]
            at, importing = token.end(), False
    return "".join([*parts, text[at:]])


def _letter(escape: re.Match[str]) -> str:
    r"""Return the letter that an escape stands for; others as they are. `u\72l(` is `url(` to a browser, and to us."""
    code = int(escape[1], 16) if escape[1] else 0
    return chr(code) if code < _ASCII and chr(code).isalpha() else escape[0]


def _replaced(written: str, base: str, address: Address) -> str:
    written = written.strip()
    if _DATA.match(written):
        return f"url({_quoted(written)})"
    if not written or written.startswith("#") or len(written) > _MAX_REF:
        return f"url({_quoted(written)})" if written.startswith("#") and len(written) <= _MAX_REF else _NOWHERE
    url = redirect_url(base, written)
    return _NOWHERE if url is None else f"url({_quoted(address(url))})"


def _quoted(text: str) -> str:
    return '"' + "".join(char if char >= " " and char not in '"\\<\x7f' else f"\\{ord(char):x} " for char in text) + '"'
