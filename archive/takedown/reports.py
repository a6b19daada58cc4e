"""The reports of crawls and takedowns: what names an address that was taken down leaves them, on the disk and in archive.db."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from archive.warc.tail import sync_folder

REPLACED = "[taken down]"
_DEEPEST = 50  # levels; a report has five, and what a stranger nested deeper is not kept where something is taken down
_OURS = ("run-*.json", "takedown-*.json")  # the log of an earlier takedown names what stayed then


def cleaned(value: object, tells: Callable[[str], bool], *, _level: int = 0) -> object:
    """Return JSON without what tells: an entry of a list goes whole, any other text is replaced; so is what lies too deep.

    >>> cleaned({"problems": [{"url": "x", "what": "slow"}], "note": "y x"}, lambda text: "x" in text)
    {'problems': [], 'note': '[taken down]'}
    """
    if isinstance(value, str):
        return REPLACED if tells(value) else value
    if isinstance(value, list | dict) and _level > _DEEPEST:
        return REPLACED
    if isinstance(value, list):
        return [cleaned(one, tells, _level=_level + 1) for one in value if not _tells(one, tells)]
    if isinstance(value, dict):
        named = ((REPLACED if tells(name) else name, one) for name, one in value.items())
        return {name: cleaned(one, tells, _level=_level + 1) for name, one in named}
    return value


def _tells(value: object, tells: Callable[[str], bool]) -> bool:
    if isinstance(value, str):
        return tells(value)
    if isinstance(value, dict):
        return any(isinstance(one, str) and tells(one) for one in value.values())
    return False


def clean_reports(folder: Path, tells: Callable[[str], bool]) -> list[str]:
    """Rewrite the crawls' reports and earlier takedowns' logs that tell; returns their names.

    A file that is no JSON, or is nested too deep to be read, is left as it is.
    """
    done = []
    for path in sorted(path for pattern in _OURS for path in folder.glob(pattern)):
        try:
            told = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        new = cleaned(told, tells)
        if new != told:
            write_json(path, new)
            done.append(path.name)
    return done


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all, durably."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", errors="replace") as out:
        json.dump(value, out, ensure_ascii=False, indent=1)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    sync_folder(path.parent)
