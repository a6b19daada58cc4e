"""Every form of web archive, read as records: WARC and ARC; plain, gzip by record or as a whole, zstd; WACZ.

What is not WARC with a place for each record is unpacked to a file beside the copy that is being made, and removed with it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from archive.errors import BrokenRecordError, NotAWarcError
from archive.warc.arc import arc_records
from archive.warc.form import Form, Packing, form_of
from archive.warc.member import BadRecord, Unfinished
from archive.warc.raw import OnBroken, RawReader, RawRecord
from archive.warc.unpack import Gzip, Origins, Zstd, unpack
from archive.warc.wacz import DirectoryLostError, open_wacz
from archive.warc.window import Window

PART = ".part"  # ends the names of files that are being made


class _Told:
    """Hears of broken records and tells them under the file's name and the place in it, once for each place."""

    def __init__(self, label: str, on_broken: OnBroken | None) -> None:
        self.label = label
        self._on_broken = on_broken

    def __call__(self, offset: int, why: str) -> None:
        if self._on_broken is not None:
            self._on_broken(BrokenRecordError(self.label, offset, why))


def foreign_records(
    path: Path, *, scratch: Path, on_broken: OnBroken | None = None, label: str | None = None
) -> Generator[RawRecord]:
    """Give the records of a web archive's file in any form, in file order; what is broken goes to `on_broken`.

    Records of ARC files come as the WARC records that they would be. Offsets are those in the file as it lies there: of the
    record, or of the packed piece that holds it; for a WACZ, in the WARC file within, which the name in errors tells
    (`x.wacz/archive/y.warc.gz`). `scratch`: the folder for what must be unpacked. `label`: the name in errors.

    Raises `NotAWarcError` for a file without any record, `ShelfError` or `OSError` where it cannot be read or unpacked.
    """
    told = _Told(label or os.fspath(path), on_broken)
    form = form_of(path)
    if form.packing is Packing.ZIP:
        found = _of_wacz(path, scratch, told, on_broken)
    elif form.arc and form.packing is Packing.PLAIN:
        found = _of_arc(path, told)
    elif form.can_stay:
        found = iter(RawReader(path, on_broken=lambda error: told(error.offset, error.why)))
    else:
        found = _of_packed(path, form, scratch, told)
    empty = True
    for record in found:
        empty = False
        yield record
    if empty:
        raise NotAWarcError(told.label, "not one whole record was found in it")


def _of_arc(path: Path, told: Callable[[int, str], None]) -> Iterator[RawRecord]:
    window = Window(path, None)
    try:
        yield from arc_records(window, told)
    finally:
        window.close()


def _of_packed(path: Path, form: Form, scratch: Path, told: _Told) -> Iterator[RawRecord]:
    with _scratch_file(scratch) as plain:
        window = Window(path, None)
        try:
            packing = Zstd(window) if form.packing is Packing.ZSTD else Gzip(window)
            with plain.open("wb") as out:
                origins = unpack(window, packing, out, told)
        except (BadRecord, Unfinished) as bad:  # the dictionary
            raise NotAWarcError(told.label, str(bad)) from None
        finally:
            window.close()

        def heard(offset: int, why: str) -> None:
            if not origins.is_damaged(offset):
                told(origins.of(offset), why if origins.begins(offset) else f"byte {offset} unpacked: {why}")

        if not plain.stat().st_size:
            return
        records = (
            _of_arc(plain, heard)
            if form.arc
            else iter(RawReader(plain, on_broken=lambda error: heard(error.offset, error.why)))
        )
        try:
            for record in records:
                if not origins.is_damaged(record.offset, end=record.offset + record.length):
                    yield _placed(record, origins)
        except NotAWarcError:
            return  # told above, by the packed file's name


def _placed(record: RawRecord, origins: Origins) -> RawRecord:
    return replace(record, offset=origins.of(record.offset))


def _of_wacz(path: Path, scratch: Path, told: _Told, on_broken: OnBroken | None) -> Iterator[RawRecord]:
    try:
        with open_wacz(path) as wacz:
            for entry in wacz.entries:
                label = f"{told.label}/{entry.filename}"
                with _scratch_file(scratch) as inner:
                    with inner.open("wb") as out:
                        why = wacz.take_out(entry, out)
                    if why is not None:
                        _Told(label, on_broken)(0, why)
                    yield from _of_entry(inner, label, scratch, on_broken)
    except DirectoryLostError as lost:
        told(0, f"its ZIP directory cannot be read ({lost}); records are looked for all the same")
        try:
            yield from RawReader(path, searching=True, on_broken=lambda e: told(e.offset, e.why) if e.offset else None)
        except NotAWarcError:
            return


def _of_entry(inner: Path, label: str, scratch: Path, on_broken: OnBroken | None) -> Iterator[RawRecord]:
    told = _Told(label, on_broken)
    try:
        if form_of(inner).packing is Packing.ZIP:
            told(0, "a ZIP file in a ZIP file is not read")
        else:
            yield from foreign_records(inner, scratch=scratch, on_broken=on_broken, label=label)
    except NotAWarcError as error:
        told(0, error.why)


@contextmanager
def _scratch_file(folder: Path) -> Iterator[Path]:
    number, name = tempfile.mkstemp(prefix="unpacking-", suffix=PART, dir=folder)
    os.close(number)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
