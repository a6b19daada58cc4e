"""Where backups go: a folder, or any place that fsspec can write to. Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from archive.errors import BackupError


class Target(Protocol):
    """A place for backups. Paths are relative, with `/`. Every method raises `BackupError`."""

    name: str

    def size(self, path: str) -> int | None:
        """Return the size of a file (bytes), None if it is not there."""

    def put(self, source: Path, path: str, *, link: bool = False) -> None:
        """Store a file; `link`: it never changes in its place, so that a hard link will do where there are such."""

    def get(self, path: str, to: Path) -> None:
        """Fetch a file."""

    def read(self, path: str) -> str:
        """Return a text file."""

    def folders(self) -> list[str]:
        """Return the names of the folders at the top, sorted; none if there is nothing yet."""

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with what is in it."""

    def files(self, folder: str) -> list[str]:
        """Return the files below a folder, as paths below the target, sorted."""


class LocalTarget:
    """A folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = str(root)

    def size(self, path: str) -> int | None:
        """See `Target`."""
        try:
            return (self.root / path).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error(path, error) from error

    def put(self, source: Path, path: str, *, link: bool = False) -> None:
        """See `Target`."""
        to = self.root / path
        part = to.with_name(to.name + ".part")
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            linked = False
            if link:
                with contextlib.suppress(OSError):  # another disk, or one without hard links
                    os.link(source, part)
                    linked = True
            if not linked:
                shutil.copyfile(source, part)
                with part.open("rb") as file:
                    os.fsync(file.fileno())
            part.replace(to)
            _sync(to.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise self._error(path, error) from error

    def get(self, path: str, to: Path) -> None:
        """See `Target`."""
        try:
            shutil.copyfile(self.root / path, to)
        except OSError as error:
            raise self._error(path, error) from error

    def read(self, path: str) -> str:
        """See `Target`."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise self._error(path, error) from error

    def folders(self) -> list[str]:
        """See `Target`."""
        try:
            return sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._error("", error) from error

    def remove(self, path: str) -> None:
        """See `Target`."""
        place = self.root / path
        try:
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        except OSError as error:
            raise self._error(path, error) from error

    def files(self, folder: str) -> list[str]:
        """See `Target`."""
        top = self.root / folder
        return sorted(path.relative_to(self.root).as_posix() for path in top.rglob("*") if path.is_file())

    def _error(self, path: str, error: OSError) -> BackupError:
        return BackupError(
            f"{self.root / path} cannot be used ({error.strerror or error}). Look at that disk's free space and the "
            "folder's owner and mode. Backups that were complete before are as they were."
        )


class FsspecTarget:
    """A place such as s3://bucket/morgue, by fsspec (https://filesystem-spec.readthedocs.io/)."""

    def __init__(self, url: str, fs: Any, root: str) -> None:
        self.name = url
        self._fs = fs
        self._root = root.rstrip("/")

    def size(self, path: str) -> int | None:
        """See `Target`."""
        with self._told(path):
            self._fs.invalidate_cache()
            return int(self._fs.size(self._at(path))) if self._fs.exists(self._at(path)) else None

    def put(self, source: Path, path: str, *, link: bool = False) -> None:  # noqa: ARG002 - nothing to link there
        """See `Target`."""
        with self._told(path):
            self._fs.makedirs(self._at(path).rpartition("/")[0], exist_ok=True)
            # Object stores show a file when it is whole; others may show a part, which the manifest's digest tells.
            self._fs.put_file(str(source), self._at(path))

    def get(self, path: str, to: Path) -> None:
        """See `Target`."""
        with self._told(path):
            self._fs.get_file(self._at(path), str(to))

    def read(self, path: str) -> str:
        """See `Target`."""
        with self._told(path):
            return str(self._fs.cat_file(self._at(path)).decode("utf-8", "replace"))

    def folders(self) -> list[str]:
        """See `Target`."""
        with self._told(""):
            if not self._fs.exists(self._root):
                return []
            listed = self._fs.ls(self._root, detail=True)
            return sorted(
                str(each["name"]).rstrip("/").rpartition("/")[2] for each in listed if each["type"] == "directory"
            )

    def remove(self, path: str) -> None:
        """See `Target`."""
        with self._told(path):
            if self._fs.exists(self._at(path)):
                self._fs.rm(self._at(path), recursive=True)

    def files(self, folder: str) -> list[str]:
        """See `Target`."""
        with self._told(folder):
            if not self._fs.exists(self._at(folder)):
                return []
            cut = len(self._fs._strip_protocol(self._root)) + 1  # noqa: SLF001 - fsspec's own way to compare paths
            return sorted(str(path)[cut:] for path in self._fs.find(self._at(folder)))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    @contextlib.contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each of fsspec's systems has errors of its own
            raise BackupError(
                f"{self.name.rstrip('/')}/{path} cannot be used ({type(error).__name__}: {str(error)[:300]}). Look at its "
                "address, your rights there and the network. Backups that were complete before are as they were."
            ) from error


def open_target(where: str) -> Target:
    """Return a target: a path, or an address that fsspec knows (s3://…, memory://…). Raises `BackupError`."""
    scheme = urlsplit(where).scheme
    if not scheme or "://" not in where:
        return LocalTarget(Path(where))
    if scheme == "file":
        return LocalTarget(Path(urlsplit(where).path))
    try:
        core = importlib.import_module("fsspec.core")
    except ImportError:
        raise BackupError(f"{where} needs fsspec: pip install 'newsmorgue[remote]' (and s3fs for s3://).") from None
    try:
        fs, root = core.url_to_fs(where)
    except (ValueError, ImportError, OSError) as error:
        raise BackupError(f"{where} cannot be reached ({error}). Write it like s3://bucket/folder.") from error
    return FsspecTarget(where, fs, root)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
