"""Saved pages without an archive: what `morgue extract` reads, one page or a list of them.

A line of a list names a page: `{"path", "url", "captured_at"?, "source"?, "content_type"?, "learn"?}`. Its site is its
source, or the host of its address.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.errors import MorgueError, PayloadError, UrlError
from archive.extract import ExtractionPool, ExtractTask, Page, to_json
from archive.lessons import LessonBook
from archive.model import Extraction
from archive.payload import decode_content
from archive.profiles import Profile
from archive.reading import default_jobs
from archive.urls import url_key

if TYPE_CHECKING:
    from archive.extract.explain import Explanation

_LINES_IN_FLIGHT = 8  # per job

Line = Mapping[str, Any]


def unpacked(path: Path) -> bytes:
    """Return a saved page's bytes; a file named .gz is unpacked. Raises OSError, `PayloadError` (torn, or a bomb)."""
    body = path.read_bytes()
    return decode_content((("Content-Encoding", "gzip"),), body) if path.suffix == ".gz" else body


def explain_file(
    body: bytes,
    *,
    url: str,
    captured_at: datetime | None = None,
    content_type: str | None = None,
    profile: Profile | None = None,
) -> Explanation:
    """Return what one page says, and what became of each of its segments."""
    from archive.extract.explain import explain

    return explain(_page(body, url, captured_at, content_type, profile))


def extract_lines(
    lines: Iterable[Line],
    *,
    jobs: int | None = None,
    profile_for: Callable[[Line], Profile | None] = lambda _line: None,
) -> Iterator[dict[str, object]]:
    """Yield what each page of a list says, in order. A page that cannot be read gives {"url", "error"}.

    `profile_for(line)`: the site profile that a page is read with.
    """
    jobs = default_jobs() if jobs is None else jobs
    waiting: deque[tuple[str, Future[Extraction] | str]] = deque()
    with ExtractionPool(jobs) as pool:
        for line in lines:
            url = str(line.get("url") or "")
            page = _page_of(line, profile_for(line))
            waiting.append((url, page if isinstance(page, str) else pool.submit(ExtractTask(page=page))))
            while len(waiting) > max(1, jobs) * _LINES_IN_FLIGHT:
                yield _result(*waiting.popleft())
        while waiting:
            yield _result(*waiting.popleft())


def learn_lines(lines: Iterable[Line], book: LessonBook, *, jobs: int | None = None) -> None:
    """Write into `book` what the pages of a list teach; not those that say `"learn": false`, nor what cannot be read."""
    jobs = default_jobs() if jobs is None else jobs
    waiting: deque[tuple[str, str, Future[Mapping[str, object] | None]]] = deque()

    def take() -> None:
        site, key, future = waiting.popleft()
        if (lesson := future.result()) is not None:
            book.add(site, key, lesson)

    with ExtractionPool(jobs) as pool:
        for line in lines:
            site, page = site_of(line), None if line.get("learn") is False else _page_of(line, None)
            if site is not None and isinstance(page, Page):
                waiting.append((site, page_key(line), pool.teach(ExtractTask(page=page))))
            while len(waiting) > max(1, jobs) * _LINES_IN_FLIGHT:
                take()
        while waiting:
            take()


def site_of(line: Line) -> str | None:
    """Return whose page a line names: its source, else its host without www; None for an address that is none.

    >>> site_of({"url": "https://www.news.example/a"}), site_of({"url": "https://news.example/a", "source": "paper"})
    ('news.example', 'paper')
    """
    source = line.get("source")
    if isinstance(source, str) and source:
        return source
    try:
        return url_key(str(line.get("url") or "")).partition("/")[0]
    except UrlError:
        return None


def page_key(line: Line) -> str:
    """Return the identity of a line's page."""
    url = str(line.get("url") or "")
    try:
        return url_key(url)
    except UrlError:
        return url


def _page_of(line: Line, profile: Profile | None) -> Page | str:
    """Return the page that a line names, or why there is none."""
    if not line.get("path"):
        return 'the line names no page: it needs "path" and "url"'
    try:
        body = unpacked(Path(str(line["path"])))
        at = datetime.fromisoformat(str(line["captured_at"])) if line.get("captured_at") else None
    except (OSError, PayloadError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return _page(body, str(line.get("url") or ""), at, line.get("content_type"), profile)


def _page(
    body: bytes, url: str, captured_at: datetime | None, content_type: str | None, profile: Profile | None
) -> Page:
    headers = (("Content-Type", content_type),) if content_type else ()
    return Page(url=url, body=body, captured_at=captured_at, headers=headers, profile=profile)


def _result(url: str, found: Future[Extraction] | str) -> dict[str, object]:
    if isinstance(found, str):
        return {"url": url, "error": found}
    try:
        return to_json(url, found.result())
    except MorgueError as error:
        return {"url": url, "error": str(error)}
