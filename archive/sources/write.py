"""Changing sources.toml: as few lines as possible, people's comments kept, the file replaced in one step."""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from pathlib import Path

from archive.errors import SourcesError
from archive.sources.model import SavedSearch, Source, SourcesFile
from archive.sources.read import load_sources, parse_sources

_HEADER = re.compile(r"\s*\[\[\s*source\s*\]\]\s*(?:#.*)?")
_SEARCH_HEADER = re.compile(r"\s*\[\[\s*search\s*\]\]\s*(?:#.*)?")
_OTHER_TABLE = re.compile(r"\s*\[(?!\[?\s*source\s*\.)[^\]]")  # a table that is not part of the source above it
_VALUE = r"""\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|true|false)(\s*(?:#.*)?)"""
_IN_LIST = re.compile(r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\],]|[^\s"'#\],]+""")
_WIDTH = 120
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def add_source(path: Path, source: Source) -> None:
    """Append a `[[source]]` block for `source`; what is not said of it is left to the defaults.

    Raises `SourcesError` if the name or address is there already, a value is not allowed, or the file is broken.
    """
    block = _block(source)
    as_read = parse_sources(block, path=path).sources
    _edit(path, lambda text, _: _with_end(text) + block, lambda old: replace(old, sources=(*old.sources, *as_read)))


def add_feeds(path: Path, new: Sequence[Source], feeds: Mapping[str, Sequence[str]]) -> None:
    """Append `new` sources, and to the `feeds` of existing ones (by name) those given, all in one step.

    Entries, comments and line breaks of a list that is there stay; what is appended looks as the entry above it. Raises
    `SourcesError`, also if there is no source of a name; nothing is changed then.
    """
    if not new and not feeds:
        return
    blocks = [_block(source) for source in new]
    as_read = parse_sources("\n".join(blocks), path=path).sources

    def change(text: str, old: SourcesFile) -> str:
        lines = text.splitlines(keepends=True)
        places = list(_blocks(lines))
        for number in range(min(len(old.sources), len(places)), 0, -1):  # from the end: the places before stay true
            if urls := feeds.get(old.sources[number - 1].name):
                start, end = places[number - 1]
                lines[start:end] = _with_items(lines[start:end], "feeds", urls)
        text = "".join(lines)
        return _with_end(text) + "\n".join(blocks) if blocks else text

    def after(old: SourcesFile) -> SourcesFile:
        changed = (replace(each, feeds=(*each.feeds, *feeds.get(each.name, ()))) for each in old.sources)
        return replace(old, sources=(*changed, *as_read))

    for name in feeds:
        if load_sources(path).by_name(name) is None:
            raise SourcesError(path, "there is no source of this name.", entry=name)
    _edit(path, change, after)


def set_contact(path: Path, contact: str) -> None:
    """Set the top-level `contact`. Raises `SourcesError`."""
    as_read = parse_sources(f"contact = {_toml(contact)}", path=path).contact
    _edit(path, lambda text, _: _with_contact(text, contact), lambda old: replace(old, contact=as_read))


def _with_contact(text: str, contact: str) -> str:
    lines = text.splitlines(keepends=True)
    top = next((number for number, _ in _blocks(lines)), len(lines))
    line = f"contact = {_toml(contact)}"
    for number in range(top):
        if re.match(r"\s*contact\s*=", lines[number]):
            lines[number] = _replaced("contact", lines[number], contact)
            return "".join(lines)
    for number in range(top):
        if re.match(r"#\s*contact\s*=", lines[number]):  # the template's own line
            lines[number] = line + "\n"
            return "".join(lines)
    return f"{line}\n\n{text}"


def set_enabled(path: Path, name: str, enabled: bool) -> None:
    """Set `enabled` of the source called `name`. Raises `SourcesError`, also if there is none."""
    _edit_source(
        path, name, lambda lines: _with_key(lines, "enabled", enabled), lambda old: replace(old, enabled=enabled)
    )


def rename_source(path: Path, old_name: str, new_name: str) -> None:
    """Give a source another name, in saved searches too. Raises `SourcesError`: there is none, or the new name is taken."""
    _edit_source(
        path,
        old_name,
        lambda lines: _with_key(lines, "name", new_name),
        lambda old: replace(old, name=new_name),
        also=lambda lines, old: _with_new_source(lines, old, old_name, new_name),
        searches=lambda old: replace(old, source=new_name) if old.source == old_name else old,
    )


def _with_new_source(lines: list[str], file: SourcesFile, old_name: str, new_name: str) -> list[str]:
    """Return the file's lines with the new name in those searches that have the old one as their source."""
    for search, (start, end) in zip(file.searches, list(_blocks(lines, _SEARCH_HEADER)), strict=False):
        if search.source == old_name:  # one line becomes one line: the places of the others stay true
            lines = [*lines[:start], *_with_key(lines[start:end], "source", new_name), *lines[end:]]
    return lines


def add_search(path: Path, search: SavedSearch) -> None:
    """Append a `[[search]]` block. Raises `SourcesError` if the name is there already or a value is not allowed."""
    lines = ["[[search]]"]
    for field in fields(SavedSearch):
        value = getattr(search, field.name)
        if field.name == "name" or value != field.default:
            lines.append(_line(field.name, value))
    block = "\n".join(lines) + "\n"
    as_read = parse_sources(block, path=path).searches
    _edit(path, lambda text, _: _with_end(text) + block, lambda old: replace(old, searches=(*old.searches, *as_read)))


def remove_search(path: Path, name: str) -> None:
    """Take the block of a saved search out; comments above it stay. Raises `SourcesError`, also if there is none."""

    def edit(text: str, old: SourcesFile) -> str:
        number = next((at for at, search in enumerate(old.searches) if search.name == name), None)
        if number is None:
            names = ", ".join(search.name for search in old.searches) or "none"
            raise SourcesError(
                path, f"there is no saved search of this name. There are: {names}.", entry=name, what="search"
            )
        lines = text.splitlines(keepends=True)
        blocks = list(_blocks(lines, _SEARCH_HEADER))
        if number >= len(blocks):
            return text  # the file has another form than ours: the check of the whole says so
        start, end = blocks[number]
        return "".join([*lines[:start], *lines[end:]])

    _edit(path, edit, lambda old: replace(old, searches=tuple(one for one in old.searches if one.name != name)))


def remove_source(path: Path, name: str) -> None:
    """Take the block of a source out; comments above it stay. Raises `SourcesError`, also if there is none."""
    _edit_source(path, name, lambda _: [], lambda _: None)


def _edit_source(
    path: Path,
    name: str,
    change: Callable[[list[str]], list[str]],
    expected: Callable[[Source], Source | None],
    *,
    also: Callable[[list[str], SourcesFile], list[str]] = lambda lines, _: lines,
    searches: Callable[[SavedSearch], SavedSearch] = lambda search: search,
) -> None:
    def edit(text: str, old: SourcesFile) -> str:
        number = next((at for at, source in enumerate(old.sources) if source.name == name), None)
        if number is None:
            names = ", ".join(source.name for source in old.sources) or "none"
            raise SourcesError(path, f"there is no source of this name. There are: {names}.", entry=name)
        lines = text.splitlines(keepends=True)
        blocks = list(_blocks(lines))
        if number >= len(blocks):
            return text  # the file has another form than ours: the check below says so
        start, end = blocks[number]
        return "".join(also([*lines[:start], *change(lines[start:end]), *lines[end:]], old))

    def after(old: SourcesFile) -> SourcesFile:
        changed = (expected(source) if source.name == name else source for source in old.sources)
        kept = tuple(source for source in changed if source is not None)
        return replace(old, sources=kept, searches=tuple(searches(search) for search in old.searches))

    _edit(path, edit, after)


def _edit(
    path: Path, change: Callable[[str, SourcesFile], str], expected: Callable[[SourcesFile], SourcesFile]
) -> None:
    """Change the text, see that it then says exactly what was meant, and replace the file."""
    target = Path(os.path.realpath(path))  # a link to a file elsewhere stays a link
    with _locked(target):
        old = load_sources(path)
        text = target.read_bytes().decode("utf-8-sig")
        new_text = change(text, old)
        new = parse_sources(new_text, path=path)
        if new != expected(old):
            raise SourcesError(path, "cannot be changed by the program in this form. Make the change in an editor.")
        _replace(target, new_text)


def _blocks(lines: list[str], header: re.Pattern[str] = _HEADER) -> Iterator[tuple[int, int]]:
    """Yield first and last (exclusive) line of each block under `header`, without comments that belong to the next."""
    starts: list[int] = []
    stops: list[int] = []
    quote = ""  # the delimiter of a text over several lines that we are in
    for number, line in enumerate(lines):
        if not quote:
            if header.fullmatch(line.rstrip("\r\n")):
                starts.append(number)
                stops.append(number)
            elif _OTHER_TABLE.match(line):
                stops.append(number)
        for mark in re.findall(r"\"\"\"|'''", line):
            quote = "" if quote == mark else quote or mark
    for start in starts:
        end = min((stop for stop in stops if stop > start), default=len(lines))
        while end > start + 1 and lines[end - 1].strip()[:1] in {"", "#"}:
            end -= 1
        yield start, end


def _with_key(lines: list[str], key: str, value: str | bool) -> list[str]:
    for number, line in enumerate(lines):
        if re.match(rf"\s*{key}\s*=", line):
            return [*lines[:number], _replaced(key, line, value), *lines[number + 1 :]]
    after = next((number for number, line in enumerate(lines) if re.match(r"\s*url\s*=", line)), 0)
    lines = [*lines[: after + 1], f"{key} = {_toml(value)}\n", *lines[after + 1 :]]
    lines[after] = _with_newline(lines[after])
    return lines


def _with_items(lines: list[str], key: str, items: Sequence[str]) -> list[str]:
    """Return a source's lines with these texts at the end of the list `key`, which is made if it is not there."""
    text = "".join(lines)
    found = re.search(rf"(?m)^[ \t]*{key}[ \t]*=[ \t]*\[", text)
    if found is None:
        after = next((number for number, line in enumerate(lines) if re.match(r"\s*url\s*=", line)), 0)
        lines = [*lines[: after + 1], _line(key, tuple(items)) + "\n", *lines[after + 1 :]]
        lines[after] = _with_newline(lines[after])
        return lines
    last = found.end()  # behind the last value, or behind the bracket
    comma = True
    for token in _IN_LIST.finditer(text, found.end()):
        if token[0] == "]":
            break
        if token[0] == ",":
            comma = True
        elif token[0][0] in "\"'":
            last, comma = token.end(), False
    else:
        return lines  # a form that is not ours: the check of the whole says so
    close = token.start()
    between = text[last:close]
    if "\n" not in between:
        separator = "" if comma and last == found.end() else ", "
        return [text[:last] + separator + ", ".join(map(_toml, items)) + text[close:]]
    # One value a line: what stands behind the last one (a comma, a comment) stays on its line.
    indent = re.match(r"[ \t]*", text[text.rfind("\n", 0, last) + 1 :])
    margin = indent[0] if indent and last != found.end() and text.rfind("\n", found.end(), last) >= 0 else "    "
    head = text[:last] + ("" if comma else ",")
    tail_start = text.rfind("\n", last, close) + 1
    added = "".join(f"{margin}{_toml(item)},\n" for item in items)
    return [head + text[last:tail_start] + added + text[tail_start:]]


def _replaced(key: str, line: str, value: str | bool) -> str:
    return re.sub(rf"(\s*{key}{_VALUE}", lambda match: match[1] + _toml(value) + match[3], line, count=1)


def _with_newline(line: str) -> str:
    return line if line.endswith("\n") else line + "\n"


def _with_end(text: str) -> str:
    """Return the text ready for another block: with a final newline and an empty line."""
    return _with_newline(text) + "\n" if text.strip() else text


def _block(source: Source) -> str:
    lines = ["[[source]]"]
    for field in fields(Source):
        value = getattr(source, field.name)
        if field.name in {"name", "url"} or value not in ((), {}, None, field.default):
            lines.append(_line(field.name, value))
    return "\n".join(lines) + "\n"


def _line(key: str, value: object) -> str:
    """Return the line of a key, or the lines of a list that is too long for one."""
    line = f"{key} = {_toml(value)}"
    if len(line) <= _WIDTH or not isinstance(value, tuple):
        return line
    return f"{key} = [\n" + "".join(f"    {_toml(item)},\n" for item in value) + "]"


def selectors_line(selectors: Mapping[str, str]) -> str:
    """Return the line of sources.toml that names these selectors.

    >>> selectors_line({"text": "div.story"})
    'selectors = { text = "div.story" }'
    """
    return f"selectors = {_toml(selectors)}"


def _toml(value: object) -> str:
    """Return a value in TOML 1.0."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
    if isinstance(value, Mapping):
        pairs = (f"{key if _BARE_KEY.fullmatch(key) else _toml(key)} = {_toml(item)}" for key, item in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    text = str(value)
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # a literal string: regular expressions stay readable
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a kernel lock on the folder: two commands that change the file at once would lose one change."""
    try:
        fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SourcesError(path, f"its folder cannot be opened ({error.strerror or error}).") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
        os.fsync(fd)
    finally:
        os.close(fd)


def _replace(path: Path, text: str) -> None:
    temporary = ""
    try:
        data = text.encode("utf-8")
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 (the same call, and `temporary` is a text)
    except (OSError, UnicodeEncodeError) as error:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 (the same)
        raise SourcesError(
            path,
            f"cannot be written ({getattr(error, 'strerror', None) or error}). Nothing was changed. Check the folder's "
            "owner and mode, and the disk's free space.",
        ) from None
