"""What is asked for so that a page looks like itself, and how much: `assets = "page"` in sources.toml. Without I/O.

What a page or a style sheet names is told by `archive.assets`. Here is what becomes of it: candidates for the frontier with
the role `asset`, as many as one page may have, and the limits that hold when their turn has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from archive.assets import Ref, by_need, is_style_sheet, needed_by
from archive.errors import PayloadError
from archive.model import Candidate, DiscoveryFact, Role, Via
from archive.payload import header
from archive.sources import Source
from crawler.consequences import Answer
from crawler.frontier import NOT_WANTED, PAGE_LIMIT, Lease

MAX_ASSETS = 150  # of one page, those that its style sheets name included
MAX_PAGE_BYTES = 32 * 2**20  # that one page's assets may have on the wire before no more of them are asked for
MAX_BYTES = 8 * 2**20  # of one asset on the wire; what came up to there is kept, marked as cut
MAX_RUN_ASSETS = 50_000  # exchanges of one run
MAX_RUN_BYTES = 4 * 2**30  # of one run
MAX_STEPS = 5  # redirects and imports between a page and what it shows
_OK = 200


@dataclass(slots=True)
class _OfPage:
    named: int = 0  # files, those of its style sheets included
    received: int = 0  # bytes


@dataclass(slots=True)
class Allowance:
    """What one run has asked for, and may still: remembered for the run alone, so that a later one may go on."""

    sources: Mapping[str, Source]
    exchanges: int = 0
    received: int = 0  # bytes
    _pages: dict[str, _OfPage] = field(default_factory=dict)

    @property
    def left(self) -> bool:
        """Whether any asset may be asked for in this run."""
        return self.exchanges < MAX_RUN_ASSETS and self.received < MAX_RUN_BYTES

    def wants(self, lease: Lease) -> bool:
        """Return whether what a lease's answer names is to be kept."""
        source = self.sources.get(lease.source)
        return source is not None and source.assets == "page" and lease.role in (Role.PAGE, Role.ASSET)

    def refusal(self, lease: Lease) -> str | None:
        """Return why a leased asset is not to be asked for, None if it is (or if it is none)."""
        if lease.role is not Role.ASSET:
            return None
        if not self.wants(lease):
            return NOT_WANTED
        return PAGE_LIMIT if self._of(page_of(lease)).received >= MAX_PAGE_BYTES else None

    def spent(self, lease: Lease, received: int) -> None:
        """Count an exchange of `received` bytes."""
        if lease.role is Role.ASSET:
            self.exchanges += 1
            self.received += received
            self._of(page_of(lease)).received += received

    def candidates(self, lease: Lease, answer: Answer) -> tuple[list[Candidate], str | None]:
        """Return what an answer's document needs to be shown, and what a person may want to know of it."""
        if answer.status != _OK or not answer.whole or lease.hops >= MAX_STEPS:
            return [], None
        said = header(answer.headers, "Content-Type") or ""
        if lease.role is Role.ASSET and not is_style_sheet(said):
            return [], None
        try:
            refs = needed_by(answer.body(), url=lease.url, content_type=said)
        except PayloadError:
            return [], None  # told already
        if answer.dom is not None:
            refs += needed_by(answer.dom, url=lease.url, content_type="text/html; charset=utf-8")
        return self._some(lease, refs, answer.at)

    def _some(self, lease: Lease, refs: tuple[Ref, ...], at: datetime) -> tuple[list[Candidate], str | None]:
        page = page_of(lease)
        of_page, taken = self._of(page), list[Candidate]()
        for ref in by_need(refs):
            if ref.url == lease.url:
                continue
            if of_page.named >= MAX_ASSETS:
                return taken, f"names more than {MAX_ASSETS} files to be shown with: the rest is not asked for"
            of_page.named += 1
            fact = DiscoveryFact(url=ref.url, via=Via.ASSET, found_on=page, seen_at=at)
            hops = lease.hops + 1 if lease.role is Role.ASSET else 0
            taken.append(Candidate(fact=fact, role=Role.ASSET, source=lease.source, hops=hops))
        return taken, None

    def _of(self, page: str) -> _OfPage:
        return self._pages.setdefault(page, _OfPage())


def page_of(lease: Lease) -> str:
    """Return the address of the page that a lease is for."""
    if lease.role is not Role.ASSET:
        return lease.url
    return next((fact.found_on for fact in lease.facts if fact.via is Via.ASSET and fact.found_on), lease.url)
