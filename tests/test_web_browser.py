"""A walk through the pages in a real browser: at two widths, light and dark, with and without scripts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crawler.rendering.browser import NAMES
from tests.line import MORGUE, environment
from tests.web_kit import fill_room, make_folder

PEERS = Path(os.environ.get("MORGUE_PEERS", "/nowhere"))
AXE = PEERS / "axe" / "package" / "axe.min.js"
PICTURES = os.environ.get("MORGUE_SCREENSHOTS")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None or importlib.util.find_spec("playwright") is None,
        reason="needs playwright and a Chromium on the PATH",
    ),
    # Playwright's driver leaves its sockets to the garbage collector when it ends.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
needs_axe = pytest.mark.skipif(
    not AXE.exists(), reason="needs axe-core (scripts/peers DIR makes the folder that MORGUE_PEERS names)"
)
_FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
VIEWS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


@dataclass
class Visit:
    """A page that is open, and what was heard of it."""

    page: Any
    address: str
    name: str  # of the pictures
    heard: list[str] = field(default_factory=list)
    seen: Callable[[Any], None] = lambda _page: None

    def picture(self, name: str) -> None:
        """Look at the page that is open now: is it whole, does it fit, and keep a picture of it where pictures are kept."""
        width = self.page.viewport_size["width"]
        assert self.page.locator("h1").count() == 1, name
        assert self.page.locator("body").bounding_box()["width"] <= width, name
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}-{self.name}.png"), full_page=True)
        self.seen(self.page)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`morgue serve` over an archive that is worth looking at."""
    folder = make_folder(tmp_path_factory.mktemp("web") / "a")
    fill_room(folder)
    (folder.root / "sources.toml").write_text("", encoding="utf-8")
    command = [*MORGUE, "-a", str(folder.root), "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=environment("2026-05-02T12:00:00Z"), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        try:
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            process.send_signal(2)
            _, err = process.communicate(timeout=20)
    assert "Traceback" not in err, err


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=_FLAGS, chromium_sandbox=False)
        try:
            yield opened
        finally:
            opened.close()


def visit(browser: Any, address: str, width: int, scheme: str, **options: Any) -> Visit:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    context.set_default_timeout(20_000)
    page = context.new_page()
    made = Visit(page, address, f"{width}-{scheme}")
    page.on("console", lambda message: made.heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: made.heard.append(str(error)))
    page.on(
        "request", lambda asked: asked.url.startswith((address, "data:")) or made.heard.append(f"asked for {asked.url}")
    )
    return made


def walk(here: Visit) -> None:
    """Go from the front page to an article, what changed in it, a story, a source, as a reader does: by links and fields."""
    page = here.page
    page.goto(here.address)
    assert page.locator(".card h3").count() == 13
    here.picture("front")

    page.fill("#find", "ferry")
    page.press("#find", "Enter")
    page.wait_for_url("**/search?q=ferry")
    assert page.locator("mark").first.inner_text().lower().startswith("ferr")
    page.locator(".facet a", has_text="Ines Caldwell").click()
    page.wait_for_url("**author=Ines*")
    assert page.locator(".card").count() == 2
    assert page.locator(".chip").count() == 1
    here.picture("search")

    page.locator(".card a", has_text="Ferry to Pell Island").first.click()
    page.wait_for_url("**/article/a-*")
    assert page.locator(".story .text p").count() > 3
    page.goto(here.address + "changes")
    here.picture("changes")

    page.locator(".card", has_text="Council votes").locator("h2 a").click()
    page.wait_for_url("**/diff?to=*")
    assert {page.locator("del").count() > 0, page.locator("ins").count() > 0} == {True}
    here.picture("diff")
    page.locator("h1 a").click()
    page.wait_for_url("**/article/a-*")
    assert page.locator("h1").inner_text().startswith("Council votes")
    here.picture("article")
    page.get_by_text("What was removed from the page").click()
    assert page.get_by_text("morgue extract page.html").is_visible()

    page.goto(here.address + "search?q=trawling")
    page.locator(".facts a", has_text="2 copies").first.click()
    page.wait_for_url("**/story/a-*")
    assert page.locator(".course li").count() == 3
    here.picture("story")
    page.locator(".course .facts a").first.click()
    page.wait_for_url("**/source/*")
    here.picture("source")
    page.goto(here.address + "sources")
    here.picture("sources")
    page.goto(here.address + "gone")
    here.picture("gone")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_a_reader_walks_through_the_archive(browser: Any, server: str, width: int, scheme: str) -> None:
    here = visit(browser, server, width, scheme)
    walk(here)
    dark = here.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, dark.removeprefix("rgb(").removesuffix(")").split(","))) < 200) is (scheme == "dark")
    assert here.page.evaluate("document.documentElement.scrollWidth") <= width
    here.page.context.close()
    assert here.heard == []


def test_the_same_walk_without_scripts(browser: Any, server: str) -> None:
    here = visit(browser, server, 1280, "light", java_script_enabled=False)
    walk(here)
    here.page.context.close()
    assert here.heard == []


@needs_axe
@pytest.mark.parametrize(("width", "scheme"), [VIEWS[0], VIEWS[-1]])
def test_axe_finds_nothing_serious(browser: Any, server: str, width: int, scheme: str) -> None:
    found: list[str] = []
    script = AXE.read_text(encoding="utf-8")

    def look(page: Any) -> None:
        page.evaluate(script)
        told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert len(told["passes"]) > 10
        for one in told["violations"]:
            nodes = [node["html"][:120] for node in one["nodes"][:3]]
            found.append(f"{page.url}: {one['impact']}: {one['id']}: {nodes}")

    here = visit(browser, server, width, scheme)
    here.seen = look
    walk(here)
    here.page.goto(server + "article/a-aaaaaaaaaaaa")
    look(here.page)
    here.page.context.close()
    assert [one for one in found if ": serious: " in one or ": critical: " in one] == []


SQL_PAGES = ("archive", "archive/articles_view", "archive/articles/1", "archive/newest", "archive?sql=select+1+as+one")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_the_pages_for_sql_wear_the_same_dress(browser: Any, server: str, width: int, scheme: str) -> None:
    here = visit(browser, server, width, scheme)
    page = here.page
    for number, path in enumerate(SQL_PAGES):
        answer = page.goto(server + path)
        assert answer.status == 200, path
        assert page.locator(".masthead").is_visible(), path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(PICTURES) / f"sql{number}-{here.name}.png"))
    page.context.close()
    assert here.heard == []


def test_the_keyboard_reaches_the_text_first(browser: Any, server: str) -> None:
    here = visit(browser, server, 390, "light")
    page = here.page
    page.goto(server)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.context.close()


def test_an_article_prints_without_what_stands_around_it(browser: Any, server: str) -> None:
    here = visit(browser, server, 1280, "dark")
    page = here.page
    page.goto(server + "search?q=ferry")
    page.locator(".card a").first.click()
    page.emulate_media(media="print", color_scheme="dark")
    shown = {name: page.locator(name).first.is_visible() for name in (".masthead", ".colophon", ".text", ".cite")}
    assert shown == {".masthead": False, ".colophon": False, ".text": True, ".cite": True}
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.context.close()
