"""Many ordered streams as one, few of them open at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archive.merge import merged

Streams = dict[str, str]  # name -> its keys, a letter each


class Shelf:
    """Counts how many streams are open."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.open = self.most = 0

    def first(self, name: str) -> str | None:
        return self.streams[name][:1] or None

    def items(self, name: str) -> Iterator[tuple[str, str]]:
        self.open += 1
        self.most = max(self.most, self.open)
        for key in self.streams[name]:
            yield key, key + name
        self.open -= 1


@pytest.mark.parametrize(
    ("streams", "expected", "most"),
    [
        ({}, "", 0),
        ({"1": "abc"}, "a1 b1 c1", 1),
        ({"2": "cd", "1": "ab"}, "a1 b1 c2 d2", 2),  # in the order of their keys, not of the list
        ({"1": "ad", "2": "bc"}, "a1 b2 c2 d1", 2),
        ({"1": "a", "2": "a"}, "a1 a2", 2),  # equal keys: in the order given
        ({"1": "aa", "2": "", "3": "ab"}, "a1 a1 a3 b3", 2),  # one without items
        ({"1": "ac", "2": "bd", "3": "be"}, "a1 b2 c1 b3 d2 e3", 2),  # more than may be open: late, not lost
        ({name: name for name in "abcdefghij"}, " ".join(name * 2 for name in "abcdefghij"), 2),
    ],
)
def test_merged(streams: Streams, expected: str, most: int) -> None:
    shelf = Shelf(streams)
    assert " ".join(merged(streams, shelf.first, shelf.items, most_open=2)) == expected
    assert shelf.most <= most
    assert shelf.open == 0
