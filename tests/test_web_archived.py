"""The archived page in a browser: it looks like itself, and nothing of it runs or leaves the machine."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import html as markup

from archive.folder import ArchiveFolder
from archive.web.serve import application
from tests.asset_site import AssetSite, article, asset_archive, asset_site, css, html, image, page, png
from tests.line import DAY_1, DAY_2, Archive
from tests.rawserver import RawServer
from tests.test_web_browser import AXE, PICTURES, VIEWS
from tests.web_kit import House, open_house

STORY, NASTY, PLAIN = (
    "/2026/05/20/the-ferry-has-gone.html",
    "/2026/05/20/a-nasty-page.html",
    "/2026/05/20/latin-words.html",
)
CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None, reason="needs playwright and a Chromium on the PATH"
)


def furnish(site: AssetSite, spy: RawServer) -> None:
    """Put up a page with style and images, one that tries everything, and one in an old encoding."""
    ours = site.paper.routes
    site.home(STORY, NASTY, PLAIN)
    head = "<link rel=stylesheet href=/s/main.css>"
    lent = f'<img id=lent src="{site.on_lender("/i/bridge.png")}" alt="A bridge">'
    link = f'<p><a id=inner href="{NASTY}">more</a> <a id=outer href="https://elsewhere.example/x">else</a></p>'
    ours[STORY] = html(
        article("The ferry has gone", head=head, body=f"{lent}<img id=none src=/i/none.png alt=None>{link}")
    )
    ours["/s/main.css"] = css('@import "more.css"; body{background:url(/i/bg.png)}')
    ours["/s/more.css"] = css("h1{color:rgb(1, 2, 3)}")
    ours["/i/bg.png"] = image(240, 9)
    site.lender.routes["/i/bridge.png"] = image(90, 31)
    out = spy.url("/spy")
    nasty = (
        f"<script>document.title='ran'</script><script src={out}></script><img src=x onerror=\"document.title='ran'\">"
        f"<svg onload=\"document.title='ran'\"><image href={out} /></svg><iframe src={out}></iframe>"
        f"<object data={out}></object>"
        f"<form id=f action={out}><button>go</button></form><a id=js href=\"javascript:document.title='ran'\">js</a>"
        f"<video src={out} autoplay></video><style>@import '{out}'; p{{background:url({out})}}</style>"
        f"<p style='background:url({out})'>styled</p><link rel=prefetch href={out}><link rel=preconnect href={spy.url('/')}>"
        f"<link rel=stylesheet href={out}><meta http-equiv=refresh content='0;url={out}'><base href={spy.url('/')}>"
        f"<a id=ping href=/x ping={out}>ping</a><embed src={out}><audio src={out} autoplay></audio><img srcset='{out} 1x'>"
    )
    ours[NASTY] = html(article("A nasty page", body=nasty))
    latin = (
        article("Latin words", body="<p id=latin>caf\u00e9 \u20ac</p>")
        .decode()
        .replace("charset=utf-8", "charset=windows-1252")
    )
    ours[PLAIN] = page(latin.encode("cp1252"), b"Content-Type: text/html")


@dataclass(frozen=True)
class Kept:
    """A paper crawled on two days, and its pages."""

    site: AssetSite
    spy: RawServer
    archive: Archive
    house: House

    def article(self, path: str) -> str:
        """Return an article's id."""
        return self.house.ids[self.site.on_paper(path)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with asset_site() as site, RawServer() as spy:
        spy.routes["/spy"] = html(b"seen")
        furnish(site, spy)
        archive = asset_archive(tmp_path_factory.mktemp("archived") / "archive", site)
        archive.crawl(now=DAY_1)
        archive.crawl("--due", "all", now=DAY_2)
        asked = len(spy.seen)  # the crawl itself keeps what pages show
        yield Kept(site, spy, archive, open_house(ArchiveFolder(archive.path)))
        assert len(spy.seen) == asked, "a browser reached another server"


def frame_of(kept: Kept, path: str) -> str:
    """Return where the frame of an article's archived page leads."""
    told = kept.house.get(f"/article/{kept.article(path)}/archived")
    assert told.status_code == 200
    (frame,) = markup.fromstring(told.text).iter("iframe")
    assert frame.get("sandbox") == ""
    return str(frame.get("src"))


def test_the_frame_names_the_capture_and_its_record(kept: Kept) -> None:
    told = kept.house.json(f"/article/{kept.article(STORY)}/archived.json")
    assert [each["type"] for each in told["captures"]] == ["response", "revisit"]  # the second day repeats the first
    assert told["shown"] == told["captures"][1]
    assert told["shown"]["warc"].endswith(".warc.gz")
    first = told["captures"][0]["captured_at"]
    earlier = kept.house.json(f"/article/{kept.article(STORY)}/archived/{first}.json")
    assert earlier["shown"]["captured_at"] == first


def test_a_revisit_shows_what_it_repeats(kept: Kept) -> None:
    told = kept.house.json(f"/article/{kept.article(STORY)}/archived.json")
    first, second = (kept.house.get(each["path"]) for each in told["captures"])
    assert first.status_code == second.status_code == 200
    assert "The ferry has gone" in second.text
    assert second.text.replace(told["captures"][1]["path"][10:30], told["captures"][0]["path"][10:30]) == first.text


def test_it_is_served_in_a_sandbox_and_its_addresses_lead_into_the_archive(kept: Kept) -> None:
    answer = kept.house.get(frame_of(kept, STORY))
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert answer.headers["x-content-type-options"] == "nosniff"
    tree = markup.fromstring(answer.text)
    for element in tree.iter("img", "link", "a"):
        assert (element.get("src") or element.get("href")).startswith("/archived/")
    (sheet,) = (element.get("href") for element in tree.iter("link"))
    styled = kept.house.get(sheet)
    assert styled.headers["content-type"] == "text/css; charset=utf-8"
    assert 'url("/archived/' in styled.text
    image = next(element for element in tree.iter("img") if element.get("id") == "lent")
    assert kept.house.get(image.get("src")).content == png(31, 4, 90)


def test_an_old_encoding_is_read_as_its_page_says(kept: Kept) -> None:
    tree = markup.fromstring(kept.house.get(frame_of(kept, PLAIN)).content.decode("utf-8"))
    assert tree.get_element_by_id("latin").text == "caf\u00e9 \u20ac"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/article/a-000000000000/archived", 404, "No such article"),
        ("/article/{story}/archived/soon", 400, "No such time"),
        ("/archived/20260520/{none}", 404, "was not kept"),
        ("/archived/20260520/" + quote("javascript:alert(1)", safe=""), 404, "was not kept"),
        ("/archived/20261399/{page}", 400, "No time|no time"),
        ("/archived/20260520/%00%ff", 404, "was not kept"),
    ],
)
def test_what_is_not_there_is_said(kept: Kept, path: str, status: int, words: str) -> None:
    values = {"story": kept.article(STORY), "none": quote("https://no.example/", safe="")}
    values["page"] = quote(kept.site.on_paper(STORY), safe="")
    answer = kept.house.get(path.format(**values))
    assert answer.status_code == status
    assert any(word in answer.text for word in words.split("|"))


def test_in_public_no_archived_page_is_shown(kept: Kept) -> None:
    shut = House(kept.house.folder, application(kept.house.folder, public=True), {})
    for path in (f"/article/{kept.article(STORY)}/archived", frame_of(kept, STORY)):
        assert shut.get(path).status_code == 404
    assert "archived" not in shut.get(f"/article/{kept.article(STORY)}").text


def test_a_lost_file_is_said_and_not_a_traceback(kept: Kept, tmp_path: Any) -> None:
    copy = kept.archive.copy(tmp_path / "copy")
    for path in (copy.path / "warc").iterdir():
        path.unlink()
    answer = open_house(ArchiveFolder(copy.path)).get(frame_of(kept, STORY))
    assert answer.status_code == 503
    assert "morgue" in answer.text


@contextmanager
def browsing(house: House, **options: Any) -> Iterator[tuple[str, Any, list[str]]]:
    """Serve the pages on a port and open a browser: address, page, and every address that was asked for."""
    import uvicorn
    from playwright.sync_api import sync_playwright

    from archive.web.serve import _listen

    with closing(_listen("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(house.app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        with sync_playwright() as driver:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
            window = browser.new_page(**options)
            asked: list[str] = []
            window.on("request", lambda request: asked.append(request.url))
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", window, asked
            browser.close()
        server.should_exit = True
        thread.join(10)


@needs_browser
def test_in_a_browser_it_has_its_style_and_images_and_runs_nothing(kept: Kept) -> None:
    with browsing(kept.house) as (address, window, asked):
        window.goto(f"{address}/article/{kept.article(STORY)}/archived", wait_until="load")
        inside = window.frames[1]
        inside.wait_for_load_state("load")
        look = "element => getComputedStyle(element)"
        assert inside.eval_on_selector("h1", f"{look[:-1]}).color") == "rgb(1, 2, 3)"  # from the sheet's own import
        assert inside.eval_on_selector("#lent", "element => element.naturalWidth") == 31
        assert inside.eval_on_selector("#none", "element => element.naturalWidth") == 0
        assert "/archived/" in inside.eval_on_selector("body", f"{look[:-1]}).backgroundImage")

        nasty = quote(kept.site.on_paper(NASTY), safe="")
        window.goto(f"{address}/archived/20260520/{nasty}", wait_until="load")
        window.wait_for_timeout(500)
        assert window.title() == "A nasty page"
        assert window.locator("#js").get_attribute("href") is None
        assert window.locator("#ping").get_attribute("href").startswith("/archived/")
        assert [url for url in asked if not url.startswith((address, "data:"))] == []


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_at_each_width_and_in_each_scheme_it_fits(kept: Kept, width: int, scheme: str) -> None:
    """And axe finds nothing serious in the page around it, where axe is."""
    with browsing(kept.house, viewport={"width": width, "height": 900}, color_scheme=scheme) as (
        address,
        window,
        asked,
    ):
        said: list[str] = []
        window.on("console", lambda message: said.append(message.text))
        window.goto(f"{address}/article/{kept.article(STORY)}/archived", wait_until="load")
        assert window.evaluate("document.documentElement.scrollWidth") <= width
        frame = window.locator("iframe").bounding_box()
        assert frame["width"] > 0.8 * width
        assert frame["height"] > 400
        assert window.frames[1].locator("h1").is_visible()
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            window.screenshot(path=str(Path(PICTURES) / f"archived-{width}-{scheme}.png"), full_page=True)
        assert [text for text in said if "404" not in text] == []  # the image that was never kept
        assert [url for url in asked if not url.startswith((address, "data:"))] == []
        if AXE.exists():
            window.evaluate(AXE.read_text(encoding="utf-8"))
            told = window.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
            assert [one["id"] for one in told["violations"] if one["impact"] in {"serious", "critical"}] == []
