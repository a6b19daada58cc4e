"""The readers of the bench: which there are, their environments, and one process for each."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TIMEOUT = 60.0  # seconds a reader may take over one page; the slowest of the measured pages took 9
_START = 180.0  # seconds to load a library: news-please takes 20 from a cold disk


@dataclass(frozen=True, slots=True)
class Kind:
    """One column of the table: which function is asked, and in which environment ("" is the project's own)."""

    name: str
    module: str
    function: str
    environment: str = ""


BASELINE = "trafilatura"  # CPU is told against it
RIVAL = "trafilatura-precision"  # the peer that ours is compared with page by page
PEERS = (
    Kind(BASELINE, "read_trafilatura", "default", "trafilatura"),
    Kind(RIVAL, "read_trafilatura", "precision", "trafilatura"),
    Kind("trafilatura-fast", "read_trafilatura", "fast", "trafilatura"),
    Kind("readability-lxml", "read_readability", "read", "readability"),
    Kind("newspaper4k", "read_newspaper", "read", "newspaper"),
    Kind("news-please", "read_newsplease", "read", "newsplease"),
    Kind("resiliparse", "read_resiliparse", "read", "resiliparse"),
)
# The first is "ours" wherever one figure is compared with another's. A column "with profiles" is one more line here.
OURS = (Kind("ours", "read_ours", "without_profile"),)


def pins_of(kind: Kind) -> Path | None:
    """Return the file with the exact versions of a reader's environment, None for the project's own."""
    return HERE / f"{kind.environment}.txt" if kind.environment else None


class Reader:
    """One reader in its persistent process; a page that hangs or kills it costs that page."""

    def __init__(self, kind: Kind, python: Path) -> None:
        self.kind = kind
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def start(self) -> None:
        """Start the process and wait until it has loaded its library. Raises OSError."""
        folders = [str(HERE)] if self.kind.environment else [str(HERE), str(ROOT), str(Path.cwd())]
        command = [str(self._python), "-W", "ignore", str(HERE / "serve.py"), self.kind.module, self.kind.function]
        self._process = subprocess.Popen(
            [*command, *folders], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        if self._line(_START) != "ready":
            self.end()
            raise OSError(f"{self.kind.name} does not start; try: {' '.join([*command, *folders])}")

    def ask(self, path: Path, url: str) -> dict[str, object]:
        """Return what the reader says of a page: see serve.py. What goes wrong stands under "error"."""
        if self._process is None:
            self.start()
        assert self._process is not None  # noqa: S101 - start raises else
        assert self._process.stdin is not None  # noqa: S101 - a pipe
        try:
            self._process.stdin.write(json.dumps({"path": str(path), "url": url}).encode() + b"\n")
            self._process.stdin.flush()
            said = self._line(TIMEOUT)
        except OSError:
            said = None
        if isinstance(said, dict):
            return said
        self.end()
        return {"cpu": 0.0, "error": f"no answer within {TIMEOUT:.0f} s, or crashed"}

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _line(self, seconds: float) -> object:
        """Return the next line as JSON, None if there is none in time. Answers come whole: one write, one line."""
        assert self._process is not None  # noqa: S101 - only asked of a started reader
        assert self._process.stdout is not None  # noqa: S101 - a pipe
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None


def own_kinds(named: Iterable[str]) -> tuple[Kind, ...]:
    """Return ours: as named on the command line ([LABEL=]MODULE:FUNCTION), else OURS. Raises ValueError."""
    kinds = []
    for text in named:
        label, _, target = text.rpartition("=")
        module, colon, function = target.partition(":")
        if not colon or not module or not function:
            raise ValueError(f"--ours {text}: write it as MODULE:FUNCTION or LABEL=MODULE:FUNCTION")
        kinds.append(Kind(label or f"ours{len(kinds) + 1 if kinds else ''}", module, function))
    return tuple(kinds) or OURS


def peer_kinds(names: str) -> tuple[Kind, ...]:
    """Return the peers of a comma-separated list; "all" and "none" are lists too. Raises ValueError."""
    if names in {"all", "none"}:
        return PEERS if names == "all" else ()
    wanted = names.split(",")
    known = {kind.name: kind for kind in PEERS}
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(f"--peers {','.join(unknown)}: the peers are {', '.join(known)}")
    return tuple(known[name] for name in wanted)
