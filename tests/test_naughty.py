"""The big list of naughty strings through the store, as words and as pages: they come back as stored, and nothing executes."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from archive.query import open_reader, search
from crawler.cli import group
from tests.store_helpers import article, new_store, put, snapshot, text_of
from tests.test_web_hostile import as_shown, looked_at, naughty
from tests.warc_tools import exchange, keep, writer
from tests.web_kit import House, make_folder, open_house

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.corpus
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture(scope="module")
def strings(corpus: Path) -> list[str]:
    found = naughty(corpus)
    assert len(found) == 515
    return found


@pytest.fixture(scope="module")
def house(strings: list[str], tmp_path_factory: pytest.TempPathFactory) -> House:
    """Return an archive where each string is title, author, text and part of the path; every article has a copy and an edit."""
    folder = make_folder(tmp_path_factory.mktemp("naughty") / "a")
    store = new_store(folder.archive_db)
    with store.transaction():
        for number, string in enumerate(strings):
            url = f"https://site{number}.example/{quote(string, safe='', errors='replace')}"
            text = f"{string}\n\n{text_of(f'w{number}x', 40)}"
            more: dict[str, Any] = {"authors": (string,), "published": "2026-05-01", "published_precision": "day"}
            put(store, snapshot(url, number, source=string or None), article(f"{text} before", "Earlier", **more))
            put(store, snapshot(url, number + 1000, source=string or None), article(text, string, **more))
    store.close()
    (folder.root / "sources.toml").write_text("", encoding="utf-8")
    return open_house(folder)


def number_of(url: str) -> int:
    found = re.match(r"https://site(\d+)\.", url)
    assert found is not None, url
    return int(found[1])


def run(house: House, *arguments: str) -> Result:
    result = CliRunner().invoke(group, ["-a", str(house.folder.root), *arguments], prog_name="morgue")
    assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exception)
    assert "Traceback" not in result.output
    return result


def test_sql_and_exports_give_them_back(house: House, strings: list[str], tmp_path: Path) -> None:
    asked = run(house, "sql", "SELECT url, title, authors, text FROM articles", "--json", "--limit", "1000")
    rows = json.loads(asked.stdout)
    assert len(rows) == len(strings)
    for row in rows:
        string = strings[number_of(row["url"])]
        assert (row["title"] or "", json.loads(row["authors"])) == (string, [string])
        assert row["text"].startswith(string)
    out = tmp_path / "out.jsonl"
    assert run(house, "export", "jsonl", str(out)).exit_code == 0
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n") if line]
    assert sorted(line["title"] or "" for line in lines) == sorted(strings)
    assert sorted((line["authors"] for line in lines), key=str) == sorted(([one] for one in strings), key=str)


def test_a_table_of_cells_gives_them_back_and_holds_no_formula(house: House, strings: list[str]) -> None:
    asked = run(house, "sql", "SELECT url, title FROM articles", "--csv", "--limit", "1000")
    rows = list(csv.reader(io.StringIO(asked.stdout, newline="")))[1:]
    for url, title in rows:
        assert not title.startswith(("=", "+", "@", "\t", "\r")), title
        string = strings[number_of(url)]
        assert title in {string, "'" + string}
        assert title.startswith("'") or not string.startswith(_FORMULA)
    web = list(csv.reader(io.StringIO(house.get("/search.csv?all=1&limit=200").text, newline="")))
    assert len(web) == 201
    assert [cell for row in web for cell in row if cell[:1] in {"=", "+", "@", "\t", "\r"}] == []


@pytest.mark.parametrize("command", ["stats", "search harbour"])
def test_commands_bear_them(house: House, command: str) -> None:
    assert run(house, *command.split()).exit_code in {0, 1}


def test_each_is_a_search(house: House, strings: list[str]) -> None:
    with closing(open_reader(house.folder.archive_db, heap_limit=None)) as reader:
        for string in strings:
            for hit in search(reader, string, limit=5):
                assert number_of(hit.url) < len(strings)
    for string in strings[::7]:
        answer = house.get(f"/search?q={quote(string, safe='')}")
        assert answer.status_code == 200, string
        looked_at(answer.text)


def test_commands_show_them_by_id_and_by_name(house: House, strings: list[str]) -> None:
    for url, name in list(house.ids.items())[::12]:
        string = strings[number_of(url)]
        shown = json.loads(run(house, "show", name, "--json").stdout)
        assert (shown["title"] or "", shown["authors"]) == (string, [string])
        plain = run(house, "show", name)
        assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", plain.stdout) is None, string
        for command in ("story", "diff"):
            assert run(house, command, name).exit_code == 0
        for command in ("search", "show", "story", "sql"):
            assert run(house, command, "--", string).exit_code in {0, 1}


def test_every_page_of_each_shows_it_as_text(house: House, strings: list[str]) -> None:
    for url, name in house.ids.items():
        string = strings[number_of(url)]
        answer = house.get(f"/article/{name}")
        assert answer.status_code == 200, string
        assert as_shown(string) in looked_at(answer.text)[1]
        assert (house.json(f"/article/{name}.json")["title"] or "") == string
    for url, name in list(house.ids.items())[::6]:
        for address in (f"/article/{name}/diff", f"/story/{name}"):
            answer = house.get(address)
            assert answer.status_code == 200, address
            assert as_shown(strings[number_of(url)]) in looked_at(answer.text)[1]
        assert house.get(f"/article/{name}/archived").status_code in {200, 404}


def test_datasettes_pages_show_them_as_text(house: House, strings: list[str]) -> None:
    from lxml import html

    names = set(house.ids.values())
    for address in (
        "/archive/articles?_size=1000",
        "/archive/articles_view?_size=1000",
        "/archive/articles/1",
        "/archive?sql=select+title,text+from+articles",
    ):
        answer = house.get(address)
        assert answer.status_code == 200, address
        page = html.fromstring(answer.text)
        own = [e for e in page.iter() if isinstance(e.tag, str) and any(n.startswith("on") for n in e.attrib)]
        assert own == [], address
        assert [
            e.get("href")
            for e in page.iter("a")
            if re.match(r"\s*(javascript|data|vbscript):", e.get("href") or "", re.IGNORECASE)
        ] == []
        assert [e.tag for e in page.iter("iframe", "object", "embed", "img", "video", "audio", "marquee")] == []
    told = house.json("/archive/articles.json?_size=1000&_shape=objects")
    assert {row["id"] for row in told["rows"]} == names
    assert sorted(row["title"] or "" for row in told["rows"]) == sorted(strings)


def test_pages_of_them_are_ingested(strings: list[str], tmp_path: Path) -> None:
    """As title, author, text and path of a page, escaped as a careful site does and raw as a careless one does."""
    folder = tmp_path / "a"
    assert CliRunner().invoke(group, ["init", str(folder)]).exit_code == 0
    words = " ".join(f"The harbour was opened again on day {number}, said the council." for number in range(12))
    shelf = writer(folder / "warc")
    for number, string in enumerate(strings):
        ways = (("e", escape(string)), ("r", string)) if number % 5 == 0 else (("r", string),)
        for way, said in ways:
            body = (
                f"<!doctype html><html><head><meta charset=utf-8><title>{said}</title>"
                f'<meta name=author content="{said}"></head>'
                f"<body><article><h1>{said}</h1><p>{said}</p><p>{words}</p></article></body></html>"
            ).encode("utf-8", "replace")
            path = quote(string, safe="", errors="replace")
            keep(shelf, exchange(url=f"https://{way}{number}.example/2026/05/{path}", body=body))
    shelf.close()
    result = CliRunner().invoke(group, ["-a", str(folder), "ingest", "--json", "--quiet"])
    assert result.exit_code == 0, result.output[-2000:]
    with closing(open_reader(folder / "archive.db", heap_limit=None)) as reader:
        [(captured,)] = reader.execute("SELECT count(*) FROM captures")
        reasons = {reason for (reason,) in reader.execute("SELECT DISTINCT reason FROM extractions")}
    assert captured == len(strings) + len(strings[::5])
    assert [reason for reason in reasons if str(reason).startswith("error")] == []


@pytest.fixture(scope="module")
def browser(house: House) -> Iterator[tuple[str, Any]]:
    if CHROMIUM is None or find_spec("playwright") is None:
        pytest.skip("needs playwright and a Chromium on the PATH")
    import uvicorn
    from playwright.sync_api import sync_playwright

    from archive.web.serve import _listen

    with closing(_listen("127.0.0.1", 0)) as listener, sync_playwright() as driver:
        server = uvicorn.Server(uvicorn.Config(house.app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        opened = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", opened
        opened.close()
        server.should_exit = True
        thread.join(10)


def test_nothing_of_them_runs_in_a_browser(browser: tuple[str, Any], house: House) -> None:
    address, opened = browser
    window = opened.new_page()
    wrong: list[str] = []
    window.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    window.on("console", lambda said: wrong.append(f"console {said.text}"))
    window.on("pageerror", lambda error: wrong.append(f"error {error}"))
    window.on("request", lambda asked: asked.url.startswith((address, "data:")) or wrong.append(f"asked {asked.url}"))
    paths = [
        "/",
        "/sources",
        "/changes",
        "/archive/articles?_size=600",
        "/archive?sql=select+title,authors,url,text+from+articles",
    ]
    paths += [f"/search?all=1&sort=oldest&page={page}" for page in range(1, 27, 3)]
    paths += [f"/article/{name}{more}" for name in list(house.ids.values())[::40] for more in ("", "/diff")]
    for path in paths:
        answer = window.goto(address + path, wait_until="load")
        assert answer.status == 200, path
        assert wrong == [], path
