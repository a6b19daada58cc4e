"""Where things lie in an archive: one folder, which copied is a backup."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archive.errors import NotAnArchiveError


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """The paths of one archive. Makes and checks nothing by itself."""

    root: Path

    @property
    def sources(self) -> Path:
        """What to crawl: written by people and by `sources add`."""
        return self.root / "sources.toml"

    @property
    def decisions(self) -> Path:
        """What people decided, append-only."""
        return self.root / "decisions.jsonl"

    @property
    def profiles(self) -> Path:
        """What sites taught the extractor."""
        return self.root / "profiles"

    @property
    def warc(self) -> Path:
        """What was sent: the truth."""
        return self.root / "warc"

    @property
    def reports(self) -> Path:
        """One JSON file per crawl run."""
        return self.root / "reports"

    @property
    def archive_db(self) -> Path:
        """The database of articles; can be made again with `morgue rebuild`."""
        return self.root / "archive.db"

    @property
    def crawl_db(self) -> Path:
        """The frontier; can be made again with `morgue rebuild --frontier`."""
        return self.root / "crawl.db"

    @property
    def alerts(self) -> Path:
        """What `morgue alerts` told already."""
        return self.root / "alerts.json"

    @property
    def alerts_lock(self) -> Path:
        """Held by the one who tells."""
        return self.root / "alerts.lock"

    @property
    def crawl_lock(self) -> Path:
        """Held by the one crawl."""
        return self.root / "crawl.lock"

    @property
    def archive_lock(self) -> Path:
        """Held by the one writer of archive.db."""
        return self.root / "archive.lock"

    @property
    def backup_lock(self) -> Path:
        """Held by the one backup, and by a takedown."""
        return self.root / "backup.lock"

    def check(self) -> ArchiveFolder:
        """Return self. Raises `NotAnArchiveError` if there is no sources.toml."""
        if not self.sources.is_file():
            raise NotAnArchiveError(self.root)
        return self
