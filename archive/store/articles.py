"""Rows of articles and revisions, written from a history and the extraction that is shown."""

from __future__ import annotations

import json
import sqlite3

from archive.dedupe.exact import Deduper
from archive.dedupe.identity import Names, names_of
from archive.dedupe.revisions import History, Published, Run
from archive.errors import UrlError
from archive.model import Extraction
from archive.store.changes import Told, clear_changes, follow_readings, write_changes
from archive.store.rows import ARTICLE_DIGEST, clean_or_none, digest_of, sort_instant, unpack
from archive.terms import terms
from archive.urls import registered_domain

_INSERT_ORDER = (
    "pk", "id", "url", "url_key", "canonical_url", "canonical_key", "source", "domain", "title", "authors",
    "published", "published_precision", "published_via", "modified", "language", "word_count", "first_seen",
    "last_seen", "gone_at", "sort_at", "story", "kind", "capture", "truncated", "section", "image", "keywords",
    "description", "provenance", "digest", "title_terms", "text", "text_terms",
)  # fmt: skip
_INSERT = f"INSERT INTO articles ({', '.join(_INSERT_ORDER)}) VALUES ({', '.join('?' * len(_INSERT_ORDER))})"  # noqa: S608
_SHOWN = (
    "canonical_url", "canonical_key", "title", "authors", "language", "word_count", "section", "image", "keywords",
    "description", "provenance", "title_terms", "text", "text_terms",
)  # fmt: skip
_SEEN = (
    "source", "published", "published_precision", "published_via", "modified", "first_seen", "last_seen", "gone_at",
    "sort_at", "capture", "truncated", "digest",
)  # fmt: skip
_UPDATE_SEEN = f"UPDATE articles SET {', '.join(f'{name} = ?' for name in _SEEN)} WHERE pk = ?"  # noqa: S608
_UPDATE_ALL = f"UPDATE articles SET {', '.join(f'{name} = ?' for name in _SEEN + _SHOWN)} WHERE pk = ?"  # noqa: S608


class Articles:
    """Writes articles and their revisions within the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, deduper: Deduper) -> None:
        self._conn = conn
        self._deduper = deduper

    def next_pk(self) -> int:
        """Return the row number that the next article gets."""
        return int(self._conn.execute("SELECT ifnull(max(pk), 0) + 1 FROM articles").fetchone()[0])

    def insert(
        self,
        pk: int,
        public: str,
        names: Names,
        history: History,
        extraction: Extraction,
        *,
        story: int,
        kind: str,
    ) -> None:
        """Insert a new article with its first revision."""
        row: dict[str, object] = {
            "pk": pk,
            "id": public,
            "url": names.url,
            "url_key": names.birth,
            "domain": registered_domain(names.url),
            "story": story,
            "kind": kind,
        }
        row |= _shown_columns(extraction, names)
        row |= _seen_columns(history)
        row["digest"] = digest_of([row[name] for name in ARTICLE_DIGEST])
        self._conn.execute(_INSERT, [row[name] for name in _INSERT_ORDER])
        for seq, run in enumerate(history.runs, 1):
            self._insert_run(pk, seq, run, extraction, None)

    def history(self, pk: int, *, whole: bool = False) -> History:
        """Return an article's history as it is stored; unless `whole`, of the runs only the last."""
        row = self._conn.execute(
            "SELECT first_seen, last_seen, gone_at, capture, truncated, published, published_precision, published_via,"
            " modified, source FROM articles WHERE pk = ?",
            (pk,),
        ).fetchone()
        runs = self._conn.execute(
            "SELECT content, seen_from, seen_to, capture FROM revisions WHERE article = ? AND cause = 'publisher'"
            " ORDER BY seq DESC LIMIT ?",
            (pk, -1 if whole else 1),
        ).fetchall()
        return History(
            first_seen=row[0],
            last_seen=row[1],
            gone_at=row[2],
            shown=row[3],
            truncated=bool(row[4]),
            published=None if row[5] is None else Published(value=row[5], precision=row[6], via=row[7]),
            modified=row[8],
            source=row[9],
            runs=tuple(Run(*run) for run in reversed(runs)),
        )

    def extend(self, pk: int, before: History, after: History, extraction: Extraction | None) -> None:
        """Write what one step at the end of a history changed."""
        if len(after.runs) > len(before.runs):
            last = self._conn.execute(
                "SELECT seq, title, text FROM revisions WHERE article = ? AND cause = 'publisher' ORDER BY seq DESC LIMIT 1",
                (pk,),
            ).fetchone()
            seq, told = (1, None) if last is None else (last[0] + 1, (last[1], last[2]))
            text = extraction or self._extraction(after.runs[-1].capture)
            self._insert_run(pk, seq, after.runs[-1], text, told)
            self._remember(pk, after.runs[-1], text)
        elif after.runs != before.runs:
            self._conn.execute(
                "UPDATE revisions SET seen_to = ? WHERE article = ? AND cause = 'publisher' AND seq ="
                " (SELECT max(seq) FROM revisions WHERE article = ? AND cause = 'publisher')",
                (after.runs[-1].seen_to, pk, pk),
            )
        self._update(pk, after, show=after.shown != before.shown, extraction=extraction)

    def rewrite(self, pk: int, history: History) -> None:
        """Write an article anew from its whole history: something came late, or was read again."""
        self._conn.execute("DELETE FROM revisions WHERE article = ? AND cause = 'publisher'", (pk,))
        clear_changes(self._conn, pk, "publisher")
        self._deduper.forget(pk)
        told: Told | None = None
        for seq, run in enumerate(history.runs, 1):
            extraction = self._extraction(run.capture)
            told = self._insert_run(pk, seq, run, extraction, told)
            self._remember(pk, run, extraction)
        if not history.runs:
            extraction = self._extraction(history.shown)
            self._remember(pk, Run("", history.first_seen, history.last_seen, history.shown), extraction)
        follow_readings(self._conn, pk)
        self._update(pk, history, show=True, extraction=None)

    def show(self, pk: int, history: History) -> None:
        """Write an article's row anew from its history, whose texts are what they were."""
        self._update(pk, history, show=True, extraction=None)

    def is_hidden(self, pk: int) -> bool:
        """Return whether no capture shows the article any more."""
        return bool(self._conn.execute("SELECT hidden FROM articles WHERE pk = ?", (pk,)).fetchone()[0])

    def hide(self, pk: int) -> None:
        """Take an article out of search and lists; its row, revisions and story stay."""
        self._conn.execute("UPDATE articles SET hidden = 1 WHERE pk = ?", (pk,))
        self._deduper.forget(pk)

    def _update(self, pk: int, history: History, *, show: bool, extraction: Extraction | None) -> None:
        names = ", ".join(ARTICLE_DIGEST)
        old = dict(
            zip(
                ARTICLE_DIGEST,
                self._conn.execute(f"SELECT {names} FROM articles WHERE pk = ?", (pk,)).fetchone(),  # noqa: S608
                strict=True,
            )
        )
        row: dict[str, object] = {**old, **_seen_columns(history)}
        if show:
            shown = extraction or self._extraction(history.shown)
            row |= _shown_columns(shown, _names_or_none(str(old["url"]), shown.canonical))
            row |= _seen_columns(history)
        row["digest"] = digest_of([row[name] for name in ARTICLE_DIGEST])
        columns = _SEEN + _SHOWN if show else _SEEN
        self._conn.execute(_UPDATE_ALL if show else _UPDATE_SEEN, [*(row[name] for name in columns), pk])
        if show:
            self._conn.execute("UPDATE articles SET hidden = 0 WHERE pk = ? AND hidden = 1", (pk,))

    def _insert_run(self, pk: int, seq: int, run: Run, extraction: Extraction, before: Told | None) -> Told:
        """Insert a revision, and what it changed against the one before; return its title and text."""
        title, text = clean_or_none(extraction.title), clean_or_none(extraction.text) or ""
        self._conn.execute(
            "INSERT INTO revisions (article, seq, seen_from, seen_to, capture, title, text, cause, content, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'publisher', ?, ?)",
            (pk, seq, run.seen_from, run.seen_to, run.capture, title, text, run.content,
             digest_of([title, text, run.content])),
        )  # fmt: skip
        told = (title, text)
        if before is not None:
            write_changes(
                self._conn, pk, cause="publisher", seq=seq, seen_from=run.seen_from, before=before, after=told
            )
        return told

    def _remember(self, pk: int, run: Run, extraction: Extraction) -> None:
        url = self._conn.execute("SELECT url FROM articles WHERE pk = ?", (pk,)).fetchone()[0]
        self._deduper.revise(
            pk,
            text=extraction.text or "",
            title=extraction.title,
            language=extraction.language,
            url=url,
            at=run.seen_from,
        )

    def _extraction(self, capture: int) -> Extraction:
        row = self._conn.execute(
            "SELECT e.result FROM captures c JOIN extractions e ON e.pk = c.extraction WHERE c.pk = ?", (capture,)
        ).fetchone()
        return unpack(row[0])


def _names_or_none(url: str, canonical: str | None) -> Names | None:
    try:
        return names_of(url, canonical)
    except UrlError:
        return None


def _shown_columns(extraction: Extraction, names: Names | None) -> dict[str, object]:
    """Return the columns that come from the extraction whose text is current."""
    title, text = clean_or_none(extraction.title), clean_or_none(extraction.text) or ""
    link = None if names is None else names.canonical_link
    text_terms = terms(text, extraction.language)
    return {
        "canonical_url": link,
        "canonical_key": None if names is None else names.canonical,
        "title": title,
        "authors": _json(list(extraction.authors)),
        "language": clean_or_none(extraction.language),
        "word_count": text_terms.count(" ") + bool(text_terms),
        "section": clean_or_none(extraction.section),
        "image": clean_or_none(extraction.image),
        "keywords": _json(list(extraction.keywords)),
        "description": clean_or_none(extraction.description),
        "provenance": _json(dict(sorted(extraction.provenance.items()))),
        "title_terms": terms(title or "", extraction.language),
        "text": text,
        "text_terms": text_terms,
    }


def _seen_columns(history: History) -> dict[str, object]:
    """Return the columns that come from the history."""
    published = history.published
    return {
        "source": clean_or_none(history.source),
        "published": published and clean_or_none(published.value),
        "published_precision": published and clean_or_none(published.precision),
        "published_via": published and clean_or_none(published.via),
        "modified": clean_or_none(history.modified),
        "first_seen": history.first_seen,
        "last_seen": history.last_seen,
        "gone_at": history.gone_at,
        "sort_at": sort_instant(published.value if published else None) or history.first_seen,
        "capture": history.shown,
        "truncated": int(history.truncated),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
