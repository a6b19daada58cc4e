"""Playwright and Chromium: are they there, and does the browser start."""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from archive.doctor.examine import Place
from archive.doctor.finding import Finding, note, ok, wrong
from archive.errors import MorgueError
from archive.sources import load_sources
from crawler.rendering.browser import Browser, BrowserError, find_chromium

START_SECONDS = 20.0
_INSTALL = "sudo apt-get install chromium"
_EXTRA = "python3 -m pip install 'newsmorgue[render]'"


@dataclass(frozen=True, slots=True)
class Rendering:
    """What there is for rendering pages."""

    playwright: str | None  # its version; None: not installed
    chromium: str | None  # path; None: none found
    missing: str = ""  # why none was found
    started: str = ""  # name and version of what started
    fault: str = ""  # why it did not start
    wanted_by: tuple[str, ...] = ()  # names of sources with render = true


def observe(environ: Mapping[str, str], place: Place | None) -> Rendering:
    """Look for both, and start the browser if both are there; it is ended again."""
    wanted = _wanted(place)
    try:
        playwright = importlib.metadata.version("playwright")
    except importlib.metadata.PackageNotFoundError:
        playwright = None
    try:
        chromium = find_chromium(environ)
    except BrowserError as error:
        return Rendering(playwright, None, str(error), wanted_by=wanted)
    if playwright is None:
        return Rendering(None, chromium, wanted_by=wanted)
    try:
        started = asyncio.run(asyncio.wait_for(_start(environ), START_SECONDS))
    except BrowserError as error:
        return Rendering(playwright, chromium, fault=str(error), wanted_by=wanted)
    except TimeoutError:
        late = f"{chromium} did not start within {START_SECONDS:g} seconds"
        return Rendering(playwright, chromium, fault=late, wanted_by=wanted)
    return Rendering(playwright, chromium, started=started, wanted_by=wanted)


def look(
    environ: Mapping[str, str], place: Place | None, observed: Callable[..., Rendering] = observe
) -> Iterator[Finding]:
    """Check the browser: without a source that wants it, what is missing is no fault."""
    yield judge(observed(environ, place))


def judge(has: Rendering) -> Finding:
    """Say what is wrong with what there is for rendering."""
    for_whom = f"{', '.join(has.wanted_by[:3])} in sources.toml has render = true" if has.wanted_by else ""
    if has.started:
        return ok("Chromium", f"{has.started} starts ({has.chromium})")
    if has.playwright is None:
        what, mend = "playwright is not installed", _EXTRA
    elif has.chromium is None:
        what, mend = "no Chromium was found", _INSTALL
    else:
        fault = has.fault.partition(". ")[0].rstrip(".")
        why = for_whom or "Pages of sources with render = true would be kept as they are sent."
        make = wrong if has.wanted_by else note
        return make("Chromium", fault, why, type=f"{has.chromium} --headless --dump-dom about:blank")
    if not has.wanted_by:
        return ok("Chromium", f"{what}, and no source needs it (render = true)")
    why = f"{for_whom}: its pages are kept as they are sent, mostly without text."
    return wrong("Chromium", what, why, do=has.missing, type=mend)


async def _start(environ: Mapping[str, str]) -> str:
    browser = await Browser.start(environ)
    await browser.close()
    return browser.name


def _wanted(place: Place | None) -> tuple[str, ...]:
    if place is None:
        return ()
    try:
        return tuple(s.name for s in load_sources(place.folder.sources).sources if s.enabled and s.render)
    except MorgueError:  # another check's finding
        return ()
