"""Where imported files came from: lines of decisions.jsonl, so that a rebuild knows it too.

A copy below warc/imported/ has a line of kind `imported`; a file that was left where it lies one of kind
`imported-in-place`: without that line a rebuild would not find it. Both name the path, its SHA-256, the name in tables,
and of which hosts and URL prefixes captures were taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.clock import Clock
from archive.decisions import Decision, append_decision, read_decisions
from archive.errors import UrlError
from archive.folder import ArchiveFolder
from archive.urls import host_of

_KINDS = {"imported": False, "imported-in-place": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which captures of a file are taken."""

    hosts: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()

    def accepts(self, url: str) -> bool:
        """Return whether a capture of `url` is wanted: no condition, or one of the hosts, or one of the prefixes."""
        if not self.hosts and not self.prefixes:
            return True
        if any(url.startswith(prefix) for prefix in self.prefixes):
            return True
        try:
            return host_of(url) in {host.lower() for host in self.hosts}
        except UrlError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One import of one file."""

    name: str  # in every table
    path: Path  # where it was, or with `in_place` is
    sha256: str
    wanted: Filter
    in_place: bool


def origins(decisions: Iterable[Decision]) -> tuple[Origin, ...]:
    """Return the imports that people decided on, in order."""
    found = []
    for decision in decisions:
        if decision.kind not in _KINDS:
            continue
        name, path, sha256 = (decision.data.get(key) for key in ("name", "path", "sha256"))
        if isinstance(name, str) and isinstance(path, str) and isinstance(sha256, str):
            wanted = Filter(hosts=_texts(decision.data.get("hosts")), prefixes=_texts(decision.data.get("prefixes")))
            found.append(
                Origin(name=name, path=Path(path), sha256=sha256, wanted=wanted, in_place=_KINDS[decision.kind])
            )
    return tuple(found)


def note_origin(folder: ArchiveFolder, origin: Origin, clock: Clock) -> None:
    """Append the decision, unless the same import stands there already."""
    if origin in origins(read_decisions(folder.decisions)):
        return
    append_decision(
        folder.decisions,
        "imported-in-place" if origin.in_place else "imported",
        {
            "path": str(origin.path),
            "sha256": origin.sha256,
            "name": origin.name,
            "hosts": list(origin.wanted.hosts),
            "prefixes": list(origin.wanted.prefixes),
        },
        at=clock.now(),
    )


def in_place(found: Sequence[Origin]) -> dict[str, list[Origin]]:
    """Return the imports of files that lie elsewhere, by name: one file may have been imported for several hosts."""
    by_name: dict[str, list[Origin]] = {}
    for origin in found:
        if origin.in_place:
            by_name.setdefault(origin.name, []).append(origin)
    return by_name


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
