"""Fetching one file from a URL, through fsspec: said before it is done, within limits, and gone on with where it stopped."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from archive.errors import ShelfError
from archive.remote.guard import RefusedError, guarded_client
from archive.remote.spelling import without_secrets

_SCHEMES = ("https", "http", "s3")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_OUR_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO)
_CHUNK = 2**20
_TRIES = 6  # in a row that brought nothing
_PREFIX, _SUFFIX = "fetching-", ".part"
_SPARE = 2**28  # bytes of the disk that stay free


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched."""

    path: Path  # removed by whoever is done with it
    url: str  # without secrets


@dataclass(frozen=True, slots=True)
class _File:
    """What a server says of a file."""

    size: int | None
    version: str | None  # ETag or time of the last change: two parts of one version fit together


def is_remote(text: str) -> bool:
    """Return whether a path is a URL."""
    return _URL.match(text) is not None


def fetch(
    url: str,
    folder: Path,
    *,
    sleep: Callable[[float], None],
    say: Callable[[str], None],
    progress: Callable[[int, float | None], None] = lambda _bytes, _share: None,
) -> Fetched:
    """Fetch the file at an https, http or s3 URL into `folder`; what an earlier call got of the same version is kept.

    `say` hears what is fetched before it is. `progress`: bytes there, and which share of all (0 to 1; None: unknown).

    Raises `ShelfError`: the library is missing, the server refuses, redirects to where no public host is, or does not answer
    six times in a row; no room.
    """
    name = without_secrets(url)
    source = _Source(url, name)
    try:
        file = _look(source, sleep)
        part = folder / _part_name(url, file.version)
        have = part.stat().st_size if file.version and part.exists() else 0
        _check_room(folder, name, file, have)
        size = "of unknown size" if file.size is None else f"{file.size:,} bytes"
        say(f"Fetching {name} ({size}{f', {have:,} of them are here' if have else ''}) to {folder}.")
        sweep(folder, fetched_of=url, but=part)
        _download(source, file, part, sleep, progress)
    except source.errors as error:
        raise _failed(name, error) from None
    return Fetched(part, name)


def sweep(folder: Path, *, fetched_of: str | None = None, but: Path | None = None) -> None:
    """Remove what earlier versions of a file left in `folder`."""
    if fetched_of is not None:
        for path in folder.glob(f"{_PREFIX}{_tag(fetched_of)}-*{_SUFFIX}"):
            if path != but:
                path.unlink(missing_ok=True)


def _tag(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _part_name(url: str, version: str | None) -> str:
    return f"{_PREFIX}{_tag(url)}-{_tag(version or '')}{_SUFFIX}"


class _Source:
    """One file at a URL, and how to open it from some byte on."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.scheme = url.partition("://")[0].lower()
        if self.scheme not in _SCHEMES:
            raise ShelfError(
                f"{name} cannot be fetched: only {', '.join(_SCHEMES)} URLs can. Fetch it yourself, then ingest it."
            )
        try:
            import fsspec
        except ImportError:
            raise ShelfError(f"{name} cannot be fetched without fsspec: `pip install 'newsmorgue[remote]'`.") from None
        self.errors: tuple[type[BaseException], ...] = (OSError, TimeoutError, ValueError)
        try:
            if self.scheme == "s3":
                from botocore.exceptions import BotoCoreError

                self.errors = (*self.errors, BotoCoreError)
                self._fs = fsspec.filesystem("s3", skip_instance_cache=True)
            else:
                from aiohttp import ClientError

                self.errors = (*self.errors, ClientError)
                client = partial(guarded_client, url)
                self._fs = fsspec.filesystem(self.scheme, get_client=client, skip_instance_cache=True)
        except ImportError:
            needed = "s3fs" if self.scheme == "s3" else "'newsmorgue[remote]'"
            raise ShelfError(f"{name} cannot be fetched: a library is missing. `pip install {needed}`.") from None

    def look(self) -> _File:
        info = self._fs.info(self.url)
        if info.get("type") == "directory":
            raise FileNotFoundError("it is a folder; name a file")
        version = next((info[key] for key in ("ETag", "Last-Modified", "LastModified") if info.get(key)), None)
        size = info.get("size")
        return _File(size if isinstance(size, int) else None, str(version) if version else None)

    def open(self, start: int, file: _File) -> tuple[Any, int]:
        """Return what can be read and closed, and the byte at which it begins: `start`, or 0 if the server cannot do that."""
        if self.scheme == "s3":
            stream = self._fs.open(self.url, "rb", block_size=8 * _CHUNK, cache_type="readahead")
            stream.seek(start)
            return stream, start
        headers = {}
        if start:
            headers = {"Range": f"bytes={start}-"}
            if file.version and not file.version.startswith("W/"):
                headers["If-Range"] = file.version  # RFC 9110 section 13.1.5
        stream = self._fs.open(self.url, "rb", block_size=0, size=1, headers=headers)
        answer = stream.r
        if start and answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):  # noqa: PLR2004
            return stream, start
        return stream, 0


def _look(source: _Source, sleep: Callable[[float], None]) -> _File:
    for wait in (1.0, 4.0):
        try:
            return source.look()
        except FileNotFoundError as error:
            if not isinstance(error.__cause__, (TimeoutError, ConnectionError)):
                raise
        except source.errors:
            pass
        sleep(wait)
    return source.look()


def _download(
    source: _Source,
    file: _File,
    part: Path,
    sleep: Callable[[float], None],
    progress: Callable[[int, float | None], None],
) -> None:
    """Bring `part` to the file's size, asking again from where it broke off."""
    failed = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        if not file.version:
            before = 0  # nothing says that what is here and what would come are of one version
        if file.size is not None and before >= file.size and part.exists():
            return
        try:
            stream, begin = source.open(before, file)
            try:
                done = _append(stream, part, begin, file.size, progress)
            finally:
                stream.close()
            if file.size is None or done == file.size:
                return
            raise ConnectionError(f"the server sent {done:,} of {file.size:,} bytes")
        except RefusedError:
            raise
        except source.errors as error:
            if isinstance(error, OSError) and error.errno in _OUR_DISK:
                raise
            gained = part.exists() and part.stat().st_size > before
            failed = 0 if gained and file.version else failed + 1
            if failed >= _TRIES:
                raise
            sleep(min(2.0**failed, 30.0))


def _append(
    stream: Any, part: Path, begin: int, size: int | None, progress: Callable[[int, float | None], None]
) -> int:
    """Write what comes to `part` from byte `begin` on; return how many bytes it has then."""
    with part.open("r+b" if begin else "wb") as out:
        out.seek(begin)
        out.truncate()
        done = begin
        room = shutil.disk_usage(part.parent).free - _SPARE
        while chunk := stream.read(_CHUNK):
            done += len(chunk)
            if size is not None and done > size:
                raise ValueError(f"the server sent more than the {size:,} bytes it promised")
            if done - begin > room:
                raise _no_room(part.parent, "the file", done)
            out.write(chunk)
            progress(done, done / size if size else None)
    return done


def _check_room(folder: Path, name: str, file: _File, have: int) -> None:
    """Raise `ShelfError` if neither the file nor its copy on the shelf would fit."""
    if file.size is not None and 2 * file.size - have > shutil.disk_usage(folder).free - _SPARE:
        raise _no_room(folder, name, 2 * file.size)


def _no_room(folder: Path, name: str, needed: int) -> ShelfError:
    return ShelfError(
        f"{folder} has no room for {name}: {needed:,} bytes would be needed for it and its copy. Make room, then run the "
        "same command again: what was fetched is kept."
    )


def _failed(name: str, error: BaseException) -> ShelfError:
    cause = error.__cause__ or error
    why = str(cause) or type(cause).__name__
    return ShelfError(
        f"{name} could not be fetched ({why.replace(chr(10), ' ')[:300]}). Run the same command again: it goes on where this "
        "one stopped. Or fetch the file yourself, and ingest that."
    )
