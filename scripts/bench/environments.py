"""Virtual environments of peers: each has its own, with the exact versions of its .txt file.

newspaper4k and news-please would otherwise decide what lxml ours is measured with.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_INSTALL = 1800.0  # seconds


class InstallError(Exception):
    """A peer's environment could not be made."""


def default_folder() -> Path:
    """Return where environments are kept unless the user says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "newsmorgue" / "bench-peers"


def pins(listed: Path) -> list[str]:
    """Return the exact versions of an environment."""
    return listed.read_text(encoding="utf-8").split()


def python_of(listed: Path, folder: Path, say: Callable[[str], None]) -> Path:
    """Return the Python of the environment with these versions, made where it is not there. Raises InstallError."""
    wanted, environment = pins(listed), listed.stem
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(" ".join([version, *wanted]).encode()).hexdigest()[:12]
    place = folder / f"{environment}-{digest}"
    python = place / "bin" / "python"
    done = place / "complete"
    if done.is_file():
        return python
    shutil.rmtree(place, ignore_errors=True)
    say(f"installing {environment} ({len(wanted)} packages) into {place}")
    for command in (
        [sys.executable, "-m", "venv", str(place)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", *wanted],
    ):
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InstallError(repr(error)) from error
        if run.returncode:
            raise InstallError(next(reversed(run.stderr.strip().splitlines()), "no message"))
    done.write_text("\n".join(wanted), encoding="utf-8")
    return python
