"""All that a merge would do, and all that forbids it, found out before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archive.backup.registry import known_targets
from archive.decisions import MERGED, renames
from archive.errors import MergeError
from archive.merging.lines import Line, as_bytes, others, union, without
from archive.merging.look import Shard, printable
from archive.merging.report import FromShard, Merged
from archive.merging.shelf import Wanted, wanted_files
from archive.sources import parse_sources
from archive.sources.union import Part, union_of
from archive.tombstones import TAKEDOWN, Tombstones, tombstones_of
from archive.warc import parse_own_name


@dataclass(slots=True, kw_only=True)
class Plan:
    """What is to be done."""

    shards: Sequence[Shard]
    decisions: bytes  # what the file will hold
    new_lines: int
    sources: str
    sources_before: str | None  # None: there was no file
    profiles: list[Path] = field(default_factory=list)  # to be copied, each name once
    reports: list[Path] = field(default_factory=list)  # the same
    warcs: list[Wanted] = field(default_factory=list)  # … where something is to be done
    stones: Tombstones = field(default_factory=Tombstones)
    new_stones: bool = False  # some were not known here
    is_first: bool = False  # nothing of a crawl was here before, and no merge either
    told: Merged

    @property
    def brings(self) -> bool:
        """Whether files come that may hold what was taken down."""
        return bool(self.warcs or self.reports)


def make_plan(
    ours: Shard, shards: Sequence[Shard], *, dry_run: bool, on_file: Callable[[Path], None] = lambda _path: None
) -> Plan:
    """Return what is to be done. Raises `MergeError`, `SourcesError`, `ShelfError`."""
    told = Merged(dry_run=dry_run, shards=[FromShard(path=printable(shard.folder.root)) for shard in shards])
    files = [ours.lines, *(others(shard.lines) for shard in shards)]
    lines = union(files)
    stones = tombstones_of(line.decision for line in lines)
    known = tombstones_of(line.decision for line in ours.lines)
    for shard, each in zip(shards, told.shards, strict=True):
        each.decisions = sum(1 for _ in without(others(shard.lines), ours.lines))
        told.passed_over += shard.passed_over
        _tell_backups(shard, told)
    told.takedowns = sum(line.decision.kind == TAKEDOWN for line in without(lines, ours.lines))
    plan = Plan(
        shards=shards,
        decisions=as_bytes(lines),
        new_lines=len(lines) - len(ours.lines),
        sources=_sources(ours, shards, lines, told),
        sources_before=ours.sources,
        stones=stones,
        new_stones=not stones.hashes <= known.hashes,
        told=told,
    )
    own = any(parse_own_name(path.name) for path in ours.warcs)
    plan.is_first = not own and all(line.decision.kind != MERGED for line in lines)
    _profiles(plan, ours)
    _reports(plan, ours)
    every = wanted_files(
        (ours.folder.warc, ours.warcs), [(shard.folder.warc, shard.warcs) for shard in shards], stones, on_file
    )
    for wanted in every:
        _count(wanted, told)
        if not wanted.is_ours:
            plan.warcs.append(wanted)
    told.changed = bool(plan.new_lines or plan.profiles or plan.reports or plan.warcs or plan.sources != ours.sources)
    return plan


def _tell_backups(shard: Shard, told: Merged) -> None:
    targets = known_targets(line.decision for line in shard.lines)
    if targets:
        told.words.append(
            f"{printable(shard.folder.root)} has backups of its own ({', '.join(sorted(targets))}): a takedown here does not "
            "reach them"
        )


def _sources(ours: Shard, shards: Sequence[Shard], lines: Sequence[Line], told: Merged) -> str:
    """Return the text of sources.toml, and tell what is new."""
    every = [shard for shard in (ours, *shards) if shard.sources is not None]
    parts = [
        Part(
            path=shard.folder.sources,
            text=shard.sources or "",
            renamed=renames(line.decision for line in without(lines, shard.lines)),
        )
        for shard in every
    ]
    united = union_of(parts)
    told.words += united.words
    if ours.sources is None:
        told.shards[0].sources += [source.name for source in parse_sources(parts[0].text, path=parts[0].path).sources]
    mine = {part.path: each for part, each in zip(parts[-len(shards) :], told.shards, strict=True)}
    for name, path in united.sources:
        mine[path].sources.append(name)
    for name, path in united.searches:
        mine[path].searches.append(name)
    return united.text


def _profiles(plan: Plan, ours: Shard) -> None:
    there = {name for name, digest in ours.profiles.items() if name == f"{digest}.json"}
    for shard, told in zip(plan.shards, plan.told.shards, strict=True):
        for name, digest in shard.profiles.items():
            path = shard.folder.profiles / name
            if name in there:
                continue
            if name != f"{digest}.json":
                raise MergeError(
                    f"{path} is damaged: its content is not what its name says (SHA-256). Nothing was changed. Put it back "
                    "from a backup, or move it away: its source's pages are then read without it, until `morgue learn "
                    "--all-captures`."
                )
            there.add(name)
            plan.profiles.append(path)
            told.profiles += 1


def _reports(plan: Plan, ours: Shard) -> None:
    there = {name: (digest, ours.folder.reports / name) for name, digest in ours.reports.items()}
    for shard, told in zip(plan.shards, plan.told.shards, strict=True):
        for name, digest in shard.reports.items():
            path = shard.folder.reports / name
            if name not in there:
                there[name] = (digest, path)
                plan.reports.append(path)
                told.reports += 1
            elif there[name][0] != digest and not plan.stones:  # a takedown cleans reports where it is done
                raise MergeError(
                    f"two different reports have one name: {there[name][1]} and {path}. Nothing was changed. Move the wrong "
                    "one out of its folder (only the history of one crawl depends on it), and run `morgue merge` again."
                )


def _count(wanted: Wanted, told: Merged) -> None:
    """Count for each shard what of a file it gives."""
    best = wanted.best
    if best.shard is not None:
        each = told.shards[best.shard]
        each.megabytes += (best.length - (wanted.ours.length if wanted.ours else 0)) / 1e6
        if wanted.ours is None:
            each.warc_new += 1
        else:
            each.warc_grown += 1
    for piece in wanted.pieces:
        told.shards[piece.shard].megabytes += piece.length / 1e6
        told.shards[piece.shard].warc_grown += 1
    for number in wanted.seen - {best.shard, *(piece.shard for piece in wanted.pieces)}:
        told.shards[number].warc_known += 1
