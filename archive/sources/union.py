"""Several sources.toml as one: the first as people wrote it, behind it what only the others have, with their comments.

Pure.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from archive.errors import MergeError, SourcesError
from archive.sources.model import SavedSearch, Source, SourcesFile
from archive.sources.read import parse_sources
from archive.sources.write import (
    _HEADER,
    _SEARCH_HEADER,
    _block,
    _blocks,
    _line,
    _locked,
    _replace,
    _with_contact,
    _with_key,
    _with_new_source,
)
from archive.urls import canonical_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the files."""

    path: Path
    text: str
    renamed: Mapping[str, str] = field(default_factory=dict)  # what the others renamed: names of here -> names of now


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """All of them as one."""

    text: str
    sources: tuple[tuple[str, Path], ...]  # those that the first file had not: name, and which file had it
    searches: tuple[tuple[str, Path], ...]  # the same
    words: tuple[str, ...]  # what a person should know


@dataclass(slots=True)
class _Growing:
    """The text so far, and what it says."""

    text: str
    path: Path
    says: SourcesFile
    came_from: dict[tuple[str, str], Path] = field(
        default_factory=dict
    )  # (source or search, name) -> the file that it is from
    sources: list[tuple[str, Path]] = field(default_factory=list)
    searches: list[tuple[str, Path]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def union_of(parts: Sequence[Part]) -> Union:
    """Return the union of the files, at least one.

    Sources and saved searches of one name are one if they say the same; else, and where one address has two names, it raises
    `MergeError`. What stands at the top is about crawling, not about what is kept: the first file that says it is heeded.
    Raises `SourcesError` for a file that cannot be used.
    """
    first = parts[0]
    text = _renamed(first)
    grown = _Growing(text, first.path, parse_sources(text, path=first.path))
    for part in parts[1:]:
        _add(grown, part, parse_sources(part.text, path=part.path))
    return Union(
        text=grown.text, sources=tuple(grown.sources), searches=tuple(grown.searches), words=tuple(grown.words)
    )


def put_union(path: Path, before: str | None, text: str) -> None:
    """Put the union in the place of our file, whose text was `before` (None: there was none), durably and in one step.

    Raises `MergeError` if a person or another command has changed it meanwhile, `SourcesError` if it cannot be written.
    """
    with _locked(path):
        now = path.read_bytes().decode("utf-8-sig") if path.exists() else None
        if now != before:
            raise MergeError(f"{path} was changed while it was looked at. Run the same `morgue merge` again.")
        path.touch()
        _replace(Path(os.path.realpath(path)), text)


def _renamed(part: Part) -> str:
    """Return a file's text with the names that its sources have now."""
    text = part.text
    for old, new in part.renamed.items():
        says = parse_sources(text, path=part.path)
        number = next((at for at, source in enumerate(says.sources) if source.name == old), None)
        if number is None or says.by_name(new) is not None:
            continue
        lines = text.splitlines(keepends=True)
        places = list(_blocks(lines))
        if number < len(places):
            start, end = places[number]
            lines = [*lines[:start], *_with_key(lines[start:end], "name", new), *lines[end:]]
        changed = "".join(_with_new_source(lines, says, old, new))
        if parse_sources(changed, path=part.path) != _with_new_name(says, old, new):
            raise MergeError(
                f"{part.path}: source {old!r} was renamed to {new!r} in another of the archives, and the file has a form in "
                "which the program cannot do that. Write the new name in an editor, and run `morgue merge` again."
            )
        text = changed
    return text


def _with_new_name(says: SourcesFile, old: str, new: str) -> SourcesFile:
    return replace(
        says,
        sources=tuple(replace(one, name=new) if one.name == old else one for one in says.sources),
        searches=tuple(replace(one, source=new) if one.source == old else one for one in says.searches),
    )


def _add(grown: _Growing, part: Part, theirs: SourcesFile) -> None:
    _add_top(grown, part, theirs)
    sources, searches = {one.name: one for one in grown.says.sources}, {one.name: one for one in grown.says.searches}
    by_address = {canonical_url(source.url): source.name for source in grown.says.sources}
    lines = part.text.splitlines(keepends=True)
    own: list[str] = []  # as people wrote them
    made: list[str] = []  # as the program would
    texts = _with_comments(lines, len(theirs.sources), _HEADER)
    for number, written in enumerate(theirs.sources):
        source = replace(written, name=part.renamed.get(written.name, written.name))
        known = sources.get(source.name)
        if known is not None:
            if known != source:
                raise _clash(known, source, grown, part)
            continue
        other = by_address.setdefault(canonical_url(source.url), source.name)
        if other != source.name:
            raise MergeError(
                f"source {source.name!r} of {part.path} is {other!r} in {_origin(grown, 'source', other)}: both have the "
                f"address {source.url}. Nothing was changed. Give it one name in all of them (`morgue sources rename`), and "
                "run `morgue merge` again."
            )
        made.append(_block(source))
        own.append(texts[number] if texts and source == written else made[-1])
        sources[source.name] = source
        grown.came_from["source", source.name] = part.path
        grown.sources.append((source.name, part.path))
    texts = _with_comments(lines, len(theirs.searches), _SEARCH_HEADER)
    for number, asked in enumerate(theirs.searches):
        search = replace(asked, source=part.renamed.get(asked.source or "", asked.source))
        same = searches.get(search.name)
        if same is not None:
            if same != search:
                raise _clash(same, search, grown, part)
            continue
        made.append(_search_block(search))
        own.append(texts[number] if texts and search == asked else made[-1])
        searches[search.name] = search
        grown.came_from["search", search.name] = part.path
        grown.searches.append((search.name, part.path))
    if made:
        after = replace(grown.says, sources=tuple(sources.values()), searches=tuple(searches.values()))
        _append(grown, part, (own, made), after)


def _add_top(grown: _Growing, part: Part, theirs: SourcesFile) -> None:
    if theirs.contact is not None and grown.says.contact is None:
        grown.text = _with_contact(grown.text, theirs.contact)
        grown.says = replace(grown.says, contact=theirs.contact)
    elif theirs.contact not in (None, grown.says.contact):
        grown.words.append(f"{part.path} has another contact; {grown.says.contact} stays")
    if theirs.limits and not grown.says.limits:
        table = "".join(f"{_line(name, value)}\n" for name, value in theirs.limits.items())
        _append(grown, part, ([f"[limits]\n{table}"],), replace(grown.says, limits=theirs.limits))
    elif theirs.limits and theirs.limits != grown.says.limits:
        grown.words.append(f"{part.path} has other limits; those of {grown.path} stay")


def _append(grown: _Growing, part: Part, forms: Iterable[Sequence[str]], after: SourcesFile) -> None:
    """Append entries in the first of several forms that says what is meant: as people wrote them, or as the program does."""
    for blocks in forms:
        text = "".join([grown.text, *(f"\n{block}" if block.endswith("\n") else f"\n{block}\n" for block in blocks)])
        if grown.text.strip() and not grown.text.endswith("\n"):
            text = "".join([grown.text, "\n", text[len(grown.text) :]])
        try:
            if parse_sources(text, path=part.path) == after:
                grown.text, grown.says = text, after
                return
        except SourcesError:
            continue
    raise MergeError(
        f"{grown.path} has a form to which the program cannot add an entry of {part.path}. Nothing was changed. Write each "
        "source under a line [[source]], and run `morgue merge` again."
    )


def _with_comments(lines: list[str], wanted: int, header: re.Pattern[str]) -> list[str]:
    """Return the text of each entry with the comment lines right above it; none if the file has another form than ours."""
    places = list(_blocks(lines, header))
    if len(places) != wanted:
        return []
    texts = []
    for begin, end in places:
        start = begin
        while start > 0 and lines[start - 1].lstrip().startswith("#"):  # it belongs to the entry
            start -= 1
        texts.append("".join(lines[start:end]))
    return texts


def _search_block(search: SavedSearch) -> str:
    told = [
        each.name for each in fields(SavedSearch) if each.name == "name" or getattr(search, each.name) != each.default
    ]
    return "[[search]]\n" + "".join(f"{_line(name, getattr(search, name))}\n" for name in told)


def _clash(known: Source | SavedSearch, other: Source | SavedSearch, grown: _Growing, part: Part) -> MergeError:
    what = "source" if isinstance(known, Source) else "search"
    keys = [each.name for each in fields(known) if getattr(known, each.name) != getattr(other, each.name)]
    return MergeError(
        f"{what} {known.name!r} is not the same in {_origin(grown, what, known.name)} and in {part.path}: {', '.join(keys)} "
        f"differ{'s' if len(keys) == 1 else ''}. Nothing was changed. Write the same in both files, or give one another name "
        "(`morgue sources rename`), and run `morgue merge` again."
    )


def _origin(grown: _Growing, what: str, name: str) -> Path:
    return grown.came_from.get((what, name), grown.path)
