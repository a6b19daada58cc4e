"""The bench's figures as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_COLUMNS = (
    ("text F1", "f1", ".4f"), ("prec.", "precision", ".4f"), ("recall", "recall", ".4f"), ("dates", "dates", ".3f"),
    ("titles", "titles", ".3f"), ("authors", "authors", ".3f"), ("empty", "empty", "d"), ("errors", "errors", "d"),
    ("ms/page", "cpu_ms", ".1f"), ("CPU", "cpu", ".2f"), ("least", "cpu_least", ".2f"), ("most", "cpu_most", ".2f"),
)  # fmt: skip


def lines(figures: Mapping[str, Mapping[str, Mapping[str, Any]]], baseline: str) -> Iterator[str]:
    """Yield the table: a part for each set, a line for each reader. `figures` is set -> reader -> score."""
    widest = max((len(name) for scores in figures.values() for name in scores), default=8)
    yield f"CPU is a multiple of {baseline}'s in the same run: the median of the rounds, the least and the most."
    for name, scores in figures.items():
        pages = next((s["pages"] for s in scores.values()), 0)
        yield ""
        yield f"{name + f', {pages} pages':<{widest + 12}}" + "".join(f"{title:>9}" for title, _, _ in _COLUMNS)
        for reader, score in scores.items():
            cells = (
                f"{score[key]:>9{form}}" if score.get(key) is not None else f"{'-':>9}" for _, key, form in _COLUMNS
            )
            yield f"  {reader:<{widest + 10}}" + "".join(cells)


def bootstrap_lines(found: Mapping[str, Mapping[str, Any]], ours: str, theirs: str) -> Iterator[str]:
    """Yield the differences of two readers, a line for each set."""
    yield ""
    yield f"text F1, {ours} minus {theirs} on the same pages, 95% interval over hosts:"
    for name, d in found.items():
        yield (
            f"  {name:<18}{100 * d['difference']:+7.2f} points  [{100 * d['low']:+.2f}, {100 * d['high']:+.2f}]   "
            f"better in {100 * d['better']:.1f}% of {d['draws']} draws; {d['pages']} pages of {d['hosts']} hosts"
        )


def unstable_line(reader: str, pages: Sequence[str]) -> str:
    """Return the line that names pages on which a reader's rounds differed."""
    return f"{reader} did not give the same in every round: {len(pages)} pages, {', '.join(pages[:5])}"
