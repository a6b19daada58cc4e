"""A takedown from lock to log: in which order it is done, and what a run after a kill does again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from archive.backup.registry import Held, holding, takedowns_about
from archive.clock import Clock
from archive.console import Progress
from archive.decisions import Decision, append_decision, read_decisions
from archive.errors import QueryError, ShelfError, UnfinishedTakedownError, UrlError, UsageError
from archive.folder import ArchiveFolder
from archive.imported import imported_files, sha256_of
from archive.ingest import Ingest
from archive.locks import TAKEDOWN as PURPOSE
from archive.locks import UNFINISHED, lock
from archive.reading import open_ingest, take_reports, unread
from archive.scrub import scrub
from archive.takedown.gone import Gone
from archive.takedown.log import hashes_of_article, write_log
from archive.takedown.pending import MERGED, Pending, clear_pending, load_pending
from archive.takedown.reports import clean_reports
from archive.takedown.rewrite import PART, rewrite
from archive.takedown.rows import follow, in_place_holding, rows_of, settle
from archive.takedown.survey import Act, Change, Place, Plan, Survey
from archive.takedown.target import Target, gone_of, host_named, resolve
from archive.tombstones import TAKEDOWN, host_hash, key_hash
from archive.tombstones.hashes import hashes_of
from archive.urls import url_key
from archive.warc import RawReader, RawRecord, find_warc, shelf_name, warc_files

_MOST_ROUNDS = (
    6  # of a survey and what it asks for: one, one after revisits got their bodies; further ones should not be needed
)
_MOST_HOPS = 30  # of a redirect chain
_SUFFIXES = ("", "-wal", "-shm")

# The part of it in crawl.db, which is the crawler's: (what is to go, URLs whose validators go, file -> bytes, None for one that
# is gone) -> rows that went
FrontierPart = Callable[[Gone, Sequence[str], Mapping[str, int | None]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for."""

    name: str  # URL, article id or host
    reason: str
    reference: str | None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenDown:
    """What a takedown did, or would do."""

    scope: str
    articles: tuple[str, ...]  # public ids
    hashes: tuple[str, ...]
    records: Mapping[str, int]  # what became of them -> how many
    redacted: tuple[str, ...]  # URLs of listings
    files: tuple[str, ...]  # WARC files that were changed
    quoting: Mapping[str, str]  # other articles (ids, or URLs) that stay -> why they are named
    unread: tuple[str, ...]  # records that could not be looked into
    in_place: tuple[str, ...]  # files that were imported in place and hold it: not changed
    backups: tuple[Held, ...]  # places of backups that still hold it
    log: str | None  # file below reports/
    known: bool  # it had been taken down before
    dry_run: bool
    finished: bool = False  # another takedown that was interrupted was finished first

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)


def take_down(
    folder: ArchiveFolder,
    request: Request,
    *,
    clock: Clock,
    jobs: int | None,
    progress: Progress,
    frontier: FrontierPart | None = None,
) -> TakenDown:
    """Take something down, or finish what a kill interrupted. `frontier`: what is done in crawl.db.

    Raises `LockHeldError`, `UrlError`, `UsageError`, `QueryError` for an id that no article has, `ShelfError`,
    `DatabaseError`; after one of the last two the same command goes on where it was.
    """
    with ExitStack() as stack:
        stack.enter_context(lock(folder.crawl_lock, PURPOSE))
        stack.enter_context(lock(folder.archive_lock, PURPOSE))
        stack.enter_context(
            lock(folder.backup_lock, PURPOSE)
        )  # a backup would copy some files as they were, some as they are
        work = _Work(folder, clock, jobs, progress, frontier)
        before = load_pending(folder.root)
        if before is not None:
            if request.dry_run:
                raise UnfinishedTakedownError(folder.root / UNFINISHED)
            done = work.finish(before)
            if _is_same(request, before):
                return done
        done = work.do(request)
        return replace(done, finished=before is not None)


def finish_takedown(
    folder: ArchiveFolder,
    *,
    clock: Clock,
    jobs: int | None,
    progress: Progress,
    frontier: FrontierPart | None = None,
) -> bool:
    """Finish a takedown that a kill interrupted, if there is one; the caller holds all locks. Raises as `take_down`."""
    before = load_pending(folder.root)
    if before is not None:
        _Work(folder, clock, jobs, progress, frontier).finish(before)
    return before is not None


def clean_merged(
    folder: ArchiveFolder,
    pending: Pending,
    names: Collection[str],
    *,
    rows: bool,
    clock: Clock,
    jobs: int | None,
    progress: Progress,
    frontier: FrontierPart | None = None,
) -> None:
    """Take out of these WARC files what was taken down; `pending` (scope `MERGED`) is on the disk since before they came.

    `rows`: something of it may have been here before; every file is to be among `names` then. The caller holds all locks.
    Raises as `take_down`; after a kill `finish_takedown` does the rest.
    """
    _Work(folder, clock, jobs, progress, frontier).clean(pending, names, rows=rows)


def _is_same(request: Request, pending: Pending) -> bool:
    """Say whether a takedown is the one that was interrupted."""
    if request.name in pending.articles or request.name in pending.urls:
        return True
    with suppress(UrlError, UsageError):
        if "://" in request.name:
            return key_hash(url_key(request.name)) in pending.hashes
        return pending.scope == "host" and host_hash(host_named(request.name)) in pending.hashes
    return False


@dataclass(slots=True)
class _Work:
    folder: ArchiveFolder
    clock: Clock
    jobs: int | None
    progress: Progress
    frontier: FrontierPart | None
    looked: int = field(default=0)

    def do(self, request: Request) -> TakenDown:
        """Do one takedown from its beginning."""
        folder = self.folder
        with open_ingest(folder, clock=self.clock, jobs=self.jobs, catching_up=not request.dry_run) as ingest:
            if not request.dry_run:
                ingest.files(unread(folder, ingest.store))  # what nobody has read yet nobody can find
                take_reports(folder, ingest.store)
            conn = ingest.store.db.conn
            target, gone = self._named(conn, request.name)
            gone, plan = self._planned(gone, ingest)
            in_place = sorted({*in_place_holding(conn, gone), *self._in_place(gone, ingest)})
        decisions = read_decisions(folder.decisions)
        lines = [line for line in decisions if line.kind == TAKEDOWN]
        known = set(gone.hashes) <= {one for line in lines for one in hashes_of(line)}
        pending = Pending(
            scope=gone.scope,
            hashes=list(gone.hashes),
            urls=list(gone.urls),
            titles=list(gone.titles),
            phrases=sorted(gone.phrases),
            reason=request.reason,
            reference=request.reference,
            at=self.clock.now().isoformat(),
            articles=sorted(target.articles.values()),
            quoting=dict(plan.quoting),
            in_place=in_place,
        )
        _note(pending, plan)
        if request.dry_run:
            return _told(pending, plan, self._backups(pending), files=sorted(plan.changes), known=known, dry_run=True)
        pending.save(folder.root)
        return self.finish(pending, known=known, plan=plan)

    def _named(self, conn: sqlite3.Connection, name: str) -> tuple[Target, Gone]:
        """Return what was named. An article that was taken down before is known by the log alone."""
        try:
            target = resolve(conn, name)
            return target, gone_of(conn, target)
        except QueryError:
            hashes = hashes_of_article(self.folder.reports, name)
            if not hashes:
                raise
            return Target("article"), Gone(scope="article", hashes=hashes)

    def _backups(self, pending: Pending) -> tuple[Held, ...]:
        """Return the places of backups that hold it, or will when this is done."""
        decisions = read_decisions(self.folder.decisions)
        about = takedowns_about(decisions, pending.hashes, pending.urls)
        coming = pending.found and not any(one.at == pending.moment for one in about)
        return tuple(holding(decisions, about, coming=coming))

    def finish(self, pending: Pending, *, known: bool = False, plan: Plan | None = None) -> TakenDown:
        """Do all that is left of a takedown; each step may have been done before. `plan`: of this moment."""
        folder, gone = self.folder, pending.gone
        decisions = self._write_down(pending)
        self._sweep()
        with open_ingest(folder, clock=self.clock, jobs=self.jobs, catching_up=False) as ingest:
            ingest.store.db.conn.execute("PRAGMA secure_delete = ON")
            if pending.files:  # a kill came: rows and files may not fit each other
                follow(ingest.store, self._places(pending))
            plan = self._clean_shelf(pending, ingest, plan)
            settle(ingest.store, gone, self._places(pending), decisions)
            report = ingest.files(unread(folder, ingest.store))
            if report.new + report.revisions + report.unchanged + report.gone:
                with ingest.store.transaction():
                    ingest.store.restory(decisions)
        clean_reports(folder.reports, gone.tells)
        if self.frontier is not None:
            self.frontier(gone, pending.validators, self._lengths(pending))
        scrub(folder.archive_db)
        log = write_log(folder, pending, clock=self.clock)
        clear_pending(folder.root)
        return _told(pending, plan, self._backups(pending), files=sorted(pending.files), known=known, log=log)

    def clean(self, pending: Pending, names: Collection[str], *, rows: bool) -> None:
        """Do it for these files alone, which archives that become one with this have brought; `rows`: and for all rows.

        The caller ingests them, and places everything again.
        """
        folder, gone = self.folder, pending.gone
        decisions = self._write_down(pending)
        if rows:
            self._sweep()
        with open_ingest(folder, clock=self.clock, jobs=self.jobs, catching_up=False) as ingest:
            conn = ingest.store.db.conn
            conn.execute("PRAGMA secure_delete = ON")
            self._clean_shelf(pending, ingest, self._survey(gone, ingest, names))
            known = {name for (name,) in conn.execute("SELECT name FROM warcs")}
            if rows or known & pending.files.keys():
                settle(ingest.store, gone, self._places(pending), decisions)
        clean_reports(folder.reports, gone.tells)
        if self.frontier is not None:
            self.frontier(gone, pending.validators, self._lengths(pending))
        if rows:
            scrub(folder.archive_db)
        if pending.files:
            write_log(folder, pending, clock=self.clock)
        clear_pending(folder.root)

    # the shelf

    def _files(self) -> dict[str, Path]:
        return {shelf_name(path, self.folder.warc): path for path in warc_files(self.folder.warc)}

    def _survey(self, gone: Gone, ingest: Ingest, names: Collection[str] | None = None) -> Plan:
        survey = Survey(gone)
        files = {name: path for name, path in self._files().items() if names is None or name in names}
        for number, (name, path) in enumerate(files.items()):
            rows = rows_of(ingest.store.db.conn, name)
            survey.look(path, name, rows.get)
            self.progress.update(survey.plan.records, (number + 1) / len(files))
        return survey.settled()

    def _in_place(self, gone: Gone, ingest: Ingest) -> list[str]:
        """Return the files imported in place that hold something of it, also what no row tells of. None is changed."""
        found = []
        for name, file in imported_files(read_decisions(self.folder.decisions)).items():
            if file.in_place and file.path.is_file():
                survey = Survey(gone)
                with suppress(ShelfError):  # what cannot be read as a whole, rows tell of
                    survey.look(file.path, name, rows_of(ingest.store.db.conn, name).get)
                if any(survey.settled().changes.values()):
                    found.append(str(file.path))
        return found

    def _planned(self, gone: Gone, ingest: Ingest) -> tuple[Gone, Plan]:
        """Return the plan, and what is to go with the addresses added that only lead to it."""
        plan = self._survey(gone, ingest)
        for _ in range(_MOST_HOPS):
            leading = [url for url in plan.redirects if not gone.covers(url) and not _is_needed(ingest, url)]
            if not leading:
                break
            more = {key_hash(url_key(url)) for url in leading}
            gone = replace(
                gone, hashes=tuple(sorted({*gone.hashes, *more})), urls=tuple(sorted({*gone.urls, *leading}))
            )
            plan = self._survey(gone, ingest)
        return gone, plan

    def _clean_shelf(self, pending: Pending, ingest: Ingest, plan: Plan | None) -> Plan:
        """Rewrite files until nothing is left to change. Revisits get their bodies before anything is dropped."""
        plan = first = plan or self._survey(pending.gone, ingest)
        for _ in range(_MOST_ROUNDS):
            bodies = plan.bodies_only()
            todo = bodies or plan.changes
            if not any(todo.values()):
                return first
            _note(pending, plan)
            for name, changes in todo.items():
                self._rewrite(pending, name, changes)
            # offsets have moved: the next look must know which capture is which
            follow(ingest.store, self._places(pending))
            plan = self._survey(pending.gone, ingest, None if bodies else todo.keys())
        raise ShelfError(
            "the WARC files still hold what was to go after they were written anew. Nothing was lost. Run `morgue takedown` "
            "again."
        )

    def _rewrite(self, pending: Pending, name: str, changes: Mapping[int, Change]) -> None:
        path = find_warc(self.folder.warc, name)
        before = {"size": path.stat().st_size, "sha256": sha256_of(path)}

        def about_to_replace() -> None:
            pending.files.setdefault(name, {"before": before})
            pending.save(self.folder.root)

        done = rewrite(path, changes, pending.gone, record_at=self._record_at, before_replacing=about_to_replace)
        after = {"size": done.size, "sha256": sha256_of(path) if done.size else None}
        pending.files[name]["after"] = after

    def _record_at(self, place: Place) -> RawRecord:
        with RawReader(find_warc(self.folder.warc, place.name)) as reader:
            record = reader.read_at(place.offset)
        if record is None:
            raise ShelfError(f"the record at {place.name}:{place.offset} cannot be read. Run `morgue takedown` again.")
        return record

    def _places(self, pending: Pending) -> dict[str, Path | None]:
        files = self._files()
        return {name: files.get(name) for name in pending.files}

    def _lengths(self, pending: Pending) -> dict[str, int | None]:
        places = self._places(pending).items()
        return {name: None if path is None else path.stat().st_size for name, path in places}

    # beside it

    def _write_down(self, pending: Pending) -> tuple[Decision, ...]:
        """Write the line of decisions.jsonl, once; a further one only if there was something to remove again."""
        path = self.folder.decisions
        found = pending.found
        line = {"scope": pending.scope, "hashes": pending.hashes, "reference": pending.reference, "found": found}
        if pending.scope == MERGED:  # the lines that say it are those of the archives that decided it
            told = {one for line in read_decisions(path) if line.kind == TAKEDOWN for one in hashes_of(line)}
            if set(pending.hashes) <= told:
                return read_decisions(path)
        said = [
            one
            for one in read_decisions(path)
            if one.kind == TAKEDOWN
            and set(pending.hashes) <= set(hashes_of(one))
            and (not found or one.at == pending.moment)
        ]
        if not said:
            append_decision(path, TAKEDOWN, line, at=pending.moment, reason=pending.reason)
        return read_decisions(path)

    def _sweep(self) -> None:
        """Remove what killed runs left unfinished: it may hold anything."""
        for database in ("archive.db.rebuild", "crawl.db.rebuild"):
            for suffix in _SUFFIXES:
                (self.folder.root / f"{database}{suffix}").unlink(missing_ok=True)
        for pattern in ("*.db.damaged-*", ".backup-*"):  # beside a database that fsck made anew; of a killed backup
            for path in self.folder.root.glob(pattern):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        for below in (self.folder.warc, self.folder.warc / "imported"):
            for pattern in (f"*{PART}", "*.part", "*.merging"):
                for path in below.glob(pattern):
                    path.unlink(missing_ok=True)
        for path in self.folder.reports.glob("*.part"):
            path.unlink(missing_ok=True)


def _is_needed(ingest: Ingest, url: str) -> bool:
    """Say whether a page that leads to it is more than that: a front page, or one that once had something to say."""
    try:
        key = url_key(url)
    except UrlError:
        return True
    if key.find("/") == len(key) - 1:
        return True
    rows = ingest.store.db.conn.execute(
        "SELECT 1 FROM captures WHERE url_key = ? AND (status = 200 OR"
        " role IN ('home', 'section', 'feed', 'sitemap', 'robots')) LIMIT 1",
        (key,),
    )
    return rows.fetchone() is not None


def _note(pending: Pending, plan: Plan) -> None:
    """Add what a plan does to the note: the log tells it, and crawl.db forgets the validators."""
    counts = {act.name.lower(): plan.count(act) for act in Act}
    for name, number in counts.items():
        pending.removed[name] = max(pending.removed.get(name, 0), number)
    pending.redacted = sorted({*pending.redacted, *plan.urls(Act.REDACT)})
    pending.validators = sorted({*pending.validators, *plan.urls(Act.REDACT), *plan.urls(Act.DROP)})
    digests = {c.digest for each in plan.changes.values() for c in each.values() if c.digest}
    pending.digests = sorted({*pending.digests, *digests})
    pending.quoting = {**plan.quoting, **pending.quoting}


def _told(
    pending: Pending,
    plan: Plan,
    backups: tuple[Held, ...],
    *,
    files: Sequence[str],
    known: bool,
    log: str | None = None,
    dry_run: bool = False,
) -> TakenDown:
    return TakenDown(
        scope=pending.scope,
        articles=tuple(pending.articles),
        hashes=tuple(pending.hashes),
        records={name: number for name, number in pending.removed.items() if number},
        redacted=tuple(pending.redacted),
        files=tuple(files),
        quoting=dict(sorted(pending.quoting.items())),
        unread=tuple(f"{error.path}:{error.offset} ({error.why})" for error in plan.unread),
        in_place=tuple(pending.in_place),
        backups=backups,
        log=log,
        known=known,
        dry_run=dry_run,
    )
