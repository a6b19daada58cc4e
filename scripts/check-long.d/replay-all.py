"""The crawl of the corpus with all its hosts; the tests take every fifth one. Needs MORGUE_CORPUS."""

from __future__ import annotations

import os
import subprocess
import sys

if __name__ == "__main__":
    if not os.environ.get("MORGUE_CORPUS"):
        sys.exit("MORGUE_CORPUS is not set: this check crawls its pages")
    command = [sys.executable, "-m", "pytest", "-q", "tests/test_replay.py"]
    sys.exit(subprocess.run(command, env={**os.environ, "MORGUE_REPLAY": "all"}, check=False).returncode)
