"""SIGINT and SIGTERM over a whole run: start-up, fetching, and the reading that is left when fetching has ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType, TracebackType

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Signals(AbstractContextManager["Signals"]):
    """Takes the first SIGINT or SIGTERM as the order to end in good time; a second one does what it always does.

    `received` names the signal that came. Whoever listens is called in the main thread, between two steps of whatever
    runs there, so it should only leave a note. Elsewhere than in the main thread (a test, another program) Python allows
    no handlers: then none are set.
    """

    def __init__(self) -> None:
        self.received: str | None = None
        self._listeners: list[Callable[[str], None]] = []
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for each in _ENDING:
                self._before[each] = signal.signal(each, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put_back()

    def listen(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with the signal's name; at once, if it has come already."""
        self._listeners.append(listener)
        if self.received is not None:
            listener(self.received)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self._put_back()
        self.received = signal.Signals(number).name
        for listener in self._listeners:
            listener(self.received)

    def _put_back(self) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)  # type: ignore[arg-type] # what `signal.signal` returned before
        self._before.clear()
