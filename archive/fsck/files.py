"""The shelf's files: each is there, as long as it must be, and what was sealed is as it was."""

from __future__ import annotations

from pathlib import Path

from archive.errors import ShelfError
from archive.fsck.faults import Level
from archive.fsck.look import Look, Shelved
from archive.imported import sha256_of
from archive.warc import OPEN_SUFFIX, parse_own_name


def check_files(look: Look) -> None:
    """Check presence and lengths; on the full level also the digests of sealed files."""
    for file in look.shelf:
        look.count("files")
        where = place_of(look, file)
        if file.path is None:
            _missing(look, file)
            continue
        if file.size < file.must_reach:
            known = "crawl.db" if file.durable > file.ingested_to else "archive.db"
            what = f"it has {file.size:,} bytes, but {known} knows {file.must_reach:,} of it"
            look.fault("short-file", what, file=where, offset=file.size)
        elif file.sealed_size is not None and file.size != file.sealed_size:
            look.fault("size", f"it was sealed with {file.sealed_size:,} bytes and has {file.size:,}", file=where)
        elif file.sealed_size is None and not file.path.name.endswith(OPEN_SUFFIX):
            look.findings.waiting.append(file.name)
        if not file.in_place and file.path.with_name(file.path.name + OPEN_SUFFIX).exists() and file.path.exists():
            look.fault("file-twice", "it is there both sealed and .open", file=where)


def check_sealed(look: Look) -> None:
    """Hash what was sealed."""
    if look.findings.level < Level.FULL:
        return
    for file in look.shelf:
        # A file in place is that one whatever its size; of a cut file the lost records are told, and say more.
        if file.path is None or file.sha256 is None or (file.sealed_size != file.size and not file.in_place):
            continue
        try:
            now = sha256_of(file.path)
        except ShelfError as error:
            look.fault("unreadable", str(error), file=place_of(look, file))
            continue
        look.count("sealed files")
        if now == file.sha256:
            if parse_own_name(file.name) is None:
                look.as_imported.add(file.name)
        else:
            what = f"its SHA-256 is {now[:12]}…, and was {file.sha256[:12]}… when it was sealed"
            look.fault("sealed-digest", what, file=place_of(look, file))


def place_of(look: Look, file: Shelved) -> str:
    """Return where a file lies, for people: below the archive's folder, or in full if it is elsewhere."""
    path: Path = file.path or look.folder.warc / file.name
    try:
        return str(path.relative_to(look.folder.root))
    except ValueError:
        return str(path)


def _missing(look: Look, file: Shelved) -> None:
    if not file.must_reach:
        return  # nothing of it was ever read
    captures = facts = 0
    with look.reading("captures"):
        captures = sum(row[0] for row in look.rows("SELECT count(*) FROM captures WHERE warc = ?", (file.pk,)))
        for (pk,) in look.rows("SELECT pk FROM captures WHERE warc = ?", (file.pk,)):
            look.findings.lost.append(pk)
        facts = sum(row[0] for row in look.rows("SELECT count(*) FROM discoveries WHERE warc = ?", (file.pk,)))
    what = f"it is not there; archive.db has {captures:,} captures and {facts:,} discovery facts of it"
    look.fault("missing-file", what, file=place_of(look, file))
