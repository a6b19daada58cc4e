"""`python -m tests.site --port 0 --day 1`: serve the papers until interrupted; the first line printed is JSON."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading

from tests.site.server import NewsSites


def main() -> None:
    """Serve until SIGINT or SIGTERM; with --until-stdin-closes also until the parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m tests.site", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port for every site; 0 lets the system choose")
    parser.add_argument("--day", type=int, default=1, choices=(1, 2, 3))
    parser.add_argument("--latency", type=float, default=0.003, help="seconds before each answer")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    options = parser.parse_args()
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    if options.until_stdin_closes:
        threading.Thread(target=_when_stdin_closes, args=(done,), daemon=True).start()
    with NewsSites(port=options.port, day=options.day, latency=options.latency) as sites:
        control = sites.url("courier", "/__control/")
        sys.stdout.write(json.dumps({"sites": sites.sites, "day": sites.day, "control": control}) + "\n")
        sys.stdout.flush()
        done.wait()


def _when_stdin_closes(done: threading.Event) -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock would be held when the interpreter ends
        pass
    done.set()


if __name__ == "__main__":
    main()
