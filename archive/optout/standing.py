"""What holds for an article: decided from the newest whole capture that shows it.

So a site that asks to be left out is, and one that takes that back is free again, also what was captured in between: the
newest word of the owner is the owner's word. Older captures cannot decide, or a mistake of one day would hold for ever.

- Captures of the article's own address go before those of its other spellings: print and AMP pages say noindex because they are
  doubles, not because the article is to go.
- A page that came cut off decides only where none came whole: what it asks may stand in the part that is missing.
- A 304 sends no more headers than a cache needs (RFC 9110 section 15.4.5). What the last full answer said goes on, and what the
  304 itself says counts as well. A revisit with the headers of a 200 says anew what headers say; its markup is the old one's.
- A meta element about TDM goes before the header (TDM Reservation Protocol, section "TDM metadata in HTML content").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from archive.model import Signal
from archive.optout.signals import TDM


class Kind(StrEnum):
    """What one capture tells anew."""

    PAGE = "page"  # all: headers and markup
    HEADERS = "headers"  # a revisit with the head of a 200
    NOTHING = "nothing"  # a 304, or a revisit without a head: only what it says itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One capture that shows an article, with what it asks."""

    capture: int
    kind: Kind
    own: bool  # of the article's own address
    whole: bool  # not cut off
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An article's opt-out."""

    capture: int  # that decided
    signals: tuple[Signal, ...]  # that opt out
    from_at: str | None  # UTC, sorts as text; None: it holds already


def standing(sightings: Sequence[Sighting]) -> Standing | None:
    """Return what holds for an article with these captures, newest first; None if nothing opts it out."""
    whole = [one for one in sightings if one.whole] or list(sightings)
    decisive = [
        one for one in whole if one.own and any(other.own and other.kind is Kind.PAGE for other in whole)
    ] or whole
    if not decisive:
        return None
    newest = decisive[0]
    signals = list(newest.signals)
    if newest.kind is Kind.NOTHING:
        signals += _of(next((one for one in decisive if one.kind is not Kind.NOTHING), None), "header:")
    if newest.kind is not Kind.PAGE:
        signals += _of(next((one for one in decisive if one.kind is Kind.PAGE), None), "meta:")
    chosen = opting(signals)
    if not chosen:
        return None
    at_once = any(signal.starts_at is None for signal in chosen)
    starts = [signal.starts_at for signal in chosen if signal.starts_at is not None]
    return Standing(capture=newest.capture, signals=tuple(chosen), from_at=None if at_once else min(starts))


def opting(signals: Iterable[Signal], *, at: str | None = None) -> list[Signal]:
    """Return those signals that opt out, each name and place once; with `at` (UTC, sorts as text) those that hold then."""
    once = {(signal.name, signal.via): signal for signal in reversed(list(signals))}
    markup = f"meta:{TDM}" in {via for _, via in once}
    return [
        signal
        for signal in sorted(once.values(), key=lambda signal: (signal.name, signal.via))
        if signal.opts_out
        and not (markup and signal.via == f"header:{TDM}")
        and (at is None or signal.starts_at is None or signal.starts_at <= at)
    ]


def _of(sighting: Sighting | None, carrier: str) -> list[Signal]:
    return [] if sighting is None else [signal for signal in sighting.signals if signal.via.startswith(carrier)]
