"""Many readers at once: pages, searches, JSON, SQL, each on a connection of its own, over and over, and how long they wait."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field

from tests.served import Served

PATHS = (
    "/", "/search?q=the", "/search?q=harbour+OR+council&sort=newest", "/search.json?q=the&all=1", "/search.atom?q=the",
    "/sources", "/changes", "/gone", "/index.json", "/archive", "/archive/articles", "/archive/articles.json?_size=20",
    "/archive.json?sql=select+source,count(*)+from+articles_view+group+by+1", "/archive/newest", "{article}", "{article}/diff",
    "{article}.json",
)  # fmt: skip


@dataclass(slots=True)
class Heard:
    """What readers heard."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    megabytes: float = 0.0

    @property
    def p95(self) -> float:
        """Return the time within which 95 of a hundred answers were whole, seconds."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.95)] if self.seconds else 0.0

    def __str__(self) -> str:
        return (
            f"{len(self.seconds)} answers, p95 {self.p95 * 1000:.0f} ms, longest {max(self.seconds, default=0) * 1000:.0f} ms, "
            f"server {self.megabytes:.0f} MB at most, {len(self.wrong)} wrong"
        )


@contextmanager
def reading(server: Served, readers: int, *, pause: float) -> Iterator[Heard]:
    """Let readers read while the block runs; each rests about `pause` seconds between two pages."""
    heard, stop = Heard(), threading.Event()
    names = _articles(server)
    threads = [
        threading.Thread(target=_read, args=(server, names, random.Random(number), pause, stop, heard))
        for number in range(readers)
    ]
    with ExitStack() as ended:
        ended.callback(lambda: [thread.join() for thread in threads])
        ended.callback(stop.set)
        for thread in threads:
            thread.start()
        yield heard
    heard.megabytes = server.megabytes(peak=True)


def _articles(server: Served) -> list[str]:
    import json

    status, body = server.get("/search.json?all=1&limit=50")
    assert status == 200, body[:500]
    return [f"/article/{hit['id']}" for hit in json.loads(body)["hits"]] or ["/sources"]


def _read(  # noqa: PLR0917 - a thread's arguments
    server: Served, names: list[str], chance: random.Random, pause: float, stop: threading.Event, heard: Heard
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        while not stop.wait(chance.uniform(0, 2 * pause)):
            path = chance.choice(PATHS).format(article=chance.choice(names))
            begun = time.monotonic()
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if isinstance(error, http.client.RemoteDisconnected | BrokenPipeError | ConnectionResetError):
                    continue  # closed between two questions (uvicorn keeps a silent connection for five seconds)
                heard.wrong.append(f"{path}: {error!r}")
                continue
            heard.seconds.append(time.monotonic() - begun)
            heard.statuses[answer.status] += 1
            if answer.status not in {200, 302} or (b'"ok": false' in body):
                heard.wrong.append(f"{path}: {answer.status} {body[:300]!r}")
