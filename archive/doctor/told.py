"""The findings as text for a terminal and as JSON. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Sequence

from archive.console import counted, cut, plain
from archive.doctor.examine import Examined
from archive.doctor.finding import Finding, Level

Paint = Callable[[str, Level], str]
_NAME = 12  # cells of a check's name
_LEVEL = 5


def unpainted(text: str, _level: Level) -> str:
    """Return the text as it is: for pipes, dumb terminals and NO_COLOR."""
    return text


def as_json(examined: Sequence[Examined], archive: str | None) -> dict[str, object]:
    """Return the document of `--json`. `archive`: its folder's absolute path; None: only the machine was looked at."""
    count = _count(examined)
    return {
        "archive": archive,
        **{level.value: count[level] for level in Level},
        "findings": [{"group": group.title, **finding.as_json()} for group in examined for finding in group.findings],
    }


def lines(examined: Sequence[Examined], *, width: int = 80, paint: Paint = unpainted) -> list[str]:
    """Return a table of all findings, and below it what to do: first what is wrong, then what to know.

    `width`: columns of the terminal. Commands are not wrapped, so that they can be copied.
    """
    out: list[str] = []
    for group in examined:
        out += [plain(group.title), *(line for f in group.findings for line in _row(f, width, paint)), ""]
    for level, heading in ((Level.WRONG, "What is wrong"), (Level.NOTE, "Worth knowing")):
        told = [f for group in examined for f in group.findings if f.level is level]
        if told:
            out += [heading, *(line for f in told for line in _told(f, width, paint)), ""]
    return [*out, _sum(_count(examined))]


def _row(finding: Finding, width: int, paint: Paint) -> list[str]:
    level = paint(finding.level.value.ljust(_LEVEL), finding.level)
    name = cut(finding.check, _NAME).ljust(_NAME)
    indent = 2 + _LEVEL + 1 + _NAME + 1
    if finding.level is not Level.OK:  # it is told whole below
        return [f"  {level} {name} {cut(finding.what, max(20, width - indent))}"]
    first, *more = _wrapped(finding.what, width - indent) or [""]
    return [f"  {level} {name} {first}".rstrip(), *(" " * indent + line for line in more)]


def _told(finding: Finding, width: int, paint: Paint) -> list[str]:
    head = f"{finding.check}: {finding.what}."
    first, *more = _wrapped(head, width - 2)
    out = [f"- {paint(first, finding.level)}", *(f"  {paint(line, finding.level)}" for line in more)]
    for text in (finding.why, finding.do):
        out += [f"  {line}" for line in _wrapped(text, width - 2)]
    if finding.type:
        out.append(f"  Type: {plain(finding.type)}")
    return out


def _wrapped(text: str, width: int) -> list[str]:
    text = plain(text)
    return textwrap.wrap(" ".join(text.split()), max(20, width), break_long_words=False, break_on_hyphens=False)


def _count(examined: Sequence[Examined]) -> Counter[Level]:
    return Counter(finding.level for group in examined for finding in group.findings)


def _sum(count: Counter[Level]) -> str:
    if not count[Level.WRONG]:
        notes = f", {counted(count[Level.NOTE], 'note')}" if count[Level.NOTE] else ""
        return f"All is well: {count[Level.OK]} ok{notes}."
    return (
        f"{counted(count[Level.WRONG], 'thing is', 'things are')} wrong, {counted(count[Level.NOTE], 'note')}, "
        f"{count[Level.OK]} ok."
    )
