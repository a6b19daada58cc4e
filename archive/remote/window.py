"""The bytes of a file that lies where fsspec can read it (s3://…), asked for by ranges; a local path is a plain file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from archive.errors import ShelfError
from archive.remote.spelling import without_secrets
from archive.warc.window import Window

_T = TypeVar("_T")


def is_url(path: str) -> bool:
    """Tell whether fsspec reads this, and not the file system.

    >>> is_url("s3://bucket/my-archive"), is_url("/mnt/news/my-archive")
    (True, False)
    """
    return "://" in path


def open_window(path: str) -> Window:
    """Return a file's bytes. Raises `ShelfError` where there is no such file, or the library that reads it is missing."""
    return RemoteWindow(path) if is_url(path) else Window(Path(path), None)


class RemoteWindow(Window):
    """A remote file, a mebibyte at a time: records are read in file order, so that each is fetched about once."""

    def __init__(self, url: str) -> None:
        self._name = without_secrets(url)
        try:
            import fsspec

            system, inner = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise ShelfError(
                f"{self._name} cannot be read: a library is missing ({error}). `pip install 'newsmorgue[scale]'`; s3:// needs "
                "s3fs as well."
            ) from None
        except ValueError as error:
            raise ShelfError(f"{self._name} cannot be read ({error}).") from None
        self._system: Any = system
        self._inner = inner
        self.path = Path(self._name)
        self.fd = -1
        self._at = 0
        self._data = b""
        self.end = self._asked(self._size)

    def _size(self) -> int:
        size = self._system.info(self._inner).get("size")
        if not isinstance(size, int):
            raise FileNotFoundError("its size is not told")
        return size

    def _read(self, position: int, count: int) -> bytes:
        data = self._asked(lambda: bytes(self._system.cat_file(self._inner, start=position, end=position + count)))
        return data[:count]  # a server without ranges sends all

    def _asked(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - each of fsspec's systems has errors of its own
            raise ShelfError(f"{self._name} cannot be read ({type(error).__name__}).") from None
