"""Broken pages through the extraction pool: nothing may crash, hang, or come back as what a database or JSON cannot hold.

Short in tests/test_extract_fuzz.py, long in scripts/check-long.d/extract-fuzz.py. A page is made of (seed, number) alone,
so that what was found can be made again.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import resource
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from archive.extract import ExtractionPool, ExtractTask, Page, to_json
from archive.extract.pool import TIMEOUT, run_task
from archive.model import DiscoveryFact, Extraction, Role, Via
from tests.extract_mutations import HEAVY, LABELS, LIGHT, run
from tests.extract_pages import StoredPage

HEAVY_SHARE = 0.04  # of the pages: they take seconds each
AHEAD = 16  # pages in the queue: some are megabytes
SLOW = 5.0  # seconds; slower pages are listed though they are within the pool's limit
_EDGES = (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))  # WARCs of machines without a clock
_SPENT, _PEAK = "fuzz-seconds", "fuzz-peak"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken page and how it was broken."""

    number: int
    page: Page
    recipe: str


@dataclass
class Findings:
    """What came back. Each entry is "number: what, recipe"."""

    pages: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    crashed: list[str] = field(default_factory=list)
    timeouts: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)  # JSON, UTF-8 or SQLite cannot hold it
    lost: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    peak: int = 0  # bytes of the largest worker

    @property
    def bad(self) -> bool:
        """Whether anything came back that must not. Timeouts are counted and listed: they are the limit at work."""
        return bool(self.crashed or self.raised or self.unfit or self.lost)


def mutant(seed: int, number: int, pages: Sequence[StoredPage], *, heavy: float = HEAVY_SHARE) -> Mutant:
    """Return the page of this seed and number; the same pages give the same."""
    chance = random.Random(f"{seed}:{number}")
    base, other = chance.choice(pages), chance.choice(pages)
    body, foreign = base.read(), other.read()
    chosen = [chance.choice(LIGHT) for _ in range(chance.choice((1, 1, 1, 2, 2, 3)))]
    if chance.random() < heavy:
        chosen[-1] = chance.choice(HEAVY)
    for mutation in chosen:
        body = mutation(chance, body, foreign)
    recipe = "+".join(m.__name__ for m in chosen)
    page = Page(
        url=_url(chance, base.url),
        body=body,
        headers=_headers(chance, base.content_type),
        captured_at=chance.choice((None, datetime(2021, 5, 12, tzinfo=UTC), *_EDGES)),
        facts=_facts(chance, base.url),
        role=chance.choice((None, Role.PAGE)),
        status=chance.choice((None, 200)),
        truncated=chance.random() < 0.1,
    )
    return Mutant(number, page, f"{recipe} of {base.url}, {len(body)} bytes")


def _url(chance: random.Random, url: str) -> str:
    if chance.random() < 0.85:
        return url
    tail = chance.choice(
        ("?a=" + run(chance, 3000), "/2021/99/99/x", "/%ff%00", "/" + "1/" * 900, "#\u3042", "/20210512")
    )
    return url + tail.encode("utf-8", "replace").decode()


def _headers(chance: random.Random, content_type: str) -> tuple[tuple[str, str], ...]:
    if chance.random() < 0.6:
        return (("Content-Type", content_type),)
    if chance.random() < 0.2:
        return (("Content-Type", run(chance, 500)), ("content-type", "text/html; charset="))
    return (("Content-Type", f"text/html; charset={chance.choice(LABELS)}"),)


def _facts(chance: random.Random, url: str) -> tuple[DiscoveryFact, ...]:
    if chance.random() < 0.9:
        return ()
    said = [run(chance, 2000).encode("utf-8", "replace").decode() for _ in range(3)]
    seen = datetime(2021, 5, 12, tzinfo=UTC) + timedelta(days=chance.randint(-9999, 9999))
    fact = DiscoveryFact(
        url=url, via=Via.FEED, found_on="", seen_at=seen, title=said[0], published=said[1], author=said[2]
    )
    return (fact,)


def timed(task: ExtractTask) -> Extraction:
    """Read a page as the pool does, and say what it took; runs in the worker."""
    _load()
    begun = time.monotonic()
    found = run_task(task)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    spent = {_SPENT: f"{time.monotonic() - begun:.2f}", _PEAK: str(peak)}
    return replace(found, provenance={**found.provenance, **spent})


@cache
def _load() -> None:
    """Read one page, so that loading libraries and models counts for none of those that are timed."""
    story = "The harbour board voted on Monday to rebuild the long pier that a storm tore in two last year."
    text = "".join(f"<p>{n}. {story}</p>" for n in range(4))  # the same paragraph twice is kept once
    run_task(ExtractTask(page=Page(url="https://a.example/news/1", body=text.encode())))


def unfit(url: str, extraction: Extraction, db: sqlite3.Connection) -> str | None:
    """Return what is wrong with a result as data, or None."""
    if extraction.article is (extraction.reason is not None):
        return "an article with a reason, or neither"
    try:
        whole = json.dumps(asdict(extraction), allow_nan=False, ensure_ascii=False)
        printed = json.dumps(to_json(url, extraction), allow_nan=False, ensure_ascii=False)
        whole.encode("utf-8")
        printed.encode("utf-8")
    except (ValueError, TypeError) as error:
        return f"JSON: {error!r}"[:300]
    if any("\0" in text for text in _strings(asdict(extraction))):
        return "a NUL: SQLite's own functions would end the text there"
    for name in ("title", "text", "markdown", "published", "description", "section", "image", "canonical"):
        value = getattr(extraction, name)
        if value is not None and not isinstance(value, str):
            return f"{name} is a {type(value).__name__}"
    try:
        row = (extraction.title, extraction.text, extraction.markdown, whole)
        kept = db.execute("SELECT ?, ?, ?, ?", row).fetchone()
        valid, size = db.execute("SELECT json_valid(?), length(?)", (whole, extraction.text)).fetchone()
    except (sqlite3.Error, ValueError, OverflowError) as error:
        return f"SQLite: {error!r}"[:300]
    if kept != row or not valid or size != (None if extraction.text is None else len(extraction.text)):
        return "SQLite gives back something else"
    if extraction.article and not (extraction.text or "").strip():
        return "an article without a text"
    return None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _strings(pair)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def mutants(seed: int, numbers: Sequence[int], pages: Sequence[StoredPage], heavy: float) -> Iterator[Mutant]:
    """Yield the pages of these numbers."""
    for number in numbers:
        yield mutant(seed, number, pages, heavy=heavy)


def fuzz(
    pages: Sequence[StoredPage],
    *,
    seed: int,
    numbers: Sequence[int],
    jobs: int = 2,
    heavy: float = HEAVY_SHARE,
    tell: Callable[[Findings], None] = lambda _: None,
) -> Findings:
    """Read broken pages through a pool with its own limits and judge what comes back."""
    findings = Findings()
    db = sqlite3.connect(":memory:")
    waiting: deque[tuple[Mutant, Future[Extraction]]] = deque()

    def judge() -> None:
        one, future = waiting.popleft()
        where = f"{one.number}: {one.recipe}"
        findings.pages += 1
        try:
            result = future.result(2 * TIMEOUT * (AHEAD + 1))
        except TimeoutError:
            findings.lost.append(where)
            return
        _count(findings, where, result)
        if wrong := unfit(one.page.url, result, db):
            findings.unfit.append(f"{where}: {wrong}")
        if findings.pages % 500 == 0:
            tell(findings)

    with ExtractionPool(jobs, work=timed) as pool:
        for one in mutants(seed, numbers, pages, heavy):
            waiting.append((one, pool.submit(ExtractTask(page=one.page))))
            if len(waiting) >= AHEAD:
                judge()
        while waiting:
            judge()
    findings.lost += [
        f"process {p.pid} is left" for p in multiprocessing.active_children() if p.name == "morgue-extract"
    ]
    db.close()
    return findings


def _count(findings: Findings, where: str, result: Extraction) -> None:
    reason = "article" if result.article else result.reason or "?"
    findings.reasons[reason] += 1
    findings.peak = max(findings.peak, int(result.provenance.get(_PEAK, "0")))
    spent = float(result.provenance.get(_SPENT, "0"))
    if spent > SLOW:
        findings.slow.append(f"{where}: {spent:.1f} s, {reason}")
    if reason in {"error-crashed", "error-no-worker"}:
        findings.crashed.append(f"{where}: {reason}")
    elif reason == "error-timeout":
        findings.timeouts.append(where)
    elif reason.startswith("error-") and reason != "error-page":
        findings.raised.append(f"{where}: {reason}")
