"""The pictures in docs/images: whole, small, shown. With MORGUE_SCREENSHOTS those of pages are made anew there."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.rendering.browser import NAMES
from tests.line import ROOT, Days
from tests.served import served

IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1040, 690  # of the window, and so of each picture, in pixels
LARGEST = 150_000  # bytes
PICTURES = ("front", "article", "search")  # of pages, for the README
CHARTS = ("growth",)  # of figures, made by a bench
TARGET = os.environ.get("MORGUE_SCREENSHOTS")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of a PNG, each of them whole (PNG third edition, section 5.3)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert zlib.crc32(kind + data) == checksum
        yield kind, data
        at += 12 + length


@pytest.mark.parametrize("name", [*PICTURES, *CHARTS])
def test_a_picture_is_whole_and_small(name: str) -> None:
    png = (IMAGES / f"{name}.png").read_bytes()
    found = list(chunks(png))
    assert found[0][0] == b"IHDR"
    width, height = struct.unpack(">II", found[0][1][:8])
    assert name in CHARTS or (width, height) == (WIDTH, HEIGHT)
    assert found[-1] == (b"IEND", b"")
    colour = found[0][1][9]
    pixels = zlib.decompress(b"".join(data for kind, data in found if kind == b"IDAT"))
    assert len(pixels) == height * (1 + width * {2: 3, 3: 1, 6: 4}[colour])
    assert len(png) < LARGEST


@pytest.mark.parametrize(
    ("document", "address", "expected"),
    [("README.md", r"docs/images/(\w+)\.png", PICTURES), ("docs/benchmarks.md", r"\(images/(\w+)\.png\)", CHARTS)],
)
def test_each_picture_is_shown_in_its_document(document: str, address: str, expected: tuple[str, ...]) -> None:
    assert set(re.findall(address, (ROOT / document).read_text(encoding="utf-8"))) == set(expected)


def test_there_are_no_pictures_that_nobody_shows() -> None:
    assert {path.stem for path in IMAGES.iterdir()} == {*PICTURES, *CHARTS}


@pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason="needs playwright and a Chromium on the PATH",
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Playwright's driver, when it ends
def test_the_pages_that_the_pictures_show_are_there(days: Days, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    into = Path(TARGET) if TARGET else tmp_path
    into.mkdir(parents=True, exist_ok=True)
    archive = days.second.copy(tmp_path / "archive")
    with served(archive.path) as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--disable-gpu"], chromium_sandbox=False)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")

        def picture(name: str) -> None:
            (into / f"{name}.png").write_bytes(page.screenshot())

        walk(page, server.address, picture)
        browser.close()


def walk(page: Any, address: str, picture: Any) -> None:
    """Go to the three pages and take a picture of each."""
    page.goto(address)
    assert page.locator(".card").count() > 5
    picture("front")
    page.goto(address + "search?q=ferry")
    assert page.locator("mark").count() > 1
    picture("search")
    page.goto(address + "changes")
    page.locator(".card", has_text="branch libraries").locator("h2 a").click()
    page.locator("h1 a").click()
    assert page.get_by_text("£214,000").count() > 0
    picture("article")
