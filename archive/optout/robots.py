"""What a robots.txt says of the use of pages: its lines Content-Usage and Content-Signal, for us, by path.

The group is chosen as for Allow and Disallow (RFC 9309 section 2.2.1): those that name us, else those for all. Of the rules
whose path fits, the longest counts (draft-ietf-aipref-attach-05 section 3), for each kind of line by itself; of several with
one path what forbids holds. Content-Signal has no path as a rule, and is for the whole site then.

A Disallow says nothing here: it is about fetching, and heeded there. So a page that was kept while it was allowed is not opted
out by a later Disallow: what is to go says noarchive, or its owner writes to us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from archive.optout.preferences import forbids_anything, opts_out, preferences
from archive.optout.words import TOKEN

MAX_BYTES = 500 * 1024  # RFC 9309 section 2.5
_MAX_RULES = 500
_MAX_PATH, _MAX_VALUE = 2_000, 500  # characters
_LINE_ENDS = re.compile(r"[\r\n]")
_KINDS = frozenset({"content-usage", "content-signal"})
_RULES = _KINDS | {"allow", "disallow"}


class UseRule(NamedTuple):
    """One line about the use of the pages below a path."""

    path: str  # as written: * stands for anything, $ for the end
    kind: str  # content-usage, content-signal
    value: str  # as written


def use_rules(body: bytes) -> tuple[UseRule, ...]:
    """Return what a robots.txt (content-coding removed) says of use, for us; () if nothing. Never raises."""
    text = body[:MAX_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    named: list[UseRule] = []
    for_all: list[UseRule] = []
    agents: set[str] = set()
    are_named = False  # whether we are in a group of our own
    in_rules = True
    for line in _LINE_ENDS.split(text):
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            agents = set() if in_rules else agents
            agents.add(value.partition("/")[0].strip().lower())
            are_named = are_named or TOKEN in agents
            in_rules = False
        elif key in _RULES:
            in_rules = True
            rule = _rule(key, value) if key in _KINDS else None
            for wanted, rules in ((TOKEN, named), ("*", for_all)):
                if rule is not None and wanted in agents and len(rules) < _MAX_RULES:
                    rules.append(rule)
    return tuple(named if are_named else for_all)


def _rule(kind: str, value: str) -> UseRule | None:
    path, _, rest = value.partition(" ") if value.startswith("/") else ("/", "", value)
    if "\t" in path:
        path, _, rest = value.partition("\t")
    rest = rest.strip()
    if len(path) > _MAX_PATH or len(rest) > _MAX_VALUE or not preferences(rest):
        return None
    return UseRule(path, kind, rest)


def rules_for(rules: Iterable[UseRule], url: str) -> list[UseRule]:
    """Return the rules that hold for `url`, longest path first within each kind; only those that forbid something."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    path = _spelled((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    longest: dict[str, list[UseRule]] = {}
    for rule in rules:
        if fits(_spelled(rule.path), path):
            best = longest.setdefault(rule.kind, [])
            if best and len(_spelled(best[0].path)) < len(_spelled(rule.path)):
                best.clear()
            if not best or len(_spelled(best[0].path)) == len(_spelled(rule.path)):
                best.append(rule)
    found = [rule for best in longest.values() for rule in best if forbids_anything(preferences(rule.value))]
    return sorted(found, key=lambda rule: (rule.kind, not opts_out(preferences(rule.value)), rule.value))


def fits(pattern: str, path: str) -> bool:
    """Say whether a path of robots.txt is a beginning of `path`, with * for anything and a $ at its end for the end.

    In time proportional to the path, whatever the pattern.

    >>> fits("/a*/c", "/abc/cd"), fits("/*.pdf$", "/x.pdf?y"), fits("/", "/anything")
    (True, False, True)
    """
    at_end = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not others:
        return not at_end or at == len(path)
    last = others.pop()
    for piece in others:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return path.endswith(last) and len(path) - len(last) >= at if at_end else path.find(last, at) >= 0


def _spelled(path: str) -> str:
    """Return a path with its characters beyond ASCII as escapes, and the digits of escapes in capitals."""
    path = path if path.isascii() else quote(path, safe="/?&=%*$:;,+@!'()[]~")
    return re.sub("%[0-9a-f]{2}", lambda escape: escape[0].upper(), path, flags=re.IGNORECASE)
