"""All that one capture carries: from its headers, its markup, and the robots.txt that held when it was made.

Source for TDM: W3C Community Group, TDM Reservation Protocol, final report of 10 May 2024: field and meta names, the values 0
and 1, that markup goes before headers (`standing.py`). Its file /.well-known/tdmrep.json is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from archive.model import Signal
from archive.optout.preferences import forbids_anything, opts_out, preferences
from archive.optout.robots import UseRule, rules_for
from archive.optout.words import TOKEN, forbidden, moment

TDM = "tdm-reservation"
_POLICY = "tdm-policy"
_USAGE = "content-usage"
_ROBOTS_TAG = "x-robots-tag"
_HEADERS = frozenset({_ROBOTS_TAG, TDM, _POLICY, _USAGE})
_META = ("robots", TOKEN)
_MAX_VALUE = 500  # characters kept of a value


def of_headers(headers: Iterable[tuple[str, str]]) -> tuple[Signal, ...]:
    """Return what a response's headers ask, each kind once; () for most.

    >>> [(s.name, s.via) for s in of_headers([("X-Robots-Tag", "noarchive, otherbot: noindex"), ("TDM-Reservation", "1")])]
    [('noarchive', 'header:x-robots-tag'), ('tdm-reservation', 'header:tdm-reservation')]
    """
    said: dict[str, list[str]] = {}
    for name, value in headers:
        if (name := name.lower()) in _HEADERS:
            said.setdefault(name, []).append(value)
    if not said:
        return ()
    found = [*_words("header:x-robots-tag", said.get(_ROBOTS_TAG, ()), agents=True), *_tdm("header", said)]
    # A field that stands on several lines is one list (RFC 9110 section 5.3).
    found += _usage("header:content-usage", _USAGE, ",".join(said.get(_USAGE, ())))
    return _once(found)


def of_metas(metas: Mapping[str, Sequence[str]]) -> tuple[Signal, ...]:
    """Return what a page's meta elements ask, each kind once. `metas`: lower-case name -> contents in the page's order.

    >>> [(s.name, s.via) for s in of_metas({"robots": ["index, noarchive"], "viewport": ["width=device-width"]})]
    [('noarchive', 'meta:robots')]
    """
    found = [signal for name in _META for signal in _words(f"meta:{name}", metas.get(name, ()))]
    return _once([*found, *_tdm("meta", metas)])


def of_robots(rules: Iterable[UseRule], url: str) -> tuple[Signal, ...]:
    """Return what a robots.txt, read with `use_rules`, says of the use of the page at `url`."""
    return _once(
        signal for rule in rules_for(rules, url) for signal in _usage(f"robots.txt:{rule.kind}", rule.kind, rule.value)
    )


def _words(via: str, values: Iterable[str], *, agents: bool = False) -> Iterator[Signal]:
    for value in values:
        for name, written in forbidden(value, agents=agents):
            if name == "unavailable-after":  # a date that cannot be read forbids nothing that we could do
                start = moment(written)
                yield Signal(name=name, via=via, value=written, opts_out=start is not None, starts_at=start)
            else:
                yield Signal(name=name, via=via, value=written)


def _tdm(carrier: str, said: Mapping[str, Sequence[str]]) -> Iterator[Signal]:
    for value in said.get(TDM, ())[:1]:
        if (written := value.strip()) == "1":
            policy = next(iter(said.get(_POLICY, ())), "").strip()
            yield Signal(name=TDM, via=f"{carrier}:{TDM}", value=policy[:_MAX_VALUE] or written)
        elif written == "0" and carrier == "meta":  # it takes back what a header says
            yield Signal(name=TDM, via=f"{carrier}:{TDM}", value=written, opts_out=False)


def _usage(via: str, name: str, value: str) -> Iterator[Signal]:
    wanted = preferences(value[:_MAX_VALUE])
    if forbids_anything(wanted):
        yield Signal(name=name, via=via, value=value[:_MAX_VALUE], opts_out=opts_out(wanted))


def _once(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Return one signal of each name and place: what forbids before what does not, the earlier date before the later."""
    best: dict[tuple[str, str], Signal] = {}
    for signal in signals:
        key = (signal.name, signal.via)
        if key not in best or _weight(signal) < _weight(best[key]):
            best[key] = signal
    return tuple(best.values())


def _weight(signal: Signal) -> tuple[bool, str]:
    return not signal.opts_out, signal.starts_at or ""
