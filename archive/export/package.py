"""The ZIP file of a WACZ: members with their digests, and the data package that lists them.

WACZ 1.1.1 (https://specs.webrecorder.net/wacz/1.1.1/): WARC files and compressed indexes are stored, so that a reader can
fetch a record by its place; lists are deflated. `datapackage.json` follows Frictionless Data, and its own digest stands in
`datapackage-digest.json`.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import IO

WACZ_VERSION = "1.1.1"
_FIRST_YEAR = 1980  # of a ZIP file's calendar
_MODE = 0o644 << 16


@dataclass(slots=True)
class _Member:
    """A member that is being written."""

    name: str
    stream: IO[bytes]
    size: int = 0
    hasher: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        """Write, and return the offset where `data` begins."""
        self.stream.write(data)
        self.hasher.update(data)
        self.size += len(data)
        return self.size - len(data)


class Package:
    """Writes the members of a WACZ to a seekable stream, one after the other; `finish` writes the list of them."""

    def __init__(self, out: IO[bytes], *, now: datetime) -> None:
        self._zip = zipfile.ZipFile(out, "w")
        self._now = now.astimezone(UTC)
        self._resources: list[dict[str, object]] = []

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        with suppress(OSError, ValueError):  # only after an error is it open still, and then nobody keeps it
            self._zip.close()

    @contextmanager
    def member(self, path: str, *, deflated: bool = False) -> Iterator[_Member]:
        """Give the member `path` to be written; up to 2 GB, see `archive.export.wacz`."""
        with self._zip.open(self._info(path, deflated=deflated), "w") as stream:
            member = _Member(path, stream)
            yield member
        self._resources.append(
            {
                "name": path.rpartition("/")[2].lower(),
                "path": path,
                "hash": "sha256:" + member.hasher.hexdigest(),
                "bytes": member.size,
            }
        )

    def finish(self, *, software: str, about: Mapping[str, str]) -> None:
        """Write the data package, with what is said `about` it (title, description …), and end the ZIP file."""
        package = {
            "profile": "data-package",
            "wacz_version": WACZ_VERSION,
            "software": software,
            "created": self._now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            **about,
            "resources": self._resources,
        }
        data = json.dumps(package, indent=2).encode("ascii")
        digest = {"path": "datapackage.json", "hash": "sha256:" + hashlib.sha256(data).hexdigest()}
        self._zip.writestr(self._info("datapackage.json", deflated=True), data)
        self._zip.writestr(
            self._info("datapackage-digest.json", deflated=True), json.dumps(digest, indent=2).encode("ascii")
        )
        self._zip.close()

    def _info(self, path: str, *, deflated: bool) -> zipfile.ZipInfo:
        at = self._now
        info = zipfile.ZipInfo(path, (max(at.year, _FIRST_YEAR), at.month, at.day, at.hour, at.minute, at.second))
        info.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
        info.external_attr = _MODE
        return info
