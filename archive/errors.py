"""Every error that Morgue raises on purpose, in one tree; each message ends with what to type next.

    MorgueError
    ├── UsageError           wrong words on the command line (exit 2)
    ├── UrlError             not an absolute http(s) URL
    ├── NotAnArchiveError    the folder holds no archive
    ├── SourcesError         sources.toml cannot be used as it is
    ├── ContactError         nobody could write to who runs this crawler
    ├── OpmlError            a list of feeds cannot be imported
    ├── DecisionsError       decisions.jsonl cannot be read or written
    ├── ProfileError         a site profile cannot be used: missing, damaged, of another program or version
    ├── StoryError           what is to be decided about stories cannot be
    ├── MergeError           archives cannot become one: which, where, and what to do
    ├── LockHeldError        another process works here (exit 75)
    ├── UnfinishedTakedownError  a takedown was interrupted, and nobody else may write before it is finished
    ├── TakenDownError       an address was taken down, and is not asked for
    ├── ShelfError           something about WARC files
    │   ├── NotAWarcError    the file holds no WARC record at all
    │   ├── BrokenRecordError  one record cannot be read; the others can
    │   └── RecordNotFoundError  the database points at a record that is not there
    ├── ClusterError         a cluster that was to read pages cannot be used, or went away
    ├── OfflineError         this machine reaches nobody
    ├── PayloadError         a body cannot be decoded
    │   └── PayloadTooLargeError  … or decodes to more than is allowed
    ├── DatabaseError        archive.db or crawl.db cannot be used
    │   └── SchemaTooNewError  it was written by a newer Morgue
    ├── NothingToExportError  nothing matched, so no file was written
    ├── DeliveryError        what is new could not be handed over; it is told again next time
    └── QueryError           a question that cannot be answered (SQL that writes, fails, or takes too long)

Facts are attributes of the errors; `exit_code` is what the command line returns.
"""

from __future__ import annotations

import shlex
from pathlib import Path


class MorgueError(Exception):
    """Something a person can do something about."""

    exit_code = 1


class UsageError(MorgueError):
    """The command's words are wrong."""

    exit_code = 2


class UrlError(MorgueError, ValueError):
    """Not an absolute http(s) URL, or one that no server could serve."""

    def __init__(self, url: str, why: str) -> None:
        self.url = url
        self.why = why
        super().__init__(
            f"not a usable web address: {url[:200]!r} ({why}). Write it in full, like https://news.example/"
        )


class NotAnArchiveError(MorgueError):
    """The folder holds no archive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"no archive in {path} (there is no sources.toml). Make one with `morgue init {shlex.quote(str(path))}`, "
            "or name another with `-a DIR` or the environment variable MORGUE_ARCHIVE."
        )


class SourcesError(MorgueError):
    """sources.toml cannot be used as it is: which file, which entry, which key, and what is allowed."""

    def __init__(
        self, path: Path | str, why: str, *, entry: str | None = None, key: str | None = None, what: str = "source"
    ) -> None:
        self.path = str(path)
        self.entry = entry
        self.key = key
        self.why = why
        where = f"{path}" + (f", {what} {entry!r}" if entry else "") + (f", key {key!r}" if key else "")
        super().__init__(f"{where}: {why}")


class ContactError(MorgueError):
    """Other people's sites would be asked by somebody whom they cannot write to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"nothing was asked: {path} names no contact, so a site's owner could not write to you before blocking you. "
            f"`morgue init {shlex.quote(str(path.parent))} --contact mailto:you@paper.example` writes it there "
            "(--allow-private goes without one: for your own machines and tests)."
        )


class OpmlError(MorgueError):
    """A list of feeds cannot be imported: which, and why."""

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(f"{where} cannot be imported: {why} Nothing was changed.")


class DecisionsError(MorgueError):
    """decisions.jsonl cannot be read or written."""


class ProfileError(MorgueError):
    """A site profile's file cannot be used as it is."""

    def __init__(self, path: Path | str, why: str, what_to_do: str) -> None:
        self.path = str(path)
        self.why = why
        super().__init__(f"{path}: {why}. {what_to_do}")


class StoryError(MorgueError):
    """What is to be decided about stories cannot be: the articles are not as the command says."""


class LockHeldError(MorgueError):
    """Another process holds a lock that this command needs."""

    exit_code = 75

    def __init__(self, path: Path, holder: str) -> None:
        self.path = path
        self.holder = holder
        super().__init__(
            f"{path.name} is held by {holder}. Try again when it has ended; nothing was changed. (The lock goes away "
            "with its process: there is no file to remove.)"
        )


class UnfinishedTakedownError(MorgueError):
    """A takedown was interrupted: files and databases may not fit each other until it is finished."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"nothing was done: a takedown was interrupted here ({path}), and has to be finished first. Run the same "
            "`morgue takedown` (or `morgue merge`) again; any other one finishes it, too."
        )


class TakenDownError(MorgueError):
    """An address was taken down."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"{url} was taken down, or its host was: it is not asked for. The line of kind takedown in decisions.jsonl has the "
            "reason and the reference; `morgue takedown` cannot be undone but by taking out that line."
        )


class MergeError(MorgueError):
    """Archives cannot become one; the message says which, where, why, and what to type."""


class ShelfError(MorgueError):
    """Something about the WARC files."""


class BackupError(MorgueError):
    """A backup cannot be made, read or restored; the message says what stays as it was and what to type."""


class NotAWarcError(ShelfError):
    """The file holds no WARC record at all."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path = str(path)
        self.why = why
        super().__init__(
            f"{path} is not a WARC file ({why}). Nothing was read from it. Give a WARC, ARC or WACZ file; "
            "`morgue extract FILE --url URL` reads a single saved page."
        )


class BrokenRecordError(ShelfError):
    """One record cannot be read; the others can."""

    def __init__(self, path: Path | str, offset: int, why: str) -> None:
        self.path = str(path)
        self.offset = offset
        self.why = why
        super().__init__(
            f"broken WARC record at {path}:{offset} ({why}). The record was passed over, the rest is read."
        )


class RecordNotFoundError(ShelfError):
    """The database points at a WARC record that is not there."""

    def __init__(self, path: Path | str, offset: int) -> None:
        self.path = str(path)
        self.offset = offset
        super().__init__(
            f"no WARC record at {path}:{offset}. The file was moved, cut or recompressed after it was indexed. Put the "
            "file back, or run `morgue rebuild`: the WARC files that are there are the original of everything."
        )


class ClusterError(MorgueError):
    """A cluster that was to read pages cannot be used, or went away. It travels between processes: one argument."""


class OfflineError(MorgueError):
    """Nobody answered of all that were asked."""

    def __init__(self, sites: int) -> None:
        self.sites = sites
        super().__init__(
            f"none of {sites:,} sites answered: this machine has no network, or its name server or proxy fails. That says "
            "nothing of the sources, and nothing was written. Run the same command again when it is online."
        )


class PayloadError(MorgueError):
    """A body cannot be decoded as its headers say."""


class PayloadTooLargeError(PayloadError):
    """A body decodes to more than is allowed."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the body decodes to more than {limit} bytes; what was sent is kept, but it is not read")


class DatabaseError(MorgueError):
    """A database of the archive cannot be used."""


class SchemaTooNewError(DatabaseError):
    """The database was written by a newer Morgue."""

    def __init__(self, path: Path, unknown: str, *, remake: str = "morgue rebuild") -> None:
        self.path = path
        super().__init__(
            f"{path} was written by a newer Morgue (it has the migration {unknown!r}). Upgrade with "
            f"`pip install -U newsmorgue`, or make the database again from the WARC files with `{remake}`."
        )


class QueryError(MorgueError):
    """A question that cannot be answered as it was put."""


class DeliveryError(MorgueError):
    """What saved searches found could not be handed over: where to, and why. It is told again next time."""

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(
            f"{where} did not take what is new: {why}. Nothing is lost: what it did not take is told again by the next "
            "`morgue alerts`."
        )


class NothingToExportError(MorgueError):
    """Nothing in the archive is what an export asks for."""

    def __init__(self, what: str, *, left_out: int = 0) -> None:
        self.left_out = left_out
        why = (
            f"{left_out:,} would match but opt out (--include-opted-out takes them)"
            if left_out
            else "`morgue search` and `morgue stats` show what there is"
        )
        super().__init__(f"no {what} matched, so nothing was written; {why}.")
