"""Where a partition's file lies. Pure.

Names of sources come from people: a path is made of what every disk and tool can bear.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote

NULL = "__HIVE_DEFAULT_PARTITION__"  # how Hive, Spark, DuckDB, Polars and pyarrow write a partition of NULL
_LONGEST = 200  # bytes; file systems take 255, with `source=` before it
_DIGEST = 16  # hex digits


def value(text: str | None, *, small: bool = False) -> str:
    """Return a partition's value as it stands in a path: percent-encoded, as Hive readers decode it.

    `small`: capitals are encoded, too, for disks that do not tell them apart. What is too long is cut, with a digest.

    >>> value("paper"), value("Die Zeitung/Süd"), value(None)
    ('paper', 'Die%20Zeitung%2FS%C3%BCd', '__HIVE_DEFAULT_PARTITION__')
    >>> value("Paper", small=True)
    '%50aper'
    """
    if not text:
        return NULL
    encoded = quote(text.encode("utf-8", "replace"), safe="").replace("~", "%7E")
    if encoded == NULL:
        encoded = "%5F" + encoded[1:]
    if small:
        encoded = "".join(
            f"%{ord(char):02X}" if char.isupper() and not _in_escape(encoded, at) else char
            for at, char in enumerate(encoded)
        )
    if len(encoded) > _LONGEST:
        cut = encoded[: _LONGEST - _DIGEST - 1]
        cut = cut[: cut.rindex("%")] if "%" in cut[-2:] else cut
        encoded = f"{cut}~{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:_DIGEST]}"
    return encoded


def _in_escape(encoded: str, at: int) -> bool:
    return "%" in encoded[max(0, at - 2) : at]


def source_values(sources: Iterable[str | None]) -> dict[str | None, str]:
    """Return the value in the path of each source; no two are the same, also where a disk ignores case."""
    alike: defaultdict[str, list[str | None]] = defaultdict(list)
    for source in sources:
        alike[value(source).casefold()].append(source)
    return {source: value(source, small=len(group) > 1) for group in alike.values() for source in group}


def place(table: str, month: str, source: str | None = None) -> PurePosixPath:
    """Return the path of a partition's file below the export's folder.

    `source`: as `source_values` has it; None: by month alone.

    >>> str(place("articles", "2026-03", "paper"))
    'articles/month=2026-03/source=paper/articles.parquet'
    """
    parts = [table, f"month={value(month)}"]
    if source is not None:
        parts.append(f"source={source}")
    return PurePosixPath(*parts, f"{table}.parquet")
