"""Pages of one site, which all end with the same line of its furniture."""

from __future__ import annotations

from collections.abc import Iterable

FURNITURE = "The harbour diary comes out each Friday and is read in forty towns along the coast."


def html(number: int, furniture: Iterable[str] = (FURNITURE,), said: str = "reopened") -> str:
    """Return a page of six paragraphs, no two of which are alike, and the site's own lines after them."""
    sentences = [
        f"The mole of town {number}-{part} {said} on Monday after works that took {part + 3} long weeks, its master said."
        for part in range(24)
    ]
    words = "".join(f"<p>{' '.join(sentences[at : at + 4])}</p>" for at in range(0, 24, 4))
    last = "".join(f"<p>{line}</p>" for line in furniture)
    title = f"Mole {number} opens"
    return (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{words}{last}</article></body></html>"
    )
