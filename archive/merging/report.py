"""What a merge did, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from archive.report import IngestReport


@dataclass(slots=True, kw_only=True)
class FromShard:
    """What one shard brought."""

    path: str
    decisions: int = 0  # lines that were new
    sources: list[str] = field(default_factory=list)  # names that were new
    searches: list[str] = field(default_factory=list)  # the same
    profiles: int = 0
    reports: int = 0
    warc_new: int = 0  # files
    warc_grown: int = 0
    warc_known: int = 0
    megabytes: float = 0.0  # that were copied


@dataclass(slots=True, kw_only=True)
class Merged:
    """What a merge came to, or would."""

    dry_run: bool
    shards: list[FromShard] = field(default_factory=list)
    takedowns: int = 0  # lines that were new here, or are for what comes
    covered: int = 0  # captures of our own that such a line covers, and that go
    passed_over: list[str] = field(default_factory=list)  # files that were not taken, and why
    words: list[str] = field(default_factory=list)  # what a person should know
    finished: bool = False  # a takedown, or a merge, that was interrupted was finished first
    changed: bool = False
    ingest: IngestReport = field(default_factory=IngestReport)
    articles: int | None = None  # after everything was placed again
    stories: int | None = None

    @property
    def is_sound(self) -> bool:
        """Whether everything could be read and taken."""
        return self.ingest.is_sound and not self.passed_over

    def as_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        told: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        told["shards"] = [asdict(shard) for shard in self.shards]
        told["ingest"] = None if self.dry_run else self.ingest.as_json()
        return told
