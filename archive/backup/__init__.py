"""Backups: sealed WARC files once, everything else anew each time, and a manifest that says what belongs together.

    TARGET/warc/NAME                 sealed WARC files, shared by all backups that name them
    TARGET/YYYYMMDDThhmmssZ/…        one backup: manifest.json, databases, sources.toml, decisions.jsonl, profiles/, reports/,
                                     and under warc/ the files that were still being written

A backup counts when its manifest is there, which is written last. Databases are copied before WARC files: what they name is
then in files that only grow. So a crawl may go on meanwhile, and the copy is one moment's archive all the same.

The archive knows its backups by lines of decisions.jsonl (`registry`); those that hold what was taken down since are let go
with the next backup to the same target (`letgo`).
"""

from archive.backup.make import Made, make_backup
from archive.backup.manifest import Entry, Manifest
from archive.backup.restore import restore_backup
from archive.backup.targets import Target, open_target

__all__ = ["Entry", "Made", "Manifest", "Target", "make_backup", "open_target", "restore_backup"]
