"""What a line of a crontab or a unit of systemd starts: is it `morgue crawl`, of which archive, and which program. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_LONGEST = 10_000  # characters of a command line that are read
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_BREAKS = frozenset({"&&", "||", ";", "|", "&", "(", ")", "{", "}", "\n", "!", "if", "then", "fi", "do", "done"})
CRON_PATH = "/usr/bin:/bin"  # of cron, where a crontab sets none


@dataclass(frozen=True, slots=True)
class Start:
    """One `morgue crawl` in a command line."""

    program: str  # as written: "morgue", "/home/you/.venv/bin/morgue"
    archive: str  # the folder it works in, as far as the line says: a path
    path: str  # the PATH that it is looked for in


def crawls(command: str, environment: Mapping[str, str]) -> Iterator[Start]:
    """Yield each `morgue crawl` in a shell's command line.

    `environment`: what it starts with; HOME is where it begins. Understood are `cd`, assignments, `$NAME` and `~`, and words
    before morgue such as `nice` or `flock FILE`. A script that hides its `morgue crawl` is not looked into.

    >>> [start.archive for start in crawls("cd /srv/a && nice morgue crawl --quiet", {})]
    ['/srv/a']
    """
    variables = dict(environment)
    here = variables.get("HOME", "/")
    for words in _simple(command[:_LONGEST]):
        own, rest = dict(variables), list(words)
        while rest and (found := _ASSIGNED.fullmatch(rest[0])):
            own[found[1]] = _filled(found[2], own)
            rest.pop(0)
        if not rest:
            variables = own  # an assignment alone stays
            continue
        if rest[0] == "export":
            variables |= {f[1]: _filled(f[2], own) for word in rest[1:] if (f := _ASSIGNED.fullmatch(word))}
        elif rest[0] == "cd":
            here = _below(here, _filled(rest[1], own)) if len(rest) > 1 else own.get("HOME", "/")
        else:
            yield from _start([_filled(word, own) for word in rest], own, here)


def _start(words: list[str], own: Mapping[str, str], here: str) -> Iterator[Start]:
    at = next((n for n, word in enumerate(words) if PurePosixPath(word).name == "morgue"), None)
    if at is None:
        return
    for word in words[:at]:
        if found := _ASSIGNED.fullmatch(word):  # env NAME=value morgue …
            own = {**own, found[1]: found[2]}
    archive = own.get("MORGUE_ARCHIVE") or "."
    rest = iter(words[at + 1 :])
    for word in rest:
        if word in {"-a", "--archive"}:
            archive = next(rest, ".")
        elif word.startswith("--archive="):
            archive = word.partition("=")[2]
        elif word.startswith("-a") and not word.startswith("--"):
            archive = word[2:]
        elif not word.startswith("-"):
            if word == "crawl":
                yield Start(words[at], _below(here, archive), own.get("PATH") or CRON_PATH)
            return


def _simple(command: str) -> Iterator[list[str]]:
    """Yield the words of each simple command of a line."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            if word in _BREAKS:
                yield words
                words = []
            else:
                words.append(word)
    except ValueError:  # a quotation without its end: what stands before it counts
        pass
    yield words


def _filled(word: str, variables: Mapping[str, str]) -> str:
    if word == "~" or word.startswith("~/"):
        word = variables.get("HOME", "~") + word[1:]
    return _REFERENCE.sub(lambda found: variables.get(found[1] or found[2], ""), word)


def _below(here: str, path: str) -> str:
    return str(PurePosixPath(here) / path)
