"""Versions: Python and what is installed, held against what Morgue's own metadata asks for (pyproject.toml, once installed)."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from archive.doctor.finding import Finding, note, ok, wrong

DISTRIBUTION = "newsmorgue"
_NAMED = ("scrapy", "trafilatura", "datasette", "sqlite-utils")  # whose versions a person asks for first
EXTRAS = {  # what each is for; the extra `dev` is for those who work on Morgue
    "render": "pages that scripts make",
    "remote": "reading WARC files from URLs",
    "scale": "Parquet, and reading on several machines",
}


@dataclass(frozen=True, slots=True)
class Installed:
    """What this Python has."""

    morgue: str
    python: str
    requires: tuple[str, ...]  # as the metadata says: 'scrapy<2.20,>=2.19', 'playwright>=1.60; extra == "render"'
    requires_python: str
    versions: Mapping[str, str]  # of the distributions named there that are installed, by their names as written


def observe() -> Installed:
    """Look at the installation. Raises `PackageNotFoundError` if Morgue is not installed."""
    from packaging.requirements import Requirement

    own = importlib.metadata.distribution(DISTRIBUTION)
    requires = tuple(line for each in own.requires or () for line in (each, *_of_extras(each)))
    versions = {}
    for line in requires:
        name = Requirement(line).name
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Installed(
        own.version, platform.python_version(), requires, str(own.metadata["Requires-Python"] or ""), versions
    )


def look(observed: Callable[[], Installed] = observe) -> Iterator[Finding]:
    """Check Morgue, Python, each library it needs, and the extras."""
    has = observed()
    yield ok("Morgue", has.morgue)
    yield _python(has)
    yield from _libraries(has)
    for extra, purpose in EXTRAS.items():
        yield _extra(has, extra, purpose)


def _python(has: Installed) -> Finding:
    from packaging.specifiers import SpecifierSet

    if SpecifierSet(has.requires_python).contains(has.python, prereleases=True):
        return ok("Python", has.python)
    return wrong(
        "Python",
        f"this is Python {has.python}, and Morgue needs {has.requires_python}",
        do="Install a newer Python, then make the environment anew with it.",
        type="python3 -m venv .venv && .venv/bin/pip install newsmorgue",
    )


def _libraries(has: Installed) -> Iterator[Finding]:
    bad = list(_out_of_range(has, None))
    for name, needed, found in bad:
        what = f"{name} {found} is installed" if found else f"{name} is not installed"
        yield wrong(
            "libraries",
            f"{what}, and Morgue needs {name}{needed}",
            "It was tested with no other, and what a library changes may change what is kept.",
            type=f"python3 -m pip install '{name}{needed}'",
        )
    if not bad:
        told = ", ".join(f"{name} {has.versions[name]}" for name in _NAMED if name in has.versions)
        number = len(list(_wanted(has.requires, None)))
        yield ok("libraries", f"all {number} are there and in range: {told}" if told else f"all {number} are there")


def _extra(has: Installed, extra: str, purpose: str) -> Finding:
    install = f"python3 -m pip install 'newsmorgue[{extra}]'"
    bad = list(_out_of_range(has, extra))
    wanted = [name for name, _ in _wanted(has.requires, extra)]
    there = [name for name in wanted if name in has.versions]
    if not there or not wanted:
        return ok(f"[{extra}]", f"not installed; for {purpose}")
    if bad:
        names = ", ".join(f"{name} {found or 'missing'} (needs {needed})" for name, needed, found in bad)
        return note(f"[{extra}]", f"installed in part: {names}", f"It is for {purpose}.", type=install)
    return ok(f"[{extra}]", ", ".join(f"{name} {has.versions[name]}" for name in there))


def _of_extras(line: str) -> Iterator[str]:
    """Yield what the extras of a requirement need: aiohttp of `fsspec[http]`, under the same condition."""
    from packaging.requirements import Requirement

    asked = Requirement(line)
    if not asked.extras:
        return
    try:
        needs = importlib.metadata.requires(asked.name) or ()
    except importlib.metadata.PackageNotFoundError:
        return
    for need in map(Requirement, needs):
        marker = need.marker
        wanted = any(marker.evaluate({"extra": extra}) for extra in asked.extras) if marker is not None else False
        if wanted and marker is not None and not marker.evaluate({"extra": ""}):
            yield f"{need.name}{need.specifier}" + (f"; {asked.marker}" if asked.marker else "")


def _out_of_range(has: Installed, extra: str | None) -> Iterator[tuple[str, str, str | None]]:
    from packaging.specifiers import SpecifierSet

    for name, needed in _wanted(has.requires, extra):
        found = has.versions.get(name)
        if found is None or not SpecifierSet(needed).contains(found, prereleases=True):
            yield name, needed, found


def _wanted(requires: Iterable[str], extra: str | None) -> Iterator[tuple[str, str]]:
    """Yield name and range of what is needed here: always, or for an extra alone."""
    from packaging.requirements import Requirement

    for line in requires:
        requirement = Requirement(line)
        marker = requirement.marker
        plainly = marker is None or marker.evaluate({"extra": ""})
        if plainly if extra is None else not plainly and marker is not None and marker.evaluate({"extra": extra}):
            yield requirement.name, str(requirement.specifier)
