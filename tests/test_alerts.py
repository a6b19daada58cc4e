"""`morgue alerts`: everything that a saved search finds is told, once, however late it comes and whatever is killed."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archive.alerting import load_told
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.model import Signal
from archive.urls import article_id, url_key
from crawler.cli import group
from tests.store_helpers import article, new_store, put, snapshot, text_of
from tests.web_kit import make_folder

DAY = 60 * 24
NOW = "2026-05-01T12:00:00Z"  # START of the helpers is six hours earlier


@pytest.fixture
def folder(tmp_path: Path) -> ArchiveFolder:
    made = make_folder(tmp_path / "a")
    made.sources.write_text('contact = "mailto:desk@paper.example"\n[[search]]\nname = "ferries"\nwords = "ferry"\n')
    new_store(made.archive_db).close()
    return made


def keep(folder: ArchiveFolder, *names: str, minutes: float = 0, text: str | None = None, **said: Any) -> None:
    """Put an article for each name into the archive, first captured so many minutes after START."""
    store = new_store(folder.archive_db)
    with store.transaction():
        for name in names:
            shot = snapshot(f"https://paper.example/{name}", minutes, source=said.get("source", "Paper"))
            facts = {key: value for key, value in said.items() if key != "source"}
            put(store, shot, article(text or f"A ferry. {text_of(name)}", f"On {name}", **facts))
    store.close()


def alerts(folder: ArchiveFolder, *words: str, now: str = NOW, **environ: str) -> Any:
    return CliRunner().invoke(group, ["-a", str(folder.root), "alerts", *words], env={"MORGUE_NOW": now, **environ})


def told(folder: ArchiveFolder, *words: str, now: str = NOW) -> list[str]:
    """Return the titles that are told."""
    done = alerts(folder, *words, now=now)
    assert done.exit_code == 0, done.output
    return [line.split(" · ")[0] for line in done.stdout.splitlines()]


def test_a_line_says_what_where_when(folder: ArchiveFolder) -> None:
    keep(folder, "one", published="2026-04-30T08:00:00+02:00", published_precision="minute", published_via="feed")
    name = article_id(url_key("https://paper.example/one"))
    assert alerts(folder).stdout == f"ferries: On one · Paper · 2026-04-30 · https://paper.example/one · {name}\n"


def test_what_is_new_is_told_once(folder: ArchiveFolder) -> None:
    keep(folder, "one")
    assert told(folder) == ["ferries: On one"]
    assert told(folder) == []
    keep(folder, "two", minutes=30)
    assert told(folder) == ["ferries: On two"]
    assert alerts(folder).output == ""


def test_the_first_run_tells_the_newest_five_and_counts_the_others_as_known(folder: ArchiveFolder) -> None:
    for number in range(8):
        keep(folder, f"n{number}", minutes=number)
    assert told(folder) == [f"ferries: On n{number}" for number in range(3, 8)]
    assert told(folder) == []


def test_what_comes_late_is_told(folder: ArchiveFolder) -> None:
    keep(folder, "one", minutes=300)
    told(folder)
    # Published last year, and captured before the last run but read after it: a time alone would divide them wrongly.
    keep(folder, "late", minutes=10, published="2025-01-02", published_precision="day", published_via="feed")
    assert told(folder) == ["ferries: On late"]


@pytest.mark.parametrize(("days_back", "is_told"), [(29, True), (31, False)])
def test_a_capture_is_told_that_was_read_up_to_30_days_after_it_was_made(
    folder: ArchiveFolder, days_back: int, is_told: bool
) -> None:
    keep(folder, "one")
    told(folder)
    keep(folder, "old", minutes=-days_back * DAY)
    assert told(folder) == (["ferries: On old"] if is_told else [])


def test_after_a_long_pause_nothing_is_missed_and_nothing_is_told_again(folder: ArchiveFolder) -> None:
    keep(folder, "one")
    told(folder)
    keep(folder, "two", minutes=10 * DAY)
    assert told(folder, now="2026-09-01T00:00:00Z") == ["ferries: On two"]
    assert told(folder, now="2026-09-02T00:00:00Z") == []
    assert len(load_told(folder.alerts)["ferries"].told) == 0  # what is too old to be met again is forgotten


def test_a_clock_that_is_put_back_tells_nothing_again(folder: ArchiveFolder) -> None:
    keep(folder, "one")
    told(folder)
    assert told(folder, now="2026-09-01T00:00:00Z") == []  # it is forgotten by now
    assert [told(folder), told(folder)] == [[], []]


def test_a_rebuilt_database_tells_nothing_again(folder: ArchiveFolder) -> None:
    keep(folder, "one", "two")
    assert len(told(folder)) == 2
    for path in folder.root.glob("archive.db*"):
        path.unlink()
    keep(folder, "two", "three", "one")  # other numbers than before
    assert told(folder) == ["ferries: On three"]


def test_a_copy_is_told_only_where_every_copy_is_asked_for(folder: ArchiveFolder) -> None:
    with folder.sources.open("a") as file:
        file.write(
            '[[search]]\nname = "each"\nwords = "ferry"\nall = true\n[[search]]\nname = "there"\nwords = "ferry"\n'
        )
        file.write('source = "Herald"\n')
    text = f"The ferry. {text_of('same', 120)}"
    keep(folder, "one", text=text)
    assert told(folder) == ["ferries: On one", "each: On one"]
    keep(folder, "copy", text=text, minutes=60, source="Herald")
    # Of the search for one source the story's first article is no hit: there it is new.
    assert told(folder) == ["each: On copy", "there: On copy"]


def test_a_copy_of_a_story_that_was_told_long_ago_is_no_news(folder: ArchiveFolder) -> None:
    text = f"The ferry. {text_of('same', 120)}"
    keep(folder, "one", text=text)
    told(folder)
    assert told(folder, now="2026-07-01T00:00:00Z") == []
    keep(folder, "copy", text=text, minutes=61 * DAY)
    assert told(folder, now="2026-07-02T00:00:00Z") == []


def test_a_search_that_is_changed_begins_anew(folder: ArchiveFolder) -> None:
    for number in range(8):
        keep(folder, f"n{number}", minutes=number)
    told(folder)
    folder.sources.write_text(folder.sources.read_text().replace('"ferry"', '"ferry OR walks"'))
    assert len(told(folder)) == 5
    assert told(folder) == []


def test_only_the_searches_that_are_named_are_told(folder: ArchiveFolder) -> None:
    with folder.sources.open("a") as file:
        file.write('[[search]]\nname = "other"\nwords = "ferry"\n')
    keep(folder, "one")
    assert told(folder, "--saved", "other") == ["other: On one"]
    assert told(folder) == ["ferries: On one"]
    typo = alerts(folder, "--saved", "ferrys")
    assert (typo.exit_code, "Did you mean 'ferries'?" in typo.stderr) == (2, True)


def test_as_json(folder: ArchiveFolder) -> None:
    keep(folder, "one")
    [search] = json.loads(alerts(folder, "--json").stdout)
    assert (search["search"], search["query"]) == ("ferries", {"words": "ferry"})
    assert [one["url"] for one in search["articles"]] == ["https://paper.example/one"]
    assert json.loads(alerts(folder, "--json").stdout) == []


def test_a_title_is_text_on_one_line(folder: ArchiveFolder) -> None:
    store = new_store(folder.archive_db)
    with store.transaction():
        put(
            store,
            snapshot("https://p.example/x", 0),
            article("A ferry. " + text_of("x"), "One\nferries: \x1b[31mtwo\u202e"),
        )
    store.close()
    out = alerts(folder).stdout
    assert (out.count("\n"), "\x1b" in out, "\u202e" in out) == (1, False, False)


def test_what_is_remembered_names_no_article(folder: ArchiveFolder) -> None:
    keep(folder, "one")
    told(folder)
    text = folder.alerts.read_text()
    found = [
        word for word in ("On one", "paper.example", article_id(url_key("https://paper.example/one"))) if word in text
    ]
    assert found == []  # a takedown has nothing to remove here


def test_a_kill_before_it_is_remembered_tells_again(folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(folder, "one")

    def killed(*_: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        patch.setattr("archive.alerting.save_told", killed)
        assert alerts(folder).stdout.startswith("ferries: On one")
    assert told(folder) == ["ferries: On one"]
    assert told(folder) == []


def test_two_runs_do_not_tell_the_same(folder: ArchiveFolder) -> None:
    keep(folder, "one")
    with lock(folder.alerts_lock, "morgue alerts"):
        second = alerts(folder)
    assert (second.exit_code, second.stdout, "held by morgue alerts" in second.stderr) == (75, "", True)
    assert told(folder) == ["ferries: On one"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 1}', '{"version": 1, "searches": {"x": {"told": []}}}', "\x00"]
)
def test_a_damaged_memory_is_an_error_that_says_what_to_do(folder: ArchiveFolder, text: str) -> None:
    folder.alerts.write_text(text)
    done = alerts(folder)
    assert (done.exit_code, str(folder.alerts) in done.stderr, "remove it" in done.stderr) == (1, True, True)
    assert folder.alerts.read_text() == text


def test_without_a_saved_search_there_is_nothing_to_tell(folder: ArchiveFolder) -> None:
    folder.sources.write_text("")
    done = alerts(folder)
    assert (done.exit_code, done.output) == (0, "")  # cron would mail a hint every hour; a terminal gets one


# -- the webhook


class Hook:
    """A place that takes JSON, or does not."""

    def __init__(self) -> None:
        self.status = 204
        self.got: list[tuple[dict[str, str], bytes]] = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(hook.status)
                if hook.status // 100 == 3:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret-path"

    @property
    def titles(self) -> list[str]:
        """What came, in order."""
        return [one["title"] for _, body in self.got for one in json.loads(body)["articles"]]


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def sent(folder: ArchiveFolder, hook: Hook, *words: str, **environ: str) -> Any:
    return alerts(folder, "--webhook", hook.url, "--allow-private", *words, **environ)


def test_a_webhook_gets_json_and_nothing_is_printed(folder: ArchiveFolder, hook: Hook) -> None:
    keep(folder, "one", "two")
    done = sent(folder, hook)
    assert (done.exit_code, done.output) == (0, "")
    [(headers, body)] = hook.got
    assert headers["content-type"] == "application/json"
    assert "mailto:desk@paper.example" in headers["user-agent"]
    assert "morgue-signature" not in headers
    message = json.loads(body)
    assert (message["search"], message["query"], message["sent_at"][:10]) == ("ferries", {"words": "ferry"}, NOW[:10])
    assert sorted(hook.titles) == ["On one", "On two"]
    sent(folder, hook)
    assert len(hook.got) == 1


def test_what_is_sent_is_signed_where_there_is_a_secret(folder: ArchiveFolder, hook: Hook) -> None:
    keep(folder, "one")
    assert sent(folder, hook, MORGUE_WEBHOOK_SECRET="between us").exit_code == 0
    [(headers, body)] = hook.got
    assert headers["morgue-signature"] == "sha256=" + hmac.new(b"between us", body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("status", [301, 307, 404, 500])
def test_what_was_not_taken_is_told_again(folder: ArchiveFolder, hook: Hook, status: int) -> None:
    keep(folder, "one")
    hook.status = status
    failed = sent(folder, hook)
    assert (failed.exit_code, str(status) in failed.stderr, "told again" in failed.stderr) == (1, True, True)
    assert "secret-path" not in failed.output
    assert len(hook.got) == 1  # no redirect was followed, nothing was tried twice
    keep(folder, *(f"n{number}" for number in range(6)), minutes=5)
    hook.status, hook.got = 200, []
    assert sent(folder, hook).exit_code == 0
    assert sorted(hook.titles) == ["On n0", "On n1", "On n2", "On n3", "On n4", "On n5", "On one"]


def test_what_was_not_taken_for_long_is_told_all_the_same(folder: ArchiveFolder, hook: Hook) -> None:
    keep(folder, "one")
    hook.status = 500
    for now in (NOW, "2026-07-01T00:00:00Z"):
        assert alerts(folder, "--webhook", hook.url, "--allow-private", now=now).exit_code == 1
    hook.status, hook.got = 200, []
    assert alerts(folder, "--webhook", hook.url, "--allow-private", now="2026-07-02T00:00:00Z").exit_code == 0
    assert hook.titles == ["On one"]


def test_batches_that_were_taken_are_not_sent_again(
    folder: ArchiveFolder, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.commands.alerts.BATCH", 2)
    told(folder)
    keep(folder, "n0", "n1", "n2", "n3", "n4")
    real = hook.server.RequestHandlerClass.do_POST  # type: ignore[attr-defined]

    def until_third(handler: Any) -> None:
        hook.status = 500 if len(hook.got) == 1 else 200
        real(handler)

    monkeypatch.setattr(hook.server.RequestHandlerClass, "do_POST", until_third)
    assert sent(folder, hook).exit_code == 1
    assert sent(folder, hook).exit_code == 0
    first, refused, second, third = (json.loads(body)["articles"] for _, body in hook.got)
    assert [len(first), len(refused), len(second), len(third)] == [2, 2, 2, 1]
    assert refused == second
    assert len({one["id"] for one in first + second + third}) == 5


def test_what_opts_out_is_not_handed_on(folder: ArchiveFolder, hook: Hook) -> None:
    keep(folder, "out", signals=(Signal(name="noarchive", via="meta:robots", value="noarchive"),))
    sent(folder, hook)
    assert hook.titles == []
    assert told(folder) == ["ferries: On out"]  # on one's own machine it is news
    folder.alerts.unlink()
    sent(folder, hook, "--include-opted-out")
    assert hook.titles == ["On out"]


@pytest.mark.parametrize(
    ("url", "words", "code", "told"),
    [
        ("http://hooks.example/x", (), 2, "only https"),
        ("http://hooks.example/x", ("--allow-private",), 2, "only https"),  # in clear text to this machine alone
        ("http://127.0.0.1:9/x", (), 2, "only https"),
        ("http://192.168.1.1/x", ("--allow-private",), 2, "only https"),
        ("https://127.0.0.1:9/x", (), 1, "not a public address"),
        ("https://localhost:9/x", (), 1, "not a public address"),  # after its name was looked up
        ("https://0x7f.1:9/x", (), 1, "not a public address"),
        ("https://[::ffff:127.0.0.1]:9/x", (), 1, "not a public address"),
        ("https://127.0.0.1:9/x", ("--allow-private",), 1, "did not take"),
        ("https://me:word@hooks.example/x", (), 2, "is not sent"),
        ("ftp://hooks.example/x", (), 2, "only http and https"),
        ("hooks.example", (), 2, "in full"),
    ],
)
def test_where_it_may_go(folder: ArchiveFolder, url: str, words: tuple[str, ...], code: int, told: str) -> None:
    keep(folder, "one")
    done = alerts(folder, "--webhook", url, *words)
    assert (done.exit_code, told in done.stderr) == (code, True), done.output
    assert "word@" not in done.output


def test_it_is_printed_or_sent_not_both(folder: ArchiveFolder, hook: Hook) -> None:
    keep(folder, "one")
    done = sent(folder, hook, "--json")
    assert (done.exit_code, hook.got) == (2, [])


def test_a_backup_has_what_was_told(folder: ArchiveFolder, tmp_path: Path) -> None:
    keep(folder, "one")
    told(folder)
    to, again = tmp_path / "backup", tmp_path / "again"
    for words in (("-a", str(folder.root), "backup", str(to)), ("restore", str(to), str(again))):
        done = CliRunner().invoke(group, list(words))
        assert done.exit_code == 0, done.output
    assert told(ArchiveFolder(again)) == []
