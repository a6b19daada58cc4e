"""A foreign WARC file on its way to the shelf, without what was taken down here."""

from __future__ import annotations

from pathlib import Path

from archive.errors import RecordNotFoundError
from archive.takedown.gone import Gone
from archive.takedown.rewrite import rewrite
from archive.takedown.survey import Place, Survey
from archive.tombstones import Tombstones
from archive.warc import RawReader, RawRecord


def clean_file(path: Path, stones: Tombstones) -> bool:
    """Take out of a file what was taken down: its records, redirects to it, the bodies of feeds and sitemaps that name it.

    Which pages are front pages nobody knows yet: those stay. Returns whether anything is left; if not, the file is gone. Raises
    `ShelfError`.
    """
    gone = Gone(scope="all", hashes=tuple(stones.hashes))
    while True:
        survey = Survey(gone)
        survey.look(path, path.name)
        plan = survey.settled()
        todo = plan.bodies_only() or plan.changes
        if not todo:
            return True

        def record_at(place: Place) -> RawRecord:
            with RawReader(path) as reader:
                record = reader.read_at(place.offset)
            if record is None:
                raise RecordNotFoundError(path, place.offset)
            return record

        if not rewrite(path, todo[path.name], gone, record_at=record_at, before_replacing=lambda: None).size:
            return False
