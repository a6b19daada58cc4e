"""Which extractors have read what, and two of them compared over the captures that both have read. Read-only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from archive.errors import QueryError
from archive.extract import EXTRACTOR
from archive.model import Extraction
from archive.reextract.report import Outcome, Report, Told
from archive.store.rows import unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An extractor of this archive."""

    extractor: str  # name:version, and its settings' digest where it has any
    installed: bool  # the one that reads new captures
    readings: int  # extractions it made
    articles: int  # of those, that found an article
    in_force: int
    sources: tuple[str, ...]  # promoted for, and not rolled back

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)


def extractors(conn: sqlite3.Connection) -> list[Known]:
    """Return all extractors of an archive, in the order in which they came."""
    in_force = dict(
        conn.execute(
            "SELECT e.extractor, count(*) FROM captures c JOIN extractions e ON e.pk = c.extraction GROUP BY 1"
        ).fetchall()
    )
    counts = {
        pk: (readings, articles)
        for pk, readings, articles in conn.execute(
            "SELECT extractor, count(*), sum(status = 'article') FROM extractions GROUP BY 1"
        )
    }
    promoted: dict[int, set[str]] = {}
    known = conn.execute(
        "SELECT 1 FROM sqlite_master WHERE name = 'promotions'"
    ).fetchone()  # none in an older Morgue's
    for source, extractor in (
        ()
        if known is None
        else conn.execute(
            "SELECT source, extractor FROM promotions p WHERE pk = (SELECT max(pk) FROM promotions q"
            " WHERE q.source = p.source AND q.rolled_back_at IS NULL)"
        )
    ):
        promoted.setdefault(extractor, set()).add(source or "(no source)")
    found = []
    for pk, name, version, config in conn.execute("SELECT pk, name, version, config FROM extractors ORDER BY pk"):
        readings, articles = counts.get(pk, (0, 0))
        found.append(
            Known(
                extractor=f"{name}:{version}" + (f":{config}" if config else ""),
                installed=(name, version) == (EXTRACTOR.name, EXTRACTOR.version),
                readings=readings,
                articles=articles,
                in_force=in_force.get(pk, 0),
                sources=tuple(sorted(promoted.get(pk, ()))),
            )
        )
    return found


def compare(
    conn: sqlite3.Connection, before: str, after: str, *, sources: Collection[str] = (), names: Mapping[str, str]
) -> list[Report]:
    """Return what another extractor reads otherwise, capture by capture, over those that both have read.

    `before`, `after`: as `extractors` writes them; without settings all of that version. `names`: old names of sources to
    those of now. Raises `QueryError` for an extractor that has read nothing here.
    """
    one, other = (_rows(conn, which) for which in (before, after))
    reports: dict[str, Report] = {}
    rows = conn.execute(
        "SELECT c.url, c.source, a.digest = b.digest, a.result, b.result FROM extractions a JOIN extractions b"  # noqa: S608 - marks
        " ON b.capture = a.capture JOIN captures c ON c.pk = a.capture"
        f" WHERE a.extractor IN ({_marks(one)}) AND b.extractor IN ({_marks(other)}) ORDER BY a.capture",
        [*one, *other],
    )
    for url, source, same, was, now in rows:
        name = names.get(source or "", source or "")
        if sources and name not in sources:
            continue
        report = reports.setdefault(name, Report(source=name, extractor=after, outcome=Outcome.DRY))
        told = _told(url, unpack(was))
        report.captures += 1
        report.articles += told.shown
        if not same:
            report.take(told, _told(url, unpack(now)))
    return [reports[name] for name in sorted(reports)]


def _told(url: str, said: Extraction) -> Told:
    return Told(
        id=url,
        url=url,
        title=said.title,
        authors=json.dumps(said.authors, ensure_ascii=False),
        published=said.published,
        text=said.text or "",
        shown=said.article and bool(said.text),
    )


def _rows(conn: sqlite3.Connection, which: str) -> list[int]:
    name, _, rest = which.partition(":")
    version, colon, config = rest.partition(":")
    rows = conn.execute(
        "SELECT pk FROM extractors WHERE name = ? AND version = ? AND (? OR config = ?)",
        (name, version, not colon, config),
    ).fetchall()
    if not rows:
        known = ", ".join(one.extractor for one in extractors(conn)) or "none"
        raise QueryError(f"no extractor {which!r} has read anything here. There are: {known}. `morgue extractors list`")
    return [row[0] for row in rows]


def _marks(values: Collection[int]) -> str:
    return ", ".join("?" * len(values))
