"""Many ordered streams as one, with few of them open at a time.

`heapq.merge` opens all of them at once: a rebuild of a thousand WARC files would need as many file descriptors, and a
buffer for each. A crawl's files follow one another in time, so that mostly one or two of them are wanted.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

MOST_OPEN = 64  # files at once, each with a buffer of 1 MiB and one record in hand

File = TypeVar("File")
Item = TypeVar("Item")


def merged(
    files: Iterable[File],
    first_key: Callable[[File], str | None],
    items: Callable[[File], Iterator[tuple[str, Item]]],
    *,
    most_open: int = MOST_OPEN,
) -> Iterator[Item]:
    """Yield the items of all files in the order of their keys; where keys are equal, in the order of `files`.

    `first_key(file)`: the key of its first item (a look that opens and closes it), None if it has none. `items(file)`:
    its (key, item) pairs; keys must not go back. A file is opened when its first key has come. Where more than
    `most_open` overlap, the further ones are opened when others have ended: their items then come late.
    """
    listed = list(files)
    if len(listed) == 1:
        yield from (item for _, item in items(listed[0]))
        return
    begins = ((first_key(file), number, file) for number, file in enumerate(listed))
    closed = deque(sorted(((key, number, file) for key, number, file in begins if key is not None), key=_place))
    heap: list[tuple[str, int, Item, Iterator[tuple[str, Item]]]] = []
    while closed or heap:
        while closed and len(heap) < most_open and (not heap or closed[0][:2] <= heap[0][:2]):
            _, number, file = closed.popleft()
            _push(heap, number, items(file))
        if heap:
            _, number, item, stream = heapq.heappop(heap)
            yield item
            _push(heap, number, stream)


def _place(entry: tuple[str, int, object]) -> tuple[str, int]:
    return entry[0], entry[1]


def _push(
    heap: list[tuple[str, int, Item, Iterator[tuple[str, Item]]]], number: int, stream: Iterator[tuple[str, Item]]
) -> None:
    step = next(stream, None)
    if step is not None:
        heapq.heappush(heap, (step[0], number, step[1], stream))
