"""Selectors in sources.toml: CSS, or XPath where it begins with "/", "./" or "(". Checked before a page is read.

A selector runs in C on pages of a quarter of a million elements and cannot be interrupted there, so what makes its
time grow faster than the page is refused: paths over the whole page inside a predicate, axes over everything before or
after, deep nesting. libxml2's XPath 1.0 has no document(); EXSLT functions (re:test and others) need a prefix, and
prefixes are refused. What is quick but on enormous pages (siblings, predicates in predicates) is not asked of those.
"""

from __future__ import annotations

import re

SELECTOR_FIELDS = ("text", "title", "authors", "published", "remove")
_MAX_LENGTH = 300  # characters; of the XPath that a CSS selector becomes, ten times as many
_MAX_NESTING = 3  # predicates in predicates
_MAX_DEEP = 4  # steps "//" in one path outside predicates, and siblings "~" in CSS
_PSEUDO = re.compile(r"::(text|attr\(\s*([\w:-]+)\s*\))$")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALL = re.compile(r"([\w.:-]+)\s*\(")
_FUNCTIONS = frozenset(
    {
        "last", "position", "count", "id", "local-name", "name", "string", "concat", "starts-with", "contains",
        "substring-before", "substring-after", "substring", "string-length", "normalize-space", "translate", "boolean",
        "not", "true", "false", "lang", "number", "text", "node", "and", "or", "self::node",
    }
)  # fmt: skip
_AXES = re.compile(r"(?<![\w-])(following|preceding|namespace)\s*::")
_NESTED = re.compile(r"\[[^\]]*\[")
_ROOTED = re.compile(r"(?:\[|[(,|=<>]|\b(?:and|or)\b)\s*/")


class SelectorError(ValueError):
    """What is wrong with a selector, and what to type instead; the caller knows where it stands."""


def xpath_of(selector: str) -> str:
    """Return the XPath 1.0 of a selector. CSS may end in ::text or ::attr(name), as in Scrapy.

    >>> xpath_of("//article/p"), xpath_of("h1::text")
    ('//article/p', 'descendant-or-self::h1/text()')

    Raises `SelectorError`.
    """
    if len(selector) > _MAX_LENGTH:
        raise SelectorError(f"it is longer than {_MAX_LENGTH} characters. Name the element by a class or an id.")
    path = selector if selector.startswith(("/", "./", "(")) else _of_css(selector)
    _compiles(path, selector)
    return path


def is_costly(path: str) -> bool:
    """Say whether an XPath's time grows with the square of a page, or worse: siblings, predicates in predicates.

    >>> is_costly("//p/following-sibling::p"), is_costly("//p[a]/b[1]")
    (True, False)
    """
    bare = _QUOTED.sub("''", path)
    return "sibling::" in bare or bool(_NESTED.search(bare))


def _of_css(selector: str) -> str:
    from cssselect import HTMLTranslator
    from cssselect import SelectorError as CssError

    pseudo = _PSEUDO.search(selector)
    plain = selector[: pseudo.start()] if pseudo else selector
    if plain.count("~") > _MAX_DEEP or plain.lower().count(":has(") > 1:
        raise SelectorError("it would be slow on large pages. Name the element by a class or an id.")
    try:
        path = HTMLTranslator().css_to_xpath(plain)
    except (CssError, RecursionError) as error:
        raise SelectorError(
            f"it is no CSS selector ({error}). Write one like \"article .body\", or an XPath like '//article//p'."
        ) from None
    if len(path) > 10 * _MAX_LENGTH:
        raise SelectorError("it has too many parts. Name the element by a class or an id.")
    if pseudo:
        # cssselect joins the alternatives of "a, b" by "|": the end belongs to each
        end = f"/@{pseudo[2]}" if pseudo[2] else "/text()"
        path = " | ".join(f"{part}{end}" for part in path.split(" | "))
    return path


def _compiles(path: str, selector: str) -> None:
    from lxml import etree

    if selector == path:
        _is_safe(path)
    try:
        etree.XPath(path, regexp=False, smart_strings=False)
        found = etree.XPath(path, regexp=False, smart_strings=False)(etree.Element("html"))
    except (etree.XPathError, ValueError) as error:
        raise SelectorError(
            f"it is no XPath 1.0 ({error}). Write one like '//article//p', or a CSS selector like \"article .body\"."
        ) from None
    if not isinstance(found, list):
        raise SelectorError("it gives a number or a text, not elements. Write what it is to find, like '//h1'.")


def _is_safe(path: str) -> None:
    bare = _QUOTED.sub("''", path)
    for name in _CALL.findall(bare):
        if name not in _FUNCTIONS and not name.endswith(("::node", "::text")):
            raise SelectorError(f"the function {name}() is not allowed. XPath 1.0's own for texts and positions are.")
    if "$" in bare or _AXES.search(bare):
        raise SelectorError(
            "variables and the axes following::, preceding:: and namespace:: are not allowed. Use following-sibling::."
        )
    nesting = deepest = deep = 0
    for char, after in zip(bare, f"{bare[1:]} ", strict=True):
        nesting += (char == "[") - (char == "]")
        deepest = max(deepest, nesting)
        deep += nesting == 0 and char == "/" and after == "/"
    inside = bare.partition("[")[2]
    if deepest > _MAX_NESTING or deep > _MAX_DEEP or ("[" in bare and _ROOTED.search(f"[{inside}")):
        raise SelectorError(
            "it would be slow on large pages (a path from the page's top inside [ ], or many // or [ ] in one another). "
            "Begin paths inside [ ] with ./ or .//, and name the element by a class or an id."
        )
