"""The one line by which a bench tells scripts/bench/all its figures."""

from __future__ import annotations

import json
from collections.abc import Mapping

MARK = "RESULT "


def result(figures: Mapping[str, float | int | str]) -> None:
    """Print the figures of a run, what they are and in which unit -> the median or ratio, as its last line."""
    rounded = {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in figures.items()}
    print(MARK + json.dumps(rounded, ensure_ascii=False), flush=True)


def result_in(output: str) -> dict[str, float | int | str] | None:
    r"""Return the figures that a bench printed; None if it printed none.

    >>> result_in('noise\nRESULT {"pages a second": 3.5}\n')
    {'pages a second': 3.5}
    """
    lines = [line for line in output.splitlines() if line.startswith(MARK)]
    return None if not lines else dict(json.loads(lines[-1].removeprefix(MARK)))
