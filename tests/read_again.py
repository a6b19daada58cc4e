"""Read pages and print what they say: one line of JSON a page. Run by tests/test_extract_same.py in other surroundings.

python tests/read_again.py SECONDS-TO-MOVE-THE-CLOCK EVERY forward|backward own|corpus
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def move_clock(shift: float) -> None:
    """Let this process believe that it is another day."""
    real_time, real_datetime, real_localtime = time.time, dt.datetime, time.localtime

    class Moved(real_datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return cls.fromtimestamp(real_time() + shift, tz)

        @classmethod
        def today(cls) -> dt.datetime:
            return cls.now()

    class MovedDay(dt.date):
        @classmethod
        def today(cls) -> dt.date:
            return Moved.now().date()

    time.time = lambda: real_time() + shift
    time.localtime = lambda s=None: real_localtime(real_time() + shift if s is None else s)
    dt.datetime, dt.date = Moved, MovedDay  # type: ignore[misc]


def main() -> None:
    """Print the results in the order of the pages, whatever the order in which they were read."""
    shift, every, order, which = sys.argv[1:]
    move_clock(float(shift))  # before anything takes `datetime` by name
    sys.path.insert(0, str(ROOT))
    from archive.extract.extract import extract
    from tests.extract_pages import all_pages, own_pages

    pages = (own_pages() if which == "own" else all_pages()[0])[:: int(every)]
    found = {}
    for at in range(len(pages)) if order == "forward" else reversed(range(len(pages))):
        first, again = (json.dumps(asdict(extract(pages[at].page())), ensure_ascii=True) for _ in range(2))
        found[at] = first if first == again else f"NOT THE SAME TWICE: {first} {again}"
    for at, page in enumerate(pages):
        sys.stdout.write(f"{json.dumps(page.url)} {found[at]}\n")


if __name__ == "__main__":
    main()
