"""Reading an archive again, promoting what was read, and taking that back. The caller says how; archive.lock is held here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from archive.clock import Clock
from archive.decisions import append_decision, read_decisions
from archive.errors import MorgueError, UsageError
from archive.executors import ProcessExecutor
from archive.extract.profile import PROFILE_VERSION
from archive.folder import ArchiveFolder
from archive.ingest import Ingest
from archive.locks import lock
from archive.model import ExtractorId
from archive.profiles import Profile, digest_of
from archive.reading import default_jobs, open_ingest
from archive.reextract.decided import PROMOTED, ROLLED_BACK, last_lines, spelled
from archive.reextract.extractor import Extractor
from archive.reextract.promotion import MOST_LOST, Promoter
from archive.reextract.reading import Done, How, read_all
from archive.reextract.report import Outcome, Report
from archive.reextract.wanted import Chosen, Wanted
from archive.reextract.work import batch_seconds
from archive.sources import load_sources
from archive.store import Store, stamp

OnPage = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What may be changed."""

    dry_run: bool = False
    promote: bool = True
    force: bool = False  # whatever is lost, and whoever rolled it back
    again: bool = False  # also what somebody rolled back
    most_lost: float = MOST_LOST  # share of a source's articles that may lose their text
    reason: str = "morgue reextract"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of reading an archive again."""

    done: Done
    sources: tuple[Report, ...]
    missing: tuple[MorgueError, ...] = ()  # profiles whose files are missing: pages were read without them
    stopped: bool = False  # told to stop: the next run goes on

    @property
    def refused(self) -> tuple[Report, ...]:
        """Sources whose promotion was refused, or would be."""
        return tuple(one for one in self.sources if one.outcome is Outcome.REFUSED or one.refusable)


class _TakenBackError(Exception):
    """Nothing is to be kept of what was tried; stays in this module."""


@dataclass(slots=True)
class _Work:
    """What the steps of one run share."""

    folder: ArchiveFolder
    ingest: Ingest
    clock: Clock
    rules: Rules
    how: How
    decided: dict[str, tuple[str, ExtractorId]] = field(default_factory=dict)  # source -> last line

    @property
    def store(self) -> Store:
        """The one writer."""
        return self.ingest.store

    def block(self) -> AbstractContextManager[None]:
        """Return a transaction; in a dry run a part of the one that is taken back at the end."""
        return _part(self.store) if self.rules.dry_run else self.store.transaction()


@contextmanager
def _part(store: Store) -> Iterator[None]:
    conn = store.db.conn
    conn.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        conn.execute("ROLLBACK TO part")
        conn.execute("RELEASE part")
        raise
    conn.execute("RELEASE part")


def reextract(
    folder: ArchiveFolder,
    wanted: Wanted,
    rules: Rules,
    *,
    clock: Clock,
    jobs: int | None = None,
    extractor: Extractor | None = None,
    executor: Executor | None = None,
    at: str | None = None,
    trial: Profile | None = None,
    on_page: OnPage = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Read captures again that this extractor has not read, and promote what was read, source by source.

    `executor`: who reads, with `jobs` calls at a time; worker processes of this machine where none is given. `at`: where its
    workers find the archive, if elsewhere: a folder, or a URL for fsspec. `trial`: a profile instead of those that
    hold, in a dry run. Interrupted, it goes on where it was; repeated, it changes nothing.

    Raises `LockHeldError`, `UsageError`.
    """
    if trial is not None and not rules.dry_run:
        raise UsageError("a profile can only be tried with --dry-run; `morgue learn` adopts what pages teach.")
    if trial is not None and trial.get("version") != PROFILE_VERSION:
        raise UsageError("this profile is of another version than extraction uses. Learn it again: `morgue learn`.")
    extractor = extractor or Extractor()
    if trial is not None:
        identity = extractor.identity
        extractor = replace(extractor, identity=replace(identity, config=f"{identity.config}+{digest_of(trial)[:16]}"))
    with ExitStack() as stack:
        work = _open(
            stack, folder, rules, clock=clock, jobs=jobs, extractor=extractor, executor=executor, at=at, trial=trial
        )
        if not rules.dry_run:
            return _run(work, wanted, on_page, stop)
        result: Result | None = None
        with contextlib.suppress(_TakenBackError), work.store.transaction():
            result = _run(work, wanted, on_page, stop)
            raise _TakenBackError
        if result is None:
            raise AssertionError("a dry run always has a result")
        return result


def _open(
    stack: ExitStack,
    folder: ArchiveFolder,
    rules: Rules,
    *,
    clock: Clock,
    jobs: int | None,
    extractor: Extractor,
    executor: Executor | None,
    at: str | None = None,
    trial: Profile | None = None,
    catching_up: bool = True,
) -> _Work:
    jobs = default_jobs() if jobs is None else jobs
    near = jobs if executor is None else default_jobs()  # what placing reads once more is read here
    stack.enter_context(lock(folder.archive_lock, rules.reason))
    ingest = stack.enter_context(
        open_ingest(folder, clock=clock, jobs=near, catching_up=catching_up and not rules.dry_run)
    )
    if executor is None:
        executor = stack.enter_context(ProcessExecutor(jobs, seconds=batch_seconds))
    how = How(
        extractor=extractor,
        executor=executor,
        jobs=jobs,
        shelf=folder.warc,
        profiles=str(folder.profiles.absolute()) if at is None else f"{at}/{folder.profiles.name}",
        at=at,
        trial=trial,
    )
    decided = last_lines(read_decisions(folder.decisions), ingest.reader.renamed)
    return _Work(folder, ingest, clock, rules, how, decided)


def _run(work: _Work, wanted: Wanted, on_page: OnPage, stop: Callable[[], bool]) -> Result:
    _check_names(work, wanted)
    chosen = Chosen(work.store, work.ingest.reader, work.how.extractor)
    with work.block():
        chosen.choose(wanted)
    reader = work.ingest.reader
    done = read_all(work.store, reader, chosen, work.how, committing=work.block, on_page=on_page, stop=stop)
    missing = tuple(reader.missing.values())
    if stop():
        return Result(done, (), missing, stopped=True)
    return Result(done, tuple(_promote_all(work, chosen)), missing)


def _check_names(work: _Work, wanted: Wanted) -> None:
    there = work.ingest.store.readings.articles_by_source()
    known = {*there, *(work.ingest.reader.renamed.get(name, name) for name in there)}
    known |= {source.name for source in load_sources(work.folder.sources).sources}
    for name in wanted.sources:
        if name not in known:
            raise UsageError(f"there is no source {name!r}. `morgue sources list` names those there are.")


def _promote_all(work: _Work, chosen: Chosen) -> Iterator[Report]:
    promoter = Promoter(work.store, work.ingest.reader, work.how)
    for source in chosen.sources():
        yield _promote_one(work, chosen, promoter, source)


def _promote_one(work: _Work, chosen: Chosen, promoter: Promoter, source: str) -> Report:
    rules, identity = work.rules, chosen.identity(source)
    report = Report(source=source, extractor=spelled(identity))
    if not rules.promote and not rules.dry_run:
        report.outcome, report.articles = Outcome.READ, promoter.live(source)
        return report
    last = work.store.promotions.last(work.ingest.reader.names_of(source), chosen.extractor(source))
    held = last is not None and last.rolled_back_at is not None and not (rules.force or rules.again)
    now = work.clock.now()
    with contextlib.suppress(_TakenBackError), work.block():
        promoter.promote(chosen, report, at=stamp(now))
        report.outcome = _outcome(report, rules, held=held)
        if report.outcome in (Outcome.HELD, Outcome.REFUSED, Outcome.UNCHANGED):
            raise _TakenBackError
        if report.outcome is Outcome.PROMOTED:
            _decide(work, PROMOTED, source, identity)
    return report


def _outcome(report: Report, rules: Rules, *, held: bool) -> Outcome:
    """Decide what becomes of a source whose promotion would change this."""
    refused = report.lost > report.articles * rules.most_lost and not rules.force
    if rules.dry_run:
        report.refusable = refused
        return Outcome.DRY
    if not report.captures:
        return Outcome.UNCHANGED
    if held:
        return Outcome.HELD
    return Outcome.REFUSED if refused else Outcome.PROMOTED


def _decide(work: _Work, kind: str, source: str, identity: ExtractorId) -> None:
    """Write a decision down, unless it stands there already: a kill came between the line and the rows."""
    data = {"source": source or None, "name": identity.name, "version": identity.version, "settings": identity.config}
    if work.decided.get(source) != (kind, identity):
        append_decision(work.folder.decisions, kind, data, at=work.clock.now(), reason=work.rules.reason)
        work.decided[source] = (kind, identity)


def promote(
    folder: ArchiveFolder,
    sources: tuple[str, ...],
    rules: Rules,
    *,
    clock: Clock,
    jobs: int | None = None,
    extractor: Extractor | None = None,
    executor: Executor | None = None,
    at: str | None = None,
) -> Result:
    """Promote what this extractor has read already, also where it was rolled back. Raises as `reextract`."""
    rules = replace(rules, again=True)
    with ExitStack() as stack:
        work = _open(
            stack, folder, rules, clock=clock, jobs=jobs, extractor=extractor or Extractor(), executor=executor, at=at
        )
        wanted = Wanted(sources=sources)
        _check_names(work, wanted)
        chosen = Chosen(work.store, work.ingest.reader, work.how.extractor)
        with work.block():
            chosen.choose(wanted)
        return Result(Done(), tuple(_promote_all(work, chosen)), tuple(work.ingest.reader.missing.values()))


def rollback(
    folder: ArchiveFolder, sources: tuple[str, ...], *, clock: Clock, reason: str = "morgue extractors rollback"
) -> Result:
    """Take back the last promotion of these sources, or of all that have one. Raises as `reextract`."""
    with ExitStack() as stack:
        rules = Rules(reason=reason)
        work = _open(stack, folder, rules, clock=clock, jobs=0, extractor=Extractor(), executor=None)
        _check_names(work, Wanted(sources=sources))
        reader = work.ingest.reader
        promoter = Promoter(work.store, reader)
        reports = []
        promoted = sorted({reader.renamed.get(name, name) for name in work.store.promotions.sources()})
        for source in sources or promoted:
            report = Report(source=source)
            last = work.store.promotions.last(reader.names_of(source))
            if last is not None:
                with work.store.transaction():
                    promoter.roll_back(last.pk, report, at=stamp(clock.now()))
                    _decide(work, ROLLED_BACK, source, last.extractor)
                report.extractor, report.outcome = spelled(last.extractor), Outcome.ROLLED_BACK
            reports.append(report)
        return Result(Done(), tuple(reports))
