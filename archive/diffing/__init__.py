"""What changed between two texts of an article: paragraph by paragraph, then word by word. Pure, at a bounded cost."""

from archive.diffing.matching import Budget
from archive.diffing.paragraphs import Change, Kind, Part, compare
from archive.diffing.words import Op, Span, word_changes

__all__ = ["Budget", "Change", "Kind", "Op", "Part", "Span", "compare", "word_changes"]
