"""`morgue serve` as a process of its own, on a port, with its memory watched."""

from __future__ import annotations

import http.client
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from archive.folder import ArchiveFolder
from tests.line import MORGUE, environment
from tests.store_helpers import article, new_store, put, snapshot
from tests.web_kit import make_folder


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    address: str  # with a slash at its end
    pid: int

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(urlsplit(self.address).port or 0)

    def get(self, path: str, timeout: float = 60.0, **headers: str) -> tuple[int, bytes]:
        """Ask for a path, on a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as connection:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def megabytes(self, *, peak: bool = False) -> float:
        """Return the memory that the process holds, or held at most since `forget_peak`."""
        return memory(self.pid, peak=peak)

    def forget_peak(self) -> None:
        """Let the peak begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


def memory(pid: int, *, peak: bool = False) -> float:
    """Return the resident memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s*(\d+)", status)
    assert found is not None
    return int(found[1]) / 1000


@contextmanager
def served(root: Path, *options: str) -> Iterator[Served]:
    """Serve an archive until the block ends; what it says on standard error holds no traceback."""
    command = [*MORGUE, "-a", str(root), "serve", "--port", "0", *options]
    log = root.parent / f"{root.name}.serve.log"  # not a pipe: one that nobody reads stops whoever writes into it
    with log.open("w") as kept, subprocess.Popen(
        command, env=environment("2026-05-02T12:00:00Z"), stderr=kept
    ) as process:  # fmt: skip
        try:
            yield Served(_address(process, log), process.pid)
        finally:
            process.send_signal(2)
            code = process.wait(60)
    said = log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in said, said[-4000:]
    assert code == 0, said[-4000:]


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"http://\S+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(log.read_text()[-4000:])


def large_archive(root: Path, articles: int, words: int = 600) -> ArchiveFolder:
    """Make an archive of long articles from a few hundred words, which are frequent in all of them."""
    folder = make_folder(root)
    store = new_store(folder.archive_db)
    with store.transaction():
        for number in range(articles):
            body = " ".join(
                f"word{(number * 31 + at * at) % 997} harbour{'.' * (at % 20 == 0)}" for at in range(words // 2)
            )
            shot = snapshot(f"https://paper{number % 7}.example/{number}", number, source=f"Paper {number % 7}")
            put(store, shot, article(body, f"Harbour number {number}", published="2026-05-01", authors=("Ann Author",)))
    store.close()
    (root / "sources.toml").write_text("", encoding="utf-8")
    return folder
