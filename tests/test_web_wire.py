"""Who may ask, and how: names, other sites, silence, slowness, nonsense, many at once. Against a server of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from archive.web import wire
from archive.web.hosts import asked_by_another_site, is_ours
from archive.web.serve import application
from tests.served import Served, served
from tests.web_kit import House, fill, filled_house, make_folder


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8001", True),
        ("[::1]:8001", True),
        ("192.168.1.7", True),  # an address is no name that a stranger could have given
        ("localhost:8001", True),
        ("LOCALHOST.", True),
        ("desk.example:8001", True),  # allowed
        ("Desk.Example.", True),
        ("evil.example:8001", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("xdesk.example", False),
        ("desk.example.evil.example", False),
        ("", False),
        (":8001", False),
        ("desk.example:8001:1", False),
        ("desk.example@evil.example", False),
        ("evil.example\\desk.example", False),
        ("desk.example, evil.example", False),
        ("[::1", False),
        ("[::1%25lo]", False),
        ("a" * 5000, False),
        ("d\u00e9sk.example", False),
    ],
)
def test_names_that_this_server_answers_to(host: str, ours: bool) -> None:
    assert is_ours(host, {"desk.example"}) is ours


@pytest.mark.parametrize(
    ("site", "mode", "dest", "refused"),
    [
        ("cross-site", "navigate", "document", False),  # a link that a person follows
        ("cross-site", "navigate", "iframe", True),
        ("cross-site", "no-cors", "script", True),
        ("cross-site", "no-cors", "image", True),
        ("cross-site", "cors", "empty", True),
        ("same-origin", "cors", "empty", False),
        ("same-site", "no-cors", "image", False),  # another port of this machine
        ("none", "navigate", "document", False),  # typed
        (None, None, None, False),  # no browser
    ],
)
def test_what_other_sites_may_ask(site: str | None, mode: str | None, dest: str | None, refused: bool) -> None:
    named = ((b"sec-fetch-site", site), (b"sec-fetch-mode", mode), (b"sec-fetch-dest", dest))
    assert asked_by_another_site({name: value.encode() for name, value in named if value is not None}) is refused


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return filled_house(tmp_path_factory.mktemp("web") / "a")


@pytest.mark.parametrize(
    "path",
    ["/", "/search.json?q=harbour", "/archive.json?sql=select+1", "/archived/2026/x", "/-/static/app.css", "/none"],
)
def test_nothing_is_told_to_a_rebound_name(house: House, path: str) -> None:
    answer = house.get(path, headers={"Host": "rebound.example:8001"})
    assert (answer.status_code, "--allow-host rebound.example" in answer.text) == (421, True)
    assert house.get(path, headers={"Host": "localhost:8001"}).status_code in {200, 404, 400}


@pytest.mark.parametrize("path", ["/", "/search.json?q=harbour", "/archive.json?sql=select+1", "/-/static/app.css"])
def test_nothing_is_told_to_a_page_of_another_site(house: House, path: str) -> None:
    other = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert house.get(path, headers=other).status_code == 403
    answer = house.get(path, headers={"Origin": "https://evil.example"})
    assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_a_page_from_the_archive_may_ask_for_what_it_is_shown_with(house: House) -> None:
    sandboxed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert house.get("/archived/2026/https%3A%2F%2Fp.example%2Fi.png", headers=sandboxed).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/archive", "/archive/articles", "/-/logout"])
def test_nothing_can_be_sent_to_datasette_either(house: House, method: str, path: str) -> None:
    assert house.get(path, method=method, content=b"x" * 100_000).status_code == 405


def test_in_public_any_name_will_do_until_one_is_given(house: House) -> None:
    for names, status in ((None, 200), ({"desk.example"}, 421)):
        here = House(house.folder, application(house.folder, public=True, names=names), {})
        assert here.get("/", headers={"Host": "anything.example"}).status_code == status
        assert here.get("/", headers={"Host": "desk.example"}).status_code == 200


# -- on the wire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = make_folder(tmp_path_factory.mktemp("wire") / "a")
    fill(folder)
    (folder.root / "sources.toml").write_text("", encoding="utf-8")
    with served(folder.root, "--allow-host", "desk.example") as here:
        yield here


def spoken(server: Served, data: bytes, timeout: float = 10.0) -> bytes:
    """Send bytes and return what comes back until the server ends it or says nothing more for a second."""
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=timeout)) as line:
        line.sendall(data)
        line.settimeout(1.0)
        found = b""
        try:
            while part := line.recv(65536):
                found += part
        except (TimeoutError, ConnectionResetError):
            pass
        return found


_LOCAL = b"Host: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"GET / HTTP/1.1\r\nHost: desk.example\r\n\r\n", b"HTTP/1.1 200 "),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"HTTP/1.1 421 "),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.1 421 "),
        (b"GET http://evil.example/ HTTP/1.1\r\n" + _LOCAL + b"\r\n", b"HTTP/1.1 404 "),
        (b"GET //evil.example/ HTTP/1.1\r\n" + _LOCAL + b"\r\n", b"HTTP/1.1 404 "),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + _LOCAL + b"\r\n", b"HTTP/1.1 4"),
        (b"GET / HTTP/1.1\r\n" + _LOCAL + b"X: " + b"a" * 70_000 + b"\r\n\r\n", b"HTTP/1.1 4"),
        (b"GET / HTTP/1.1\r\n" + _LOCAL + b"X: a\r\n" * 40_000 + b"\r\n", b"HTTP/1.1 4"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello", b"HTTP/1.1 400 "),
        (b"\0" * 5_000, b"HTTP/1.1 400 "),
        (b"GET / HTTP/9.9\r\n" + _LOCAL + b"\r\n", b"HTTP/1.1 "),
        (b"GET /\xff\xfe HTTP/1.1\r\n" + _LOCAL + b"\r\n", b"HTTP/1.1 4"),
        (b"GET / HTTP/1.1\r\n" + _LOCAL + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 "),
        (b"GET / HTTP/1.1\r\n" + _LOCAL + b"Content-Length: -1\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\n" + _LOCAL + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", b"HTTP/1.1 "),
        (b"CONNECT evil.example:443 HTTP/1.1\r\n" + _LOCAL + b"\r\n", b"HTTP/1.1 4"),
        (b"GET / HTTP/1.1\r\n Host: x\r\n\r\n", b"HTTP/1.1 400 "),
    ],
)  # fmt: skip
def test_odd_questions_get_an_answer_and_do_no_harm(server: Served, said: bytes, answer: bytes) -> None:
    heard = spoken(server, said)
    # Whoever still sends when it is refused may hear of nothing but the end (RFC 9112 section 9.6).
    assert heard.startswith(answer) or (heard == b"" and len(said) > wire.MAX_HEAD), heard[:200]
    assert server.get("/")[0] == 200


def test_questions_in_one_go_are_answered_in_order(server: Served) -> None:
    wanted = [b"/search.json?q=harbour", b"/none", b"/search.json?q=budget", b"/changes.json"]
    said = b"".join(b"GET " + path + b" HTTP/1.1\r\n" + _LOCAL + b"\r\n" for path in wanted)
    heard = spoken(server, said + b"nonsense without end\r\n\r\n")
    assert [part[:3] for part in heard.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200", b"200", b"400"]


def test_a_thousand_open_connections_and_the_next_is_answered(server: Served) -> None:
    with ExitStack() as held:
        for _ in range(1_050):
            line = held.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), timeout=10)))
            line.send(b"GET / HTTP/1.1\r\n")  # and no more
        begun = time.monotonic()
        assert server.get("/")[0] == 200
        assert time.monotonic() - begun < 5
        assert server.megabytes() < 300
    assert server.get("/search?q=harbour")[0] == 200


@pytest.mark.parametrize(("unsent", "waits"), [(0, wire.ASKING), (5_000, wire.READING)])
def test_whoever_is_silent_is_left(unsent: int, waits: float) -> None:
    """By a clock of its own: a silent one, and one who takes nothing of an answer."""
    import uvicorn
    from uvicorn.server import ServerState

    class Transport:
        aborted = False

        def get_write_buffer_size(self) -> int:
            return unsent

        def get_extra_info(self, _name: str, default: object = None) -> object:
            return default

        def abort(self) -> None:
            self.aborted = True

    class Loop:
        now = 0.0
        due: list[object] = []  # noqa: RUF012

        def time(self) -> float:
            return self.now

        def call_later(self, seconds: float, call: object) -> None:
            self.now += seconds
            self.due.append(call)

    loop, transport = Loop(), Transport()
    config = uvicorn.Config(lambda: None, log_level="error", lifespan="off")
    config.load()
    made = wire.Connection(config=config, server_state=ServerState(), app_state={}, _loop=loop)  # type: ignore[arg-type]
    made.connection_made(transport)  # type: ignore[arg-type]
    while not transport.aborted:
        loop.due.pop()()  # type: ignore[operator]
        assert loop.now < 2 * waits
    assert loop.now > waits


def test_slow_readers_keep_nobody_waiting(server: Served) -> None:
    """Twenty who ask for much and take a byte now and then."""
    path = b"/archive/articles.json?_size=1000"
    with ExitStack() as held:
        slow = []
        for _ in range(20):
            line = held.enter_context(closing(socket.socket()))
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            line.settimeout(20)
            line.connect(("127.0.0.1", server.port))
            line.sendall(b"GET " + path + b" HTTP/1.1\r\n" + _LOCAL + b"\r\n")
            slow.append(line)
        stop = threading.Event()

        def sip() -> None:
            while not stop.wait(0.2):
                for line in slow:
                    line.recv(1)

        thread = threading.Thread(target=sip, daemon=True)
        thread.start()
        begun = time.monotonic()
        for _ in range(10):
            assert server.get("/")[0] == 200
        assert time.monotonic() - begun < 10
        stop.set()
        thread.join()
