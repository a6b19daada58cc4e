"""The usual look at a row's record: something that begins like one lies at its place, and it ends before the file does."""

from __future__ import annotations

import os

from archive.fsck.files import place_of
from archive.fsck.look import Look, Shelved
from archive.inflate import GZIP_MAGIC

_BEGINNINGS = (GZIP_MAGIC, b"WAR")


def check_places(look: Look) -> None:
    """Look at the first bytes of each capture's record. Reads three bytes a row; the full level reads all."""
    for file in look.shelf:
        if file.path is None or file.pk is None:
            continue
        try:
            fd = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            look.fault("unreadable", f"it cannot be opened ({error.strerror})", file=place_of(look, file))
            continue
        try:
            _check(look, file, fd)
        finally:
            os.close(fd)


def _check(look: Look, file: Shelved, fd: int) -> None:
    rows = "SELECT pk, url, captured_at, offset, length FROM captures WHERE warc = ? AND pk <= ? ORDER BY offset"
    with look.reading("captures"):
        for pk, url, at, offset, length in look.rows(rows, (file.pk, look.last_capture)):
            look.count("places")
            try:
                begins = offset >= 0 and os.pread(fd, 3, offset) in _BEGINNINGS
            except (OSError, OverflowError):
                begins = False
            if not begins or offset + length > file.size:
                look.findings.lost.append(pk)
                where = {"file": place_of(look, file), "offset": offset, "table": "captures", "row": f"{at} {url}"}
                look.fault("lost-capture", "no record begins there", **where)
