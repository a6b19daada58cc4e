"""What a style sheet names: `@import`, `url()`, `image-set()`. Pure; linear in the sheet's length, whatever it holds.

Source: CSS Syntax Module Level 3 (2021-12-24), sections 4.3.5 (strings), 4.3.6 (url) and 4.3.7 (escapes). Nothing is
validated: what a browser would drop as a mistake may be taken, which costs a request.
"""

from __future__ import annotations

import re
import sys

from archive.assets.refs import Kind, Ref, Refs

MAX_TEXT = 2 * 2**20  # characters of a sheet that are looked into

# Each branch ends wherever it fails to find its end: nothing is looked at twice.
TOKEN = re.compile(
    r"""
    /\*.*?(?:\*/|\Z)
  | (?P<url>(?<![\w-])url\(\s*+)
        (?: "(?P<url_dq>(?:[^"\\\n]|\\.)*+)"?+
          | '(?P<url_sq>(?:[^'\\\n]|\\.)*+)'?+
          | (?P<url_bare>(?:[^)"'(\\\s]|\\.)*+) )\s*+\)?+
  | "(?P<dq>(?:[^"\\\n]|\\.)*+)"?+
  | '(?P<sq>(?:[^'\\\n]|\\.)*+)'?+
  | (?P<named>@(?:namespace|charset)\b[^;{}]*+)
  | (?P<import>@import\b)
  | (?P<face>@font-face\b)
  | (?P<src>(?<![\w-])src\s*+:)
  | (?P<set>(?<![\w-])(?:-webkit-)?image-set\()
  | (?P<mark>[(){};])
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|\r?\n|(.))", re.DOTALL)
_FORMAT = re.compile(r"\s{0,20}format\(\s{0,20}[\"']?([\w-]{1,30})", re.IGNORECASE)
_OLD_FORMATS = frozenset({"embedded-opentype", "svg"})  # that no browser of today loads
_NO_CHARACTERS = frozenset({0, *range(0xD800, 0xE000)})
_OLD_FONT = re.compile(r"\.(?:eot|svgz?)(?:[?#]|\Z)", re.IGNORECASE)


def css_refs(text: str, base: str) -> tuple[Ref, ...]:
    """Return what a style sheet at `base` names, each address once. Of a font's formats the first that browsers take.

    >>> css_refs('@import "a.css"; body { background: url(b.png) }', "https://paper.example/s/x.css")[1].url
    'https://paper.example/s/b.png'
    """
    refs = Refs(base)
    sheet = _Sheet(refs)
    text = text[:MAX_TEXT]
    for token in TOKEN.finditer(text):
        if refs.full:
            break
        sheet.take(token, text)
    sheet.end_src()
    return refs.found()


class _Sheet:
    """Where in a sheet we are."""

    def __init__(self, refs: Refs) -> None:
        self._refs = refs
        self._importing = False  # behind @import, before its address
        self._face = False  # in @font-face
        self._src: list[tuple[str, bool]] | None = None  # of its `src`: address, whether browsers of today load it
        self._set = 0  # depth of parentheses in image-set(

    def take(self, token: re.Match[str], text: str) -> None:
        """Take the next token."""
        kind = token.lastgroup
        match kind:
            case "import":
                self._importing = True
            case "face":
                self._face = True
            case "src":
                self.end_src()
                self._src = [] if self._face else None
            case "set":
                self._set = 1
            case "mark":
                self._mark(token["mark"])
            case "dq" | "sq":
                if self._importing:
                    self._import(token[kind])
                elif self._set == 1:
                    self._refs.add(unescaped(token[kind]), Kind.IMAGE)
            case "url_dq" | "url_sq" | "url_bare":
                self._url(token[kind], token.end(), text)

    def _url(self, written: str, end: int, text: str) -> None:
        if self._importing:
            self._import(written)
        elif self._src is not None:
            said = _FORMAT.match(text, end)
            old = said[1].lower() in _OLD_FORMATS if said else bool(_OLD_FONT.search(written))
            self._src.append((written, not old))
        else:
            self._refs.add(unescaped(written), Kind.IMAGE)

    def _import(self, written: str) -> None:
        self._importing = False
        self._refs.add(unescaped(written), Kind.STYLE)

    def _mark(self, mark: str) -> None:
        if mark in "()":
            self._set = max(self._set + (1 if mark == "(" else -1), 0) if self._set else 0
            return
        self._importing, self._set = False, 0
        if mark in ";}":
            self.end_src()
        if mark == "}":
            self._face = False

    def end_src(self) -> None:
        """Take the font that a browser takes of a `src`: the first whose format it knows."""
        taken = next((written for written, usual in self._src or () if usual), None)
        if taken is not None:
            self._refs.add(unescaped(taken), Kind.FONT)
        self._src = None


def unescaped(text: str) -> str:
    """Return what an address or string of a style sheet says, its escapes replaced."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            code = int(match[1], 16)
            return "\ufffd" if code in _NO_CHARACTERS or code > sys.maxunicode else chr(code)
        return match[2] or ""

    return _ESCAPE.sub(one, text) if "\\" in text else text
