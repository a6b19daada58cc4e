"""Who may know whom: the archive room never hears of the crawler, and small things stay small to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("trafilatura", "sqlite_utils", "scrapy", "twisted", "pycurl", "lxml")
# What only the command layer may take from the archive room: the crawler fetches, and neither extracts nor writes archive.db.
COMMAND_LAYER_ONLY = ("archive.extract", "archive.ingest", "archive.commands", "archive.store", "archive.reading")


def modules(package: str) -> list[str]:
    """Return the names of a package's modules, by its files."""
    names = (path.relative_to(ROOT).with_suffix("").parts for path in sorted((ROOT / package).rglob("*.py")))
    return [".".join(name[:-1] if name[-1] == "__init__" else name) for name in names]


def imports(name: str) -> Iterator[str]:
    """Yield the modules that a module's text imports, also inside functions."""
    path = ROOT / Path(*name.split("."))
    text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def loaded_by(*names: str) -> set[str]:
    """Return the modules that a fresh process has after importing these."""
    code = f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["archive", "archive.model", "archive.clock", "archive.folder", "archive.decisions"])
def test_small_modules_load_nothing_heavy(module: str) -> None:
    assert loaded_by(module) & set(HEAVY) == set()


def test_the_command_line_loads_nothing_heavy_before_it_knows_the_command() -> None:
    assert loaded_by("crawler.cli") & (set(HEAVY) - {"lxml"}) == set()


def test_no_archive_module_loads_the_crawler_or_scrapy() -> None:
    loaded = loaded_by(*(name for name in modules("archive") if not name.endswith("__main__")))
    assert [name for name in loaded if name.partition(".")[0] in ("crawler", "scrapy", "twisted")] == []


@pytest.mark.parametrize("module", modules("archive"))
def test_no_archive_module_names_the_crawler(module: str) -> None:
    assert [name for name in imports(module) if name.partition(".")[0] in ("crawler", "scrapy", "twisted")] == []


@pytest.mark.parametrize(
    "module", [name for name in modules("crawler") if not name.startswith(("crawler.commands", "crawler.cli"))]
)
def test_the_crawler_takes_from_the_archive_only_what_it_needs_to_fetch(module: str) -> None:
    taken = [name for name in imports(module) if name.startswith(COMMAND_LAYER_ONLY)]
    assert taken == []
