"""Learning: what a source's pages teach of its furniture, adopted, and its earlier pages read again with it.

A source's first profile holds for all its captures: they are read again. Later ones hold from their adoption on, unless
they are adopted for all. In one transaction the captures are read again and looked at; then the profile's file and the
line of decisions.jsonl are written, and the transaction is committed. A kill before the line leaves everything as it was;
one after it is caught up with by the next ingest (`archive.rereading`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field

from archive.clock import Clock
from archive.errors import MorgueError, ProfileError, ShelfError
from archive.extract.profile import PROFILE_VERSION, learn
from archive.folder import ArchiveFolder
from archive.ingest import Ingest
from archive.profiles import Adoption, Profile, adopt, digest_of, save_profile
from archive.rereading import OutOfTimeError, note_carried_out, read_again, snapshot_of

MOST_PAGES = 60  # of one source; forty are enough, and a few of them will teach nothing
FIRST_AT = 5  # articles: one to four sibling pages give most of what there is to learn
_AGAIN_AFTER = 200  # new articles …
_AGAIN_TIMES = 2  # … or as many times the articles of the last time
_MOST_EMPTIED = 0.05  # share of a source's articles
_AHEAD = 8  # pages that workers have or will have next

Lesson = Mapping[str, object]


class _TurnedDownError(Exception):
    """Nothing is to be kept of what was tried; stays in this module."""


@dataclass(slots=True, kw_only=True)
class Learned:
    """What came of learning from one source."""

    source: str
    outcome: str  # adopted, unchanged, too-few-pages, refused, dry-run
    pages: int = 0  # that taught something
    sizes: dict[str, int] = field(default_factory=dict)  # what the profile holds: lines, blocks …
    profile: str | None = None  # digest
    holds: str | None = None  # for "all" captures, or "from" now on
    articles: int = 0
    read_again: int = 0  # captures
    changed: int = 0  # articles with another title or text
    emptied: int = 0  # articles that would have no text any more

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How to learn."""

    all_captures: bool = False  # adopt for earlier captures too
    dry_run: bool = False
    force: bool = False  # however many articles lose their text
    reason: str = "learned from its pages"


class Learning:
    """Learns from the sources of one archive, through an open ingest (the caller holds archive.lock)."""

    def __init__(
        self,
        folder: ArchiveFolder,
        ingest: Ingest,
        clock: Clock,
        *,
        stop: Callable[[], bool] = lambda: False,
        on_page: Callable[[], None] = lambda: None,
    ) -> None:
        """`stop()`: give up what is not adopted yet. `on_page()` is called for each page that was read."""
        self._folder = folder
        self._store = ingest.store
        self._reader = ingest.reader
        self._report = ingest.report
        self._clock = clock
        self._on_page = on_page
        self._told_to_stop = stop

    def _stop(self) -> bool:
        """Tell between two pages whether to give up."""
        self._on_page()
        return self._told_to_stop()

    def articles(self) -> dict[str, int]:
        """Return how many articles each source has, by its present name."""
        counts: dict[str, int] = {}
        for name, count in self._store.readings.articles_by_source().items():
            present = self._reader.renamed.get(name, name)
            counts[present] = counts.get(present, 0) + count
        return counts

    def due(self) -> list[str]:
        """Return the sources that have enough new pages, in the order of their names."""
        tried = self._store.readings.learned()
        return [name for name, count in sorted(self.articles().items()) if self._is_due(name, count, tried.get(name))]

    def _is_due(self, source: str, articles: int, tried: tuple[int, int] | None) -> bool:
        adopted = self._reader.profiles.of(source)
        then = max(adopted[-1].articles if adopted else 0, tried[0] if tried else 0)
        if articles < FIRST_AT:
            return False
        if tried is None and (not adopted or self._is_outdated(adopted[-1])):  # never, or before this database was made
            return True
        if tried is not None and tried[1] != PROFILE_VERSION:
            return True
        return articles >= min(max(then, 1) * _AGAIN_TIMES, then + _AGAIN_AFTER)

    def _is_outdated(self, adoption: Adoption) -> bool:
        """Tell whether a profile is of another version than extraction uses. A file that is missing is told elsewhere."""
        try:
            return self._reader.profiles.load(adoption.digest)["version"] != PROFILE_VERSION
        except ProfileError:
            return False

    def learn_due(self, sources: Sequence[str] | None = None) -> None:
        """Learn from the sources that are due. What goes wrong is told in the report, and is never fatal."""
        for source in self.due() if sources is None else sources:
            try:
                learned = self.learn(source, How())
            except OutOfTimeError:
                return  # the next ingest does it
            except Exception as error:  # noqa: BLE001 - a crawl's pages are in; that a source taught nothing is no reason to fail
                why = str(error) if isinstance(error, MorgueError) else f"{type(error).__name__}: {error}"
                self._report.not_learned.append(f"{source}: {why}")
                continue
            if learned.outcome == "refused":
                self._report.not_learned.append(refusal(learned))
            elif learned.outcome == "adopted":
                self._report.learned.append(learned.as_json())

    def learn(self, source: str, how: How) -> Learned:
        """Learn from one source, by its present name, and adopt what it teaches.

        Raises `OutOfTimeError`, `DecisionsError`, `DatabaseError`.
        """
        articles = self.articles().get(source, 0)
        lessons = self._lessons(source)
        profile = learn(lessons)
        learned = Learned(source=source, outcome="too-few-pages", pages=len(lessons), articles=articles)
        if profile is None:
            self._note_tried(source, articles, how)
            return learned
        learned.sizes = sizes_of(profile)
        learned.profile = digest_of(profile)
        known = self._reader.profiles.of(source)
        same = bool(known) and known[-1].digest == learned.profile
        for_all = how.all_captures or not known or (same and known[-1].start is None)
        lost = (
            learned.profile in self._reader.missing
        )  # what was lost is written anew, and the captures are read with it
        if same and not lost and (known[-1].start is None or not how.all_captures):
            learned.outcome = "unchanged"
            self._note_tried(source, articles, how)
            return learned
        now = self._clock.now()
        learned.holds = "all" if for_all else "from"
        adoption = Adoption(
            source=source,
            digest=learned.profile,
            start=None if learned.holds == "all" else now,
            at=now,
            articles=articles,
        )
        learned.outcome = self._adopt(adoption, profile, learned, how)
        if learned.outcome == "refused":
            self._note_tried(source, articles, how)
        return learned

    def _lessons(self, source: str) -> list[Lesson]:
        """Return what a source's pages teach, each made by a worker from the page as it was sent."""
        found: list[Lesson] = []
        ahead: deque[Future[Mapping[str, object] | None]] = deque()

        def take() -> None:
            if self._stop():
                raise OutOfTimeError
            if (lesson := ahead.popleft().result()) is not None:
                found.append(lesson)

        for stored in self._store.readings.teachers(self._reader.names_of(source), MOST_PAGES):
            try:
                snapshot = snapshot_of(self._reader, stored)
            except ShelfError:  # its file was taken away or is damaged
                continue
            ahead.append(self._reader.teach(snapshot, self._reader.facts(snapshot)))
            if len(ahead) > _AHEAD:
                take()
        while ahead:
            take()
        return found

    def _adopt(self, adoption: Adoption, profile: Profile, learned: Learned, how: How) -> str:
        """Read again what the profile holds for, and keep it unless it is too bad. Returns the outcome."""
        before = self._reader.profiles
        self._reader.missing.pop(adoption.digest, None)
        self._reader.profiles = before.with_adoption(adoption, profile)
        try:
            with self._store.transaction():
                self._try(adoption, learned, how)
                save_profile(self._folder.profiles, profile)
                adopt(self._folder.decisions, adoption, reason=how.reason)
        except _TurnedDownError as turned_down:
            self._reader.profiles = before
            return str(turned_down)
        except BaseException:
            self._reader.profiles = before
            raise
        return "adopted"

    def _try(self, adoption: Adoption, learned: Learned, how: How) -> None:
        """Write into the database what the adoption changes, and count it. Raises `_TurnedDownError`."""
        rows = self._store.readings
        live = rows.live_articles(self._reader.names_of(adoption.source))
        changes = read_again(
            self._store,
            self._reader,
            adoption.source,
            since=adoption.start,
            stop=self._stop,
            keep=how.all_captures,  # a source's first profile belongs to its first reading
        )
        learned.read_again = changes.captures
        learned.changed = len(changes.changed)
        learned.emptied = rows.hidden(changes.withdrawn)
        if learned.emptied > live * _MOST_EMPTIED and not how.force:
            raise _TurnedDownError("refused")
        if how.dry_run:
            raise _TurnedDownError("dry-run")
        note_carried_out(self._store, self._reader, adoption.source)
        rows.set_learned(adoption.source, adoption.articles, PROFILE_VERSION)

    def _note_tried(self, source: str, articles: int, how: How) -> None:
        if not how.dry_run:
            with self._store.transaction():
                self._store.readings.set_learned(source, articles, PROFILE_VERSION)


def sizes_of(profile: Profile) -> dict[str, int]:
    """Return how much a profile holds, by kind: lines that stand on several pages, places that do.

    >>> sizes_of({"version": 2, "urls": ["0a", "1b"], "lines": {"0a": 1, "1b": -2}, "places": {"2c": [2, 90, 80]}})
    {'lines': 1, 'places': 1}
    """
    lines, places = profile.get("lines"), profile.get("places")
    recurring = sum(value < 0 for value in lines.values()) if isinstance(lines, dict) else 0
    return {"lines": recurring, "places": len(places) if isinstance(places, dict) else 0}


def refusal(learned: Learned) -> str:
    """Return the sentence for a profile that was not adopted."""
    return (
        f"{learned.source}: {learned.emptied:,} of {learned.articles:,} articles would have no text any more with what its "
        "pages teach, so it was not adopted. `morgue learn --dry-run` shows the figures, `morgue learn --force` adopts it."
    )
