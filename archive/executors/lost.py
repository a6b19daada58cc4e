"""What every executor says of a worker that did not come back with an answer."""

from __future__ import annotations


class WorkerLostError(Exception):
    """A worker died or took too long; its work is to be done again, elsewhere. `reason`: as an extraction's."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
