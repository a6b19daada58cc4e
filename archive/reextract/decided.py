"""What decisions.jsonl says of extractors. Pure.

    {"at": …, "kind": "extractor-promoted", "reason": …, "source": "paper", "name": "morgue", "version": "3", "settings": ""}

`source` is null for captures of no source; `settings` is the digest of the source's selectors, "" without any. A line of kind
`extractor-rolled-back` names the extractor that was taken out of force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from archive.decisions import DecisionLike
from archive.model import ExtractorId

PROMOTED, ROLLED_BACK = "extractor-promoted", "extractor-rolled-back"
_NAMED = 5  # sources that a sentence names


def spelled(identity: ExtractorId) -> str:
    """Return an extractor as a person writes it.

    >>> spelled(ExtractorId(name="morgue", version="2", config=""))
    'morgue:2'
    """
    return f"{identity.name}:{identity.version}" + (f":{identity.config}" if identity.config else "")


def last_lines(
    decisions: Iterable[DecisionLike], renamed: Mapping[str, str] | None = None
) -> dict[str, tuple[str, ExtractorId]]:
    """Return the last line of each source: its kind, and which extractor it names. `renamed`: old names to those of now."""
    found: dict[str, tuple[str, ExtractorId]] = {}
    for line in decisions:
        name, version, settings = (line.data.get(key) for key in ("name", "version", "settings"))
        told = line.data.get("source")
        if line.kind not in (PROMOTED, ROLLED_BACK) or not isinstance(name, str) or not isinstance(version, str):
            continue
        source = told if isinstance(told, str) else ""
        identity = ExtractorId(name=name, version=version, config=settings if isinstance(settings, str) else "")
        found[(renamed or {}).get(source, source)] = (line.kind, identity)
    return found


def not_rebuilt(
    decisions: Iterable[DecisionLike], installed: Callable[[str], ExtractorId], renamed: Mapping[str, str] | None = None
) -> list[str]:
    """Return a sentence for each way in which a rebuild differs from what was decided: it reads with what is installed.

    `installed(source)`: who reads a source's pages now.
    """
    differ: dict[tuple[str, str, str], list[str]] = {}
    for source, (kind, identity) in last_lines(decisions, renamed).items():
        present = installed(source)
        if (kind == PROMOTED) is not (identity == present):
            differ.setdefault((kind, spelled(identity), spelled(present)), []).append(source or "(no source)")
    told = []
    for (kind, was, now), sources in sorted(differ.items()):
        names = ", ".join(sorted(sources)[:_NAMED]) + (
            f" and {len(sources) - _NAMED} more" if len(sources) > _NAMED else ""
        )
        what = "was promoted" if kind == PROMOTED else "was rolled back"
        told.append(f"{was} {what} for {names}; their pages are read with {now} now, the only one that is installed.")
    return told
