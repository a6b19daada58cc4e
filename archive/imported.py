"""What was imported, as decisions.jsonl tells it: where each file came from, where it lies, and what of it was taken.

    {"at": …, "kind": "imported", "path": "/data/old.warc.gz", "sha256": …, "name": "imported/old-3f…", "hosts": [], …}

With `url` it was fetched from there. `imported-in-place` is a file that stayed where it was. A file that was imported twice
with other filters has two lines, and what either wanted is taken; of two paths the last one holds.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from archive.decisions import Decision
from archive.errors import ShelfError, UrlError
from archive.urls import host_of
from archive.warc import find_warc

COPIED, IN_PLACE = "imported", "imported-in-place"
IN_PLACE_NAMES = "in-place/"  # before the name that tables have for a file that stayed where it was
_CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What of a file is wanted: no condition, or one of the hosts, or one of the prefixes."""

    hosts: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()

    def accepts(self, url: str) -> bool:
        """Return whether a capture of `url` is wanted."""
        if not self.hosts and not self.prefixes:
            return True
        if any(url.startswith(prefix) for prefix in self.prefixes):
            return True
        try:
            return host_of(url) in {host.lower() for host in self.hosts}
        except UrlError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One imported file."""

    name: str  # in every table
    path: Path  # where it came from; if `in_place`, where it lies; of a file from a URL only its name
    sha256: str  # hex, of that file
    in_place: bool
    filters: tuple[Filter, ...]
    url: str | None = None  # where it was fetched from, without secrets

    @property
    def origin(self) -> str:
        """Where it came from: a path or a URL."""
        return self.url or os.fspath(self.path)

    def accepts(self, url: str) -> bool:
        """Return whether a capture of `url` is wanted by any of the filters."""
        return any(each.accepts(url) for each in self.filters)

    def filter_text(self) -> str | None:
        """Return the filters as JSON for the table `warcs`; None: everything was taken."""
        if any(not each.hosts and not each.prefixes for each in self.filters):
            return None
        return json.dumps([{"hosts": each.hosts, "prefixes": each.prefixes} for each in self.filters])

    def check(self) -> None:
        """Raise `ShelfError`, naming the path, if the file is not there any more or is another one."""
        if not self.path.is_file():
            raise ShelfError(_missing(self.path))
        if sha256_of(self.path) != self.sha256:
            raise ShelfError(
                f"{self.path} is not the file that was ingested with --in-place (its SHA-256 is another). Its articles "
                "are left out. Put the old file back, or run `morgue ingest` on the new one."
            )


def imported_files(decisions: Iterable[Decision]) -> dict[str, Imported]:
    """Return what was imported, by name in the tables. Lines that lack something are passed over."""
    files: dict[str, Imported] = {}
    for decision in decisions:
        if decision.kind not in (COPIED, IN_PLACE):
            continue
        data = decision.data
        name, path, sha256 = data.get("name"), data.get("path"), data.get("sha256")
        if not (isinstance(name, str) and isinstance(path, str) and isinstance(sha256, str)):
            continue
        wanted = Filter(hosts=_texts(data.get("hosts")), prefixes=_texts(data.get("prefixes")))
        known = files.get(name)
        filters = () if known is None else known.filters
        files[name] = Imported(
            name=name,
            path=Path(path),
            url=url if isinstance(url := data.get("url"), str) else None,
            sha256=sha256,
            in_place=decision.kind == IN_PLACE,
            filters=filters if wanted in filters else (*filters, wanted),
        )
    return files


def find_file(shelf: Path, files: dict[str, Imported], name: str) -> Path:
    """Return where the file that tables call `name` lies: on the shelf (`warc/`), or where an import left it.

    Raises `ShelfError`, naming the path, if it is not there.
    """
    if not name.startswith(IN_PLACE_NAMES):
        return find_warc(shelf, name)
    file = files.get(name)
    if file is None:
        raise ShelfError(
            f"decisions.jsonl does not say where {name!r} lies. Run `morgue ingest --in-place` on it again."
        )
    if not file.path.is_file():
        raise ShelfError(_missing(file.path))
    return file.path


def same_again(known: Imported | None, new: Imported) -> bool:
    """Return whether decisions.jsonl already says what an import would add to it."""
    return known is not None and replace(new, filters=known.filters) == known and set(new.filters) <= set(known.filters)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hex. Raises `ShelfError`."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise ShelfError(f"{path} cannot be read ({error.strerror}). Check its owner and mode.") from error
    return digest.hexdigest()


def _missing(path: Path) -> str:
    return (
        f"{path} is missing: it was ingested with --in-place, so it was never copied. Put it back there, or ingest it from "
        "where it is now; until then its articles are left out of a rebuild."
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
