"""Which stemmer a text gets where nobody said its language."""

from __future__ import annotations

_SAMPLE = 1000  # characters; two copies in one language must get the same, not the right one


def stemmer_language(text: str, language: str | None) -> str | None:
    """Return the language as it was said, else as the text looks (resiliparse's rank order of character n-grams)."""
    if language or not text.strip():
        return language
    from resiliparse.parse.lang import detect_fast

    found, _ = detect_fast(text[:_SAMPLE])
    return None if found == "unknown" else str(found)
