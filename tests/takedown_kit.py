"""What the promise of a takedown is, looked for in every byte of an archive."""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archive.errors import PayloadError
from archive.payload import dechunk, decode_content, is_chunked, parse_response_head, split_head
from archive.warc import RawReader, RawRecord, warc_files


@dataclass(frozen=True, slots=True)
class Secret:
    """One article: its addresses without the scheme, and words of it that stand nowhere else."""

    article: str  # public id
    url: str
    needles: tuple[bytes, ...]  # addresses
    phrases: tuple[str, ...]  # three times eight words


def secret_of(root: Path, article: str) -> Secret:
    """Return what must not be found of an article any more."""
    with closing(sqlite3.connect(f"file:{root / 'archive.db'}?mode=ro", uri=True)) as db:
        pk, url, text = db.execute("SELECT pk, url, text FROM articles WHERE id = ?", (article,)).fetchone()
        urls = [row[0] for row in db.execute("SELECT DISTINCT url FROM captures WHERE article = ?", (pk,))]
        others = " ".join(row[0] for row in db.execute("SELECT text FROM articles WHERE pk <> ?", (pk,)))
    words = text.split()
    runs = [" ".join(words[at : at + 8]) for at in range(len(words) - 7)]
    own = [run for run in runs if run not in others and '"' not in run and "&" not in run]
    step = max(1, len(own) // 3)
    needles = {one.split("//", 1)[1].encode() for one in (url, *urls)}
    return Secret(article, url, tuple(sorted(needles)), tuple(own[::step][:3]))


def shown(record: RawRecord) -> Iterator[bytes]:
    """Yield a record's head and block, and the block's body without its codings."""
    yield record.head
    yield record.block
    head, payload = split_head(record.block)
    if record.block[:5] == b"HTTP/" and payload:
        try:
            headers = parse_response_head(head).headers
            body = dechunk(payload) if is_chunked(headers) else payload
            body = decode_content(headers, body, allow_truncated=True)
        except PayloadError:
            return
        yield body
        if body.startswith(b"\x1f\x8b"):
            yield zlib.decompress(body, 31)


def found_in_warcs(root: Path, secrets: Collection[Secret], is_article: Callable[[str], bool]) -> list[str]:
    """Return where the shelf still has them; an address may stand in the block of another article's page."""
    found = []
    needles = {needle: secret for secret in secrets for needle in secret.needles}
    phrases = {phrase.encode() for secret in secrets for phrase in secret.phrases}
    anywhere = re.compile(b"|".join(re.escape(needle) for needle in needles))
    for path in warc_files(root / "warc"):
        with RawReader(path) as reader:
            for record in reader:
                linking = record.fields.record_type in ("response", "conversion") and is_article(record.fields.target)
                for part in shown(record):
                    text = re.sub(rb"\s+", b" ", part)
                    told = [phrase for phrase in phrases if phrase in text]
                    if (part is record.head or not linking) and anywhere.search(part.replace(b"\\/", b"/")):
                        told += [needle for needle in needles if _stands_in(needle, part)]
                    where = f"{path.name}:{record.offset} {record.fields.record_type} {record.fields.target}"
                    found += [f"{where}: {told}"] * bool(told)
    return found


def _stands_in(needle: bytes, part: bytes) -> bool:
    """Return whether an address stands in a text; not as the beginning of a longer one."""
    return re.search(re.escape(needle) + rb"(?![\w/-])", part.replace(b"\\/", b"/")) is not None


def found_in_files(root: Path, secrets: Collection[Secret]) -> list[str]:
    """Return which databases (as bytes, logs too), reports and other files still have them."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and (root / "warc") not in path.parents:
            data = path.read_bytes()
            told = [phrase for secret in secrets for phrase in secret.phrases if phrase.encode() in data]
            told += [n.decode() for secret in secrets for n in secret.needles if n in data and _stands_in(n, data)]
            found += [f"{path.relative_to(root)}: {told}"] * bool(told)
    return found


def found_in_results(root: Path, secrets: Collection[Secret]) -> list[str]:
    """Return which compressed extractions still have them: the bytes of the file do not show it."""
    with closing(sqlite3.connect(f"file:{root / 'archive.db'}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT capture, result FROM extractions").fetchall()
    texts = ((capture, zlib.decompress(result).replace(b"\\n", b" ")) for capture, result in rows)
    phrases = {phrase.encode() for secret in secrets for phrase in secret.phrases}
    return [f"extraction of {capture}" for capture, text in texts if any(phrase in text for phrase in phrases)]


def still_there(root: Path, secrets: Collection[Secret]) -> list[str]:
    """Return everything that the archive still has of what was taken down."""
    with closing(sqlite3.connect(f"file:{root / 'archive.db'}?mode=ro", uri=True)) as db:
        pages = {row[0] for row in db.execute("SELECT url FROM captures WHERE article IS NOT NULL")}
    return [
        *found_in_files(root, secrets),
        *found_in_results(root, secrets),
        *found_in_warcs(root, secrets, pages.__contains__),
    ]


def records(root: Path) -> dict[str, bytes]:
    """Return every record of the shelf by its id, as bytes: what must stay the same."""
    found = {}
    for path in warc_files(root / "warc"):
        with RawReader(path) as reader:
            for record in reader:
                found[record.fields.get("warc-record-id") or ""] = record.head + record.block
    return found


def faults(root: Path) -> list[str]:
    """Return where rows and files do not fit each other, and what SQLite finds."""
    wrong = []
    with closing(sqlite3.connect(root / "archive.db")) as db:
        wrong += [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        db.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('integrity-check', 1)")
        rows = db.execute(
            "SELECT w.name, c.offset, c.length, c.url, c.record_type FROM captures c JOIN warcs w ON w.pk = c.warc"
        ).fetchall()
        files = {path.name.removesuffix(".open"): path for path in warc_files(root / "warc")}
        readers: dict[str, RawReader] = {}
        for name, offset, length, url, kind in rows:
            path = files[Path(name).name]
            reader = readers.setdefault(name, RawReader(path))
            record = reader.read_at(offset)
            if record is None or (record.length, record.fields.target, record.fields.record_type) != (
                length,
                url,
                kind,
            ):
                wrong.append(f"{name}:{offset} is not {kind} {url}")
        for table, column in (("articles", "capture"), ("revisions", "capture"), ("extractions", "capture")):
            dangling = db.execute(
                f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT pk FROM captures)"  # noqa: S608
            ).fetchone()[0]
            wrong += [f"{dangling} rows of {table} without their capture"] * bool(dangling)
        for reader in readers.values():
            reader.close()
    return wrong


def decisions(root: Path) -> list[dict[str, object]]:
    """Return the lines of decisions.jsonl."""
    return [json.loads(line) for line in (root / "decisions.jsonl").read_text().splitlines()]
