"""The ASGI application: addresses to views, views to answers; everything else goes to Datasette, where that is served.

Each question has a reader of its own, opened for it in a thread: so a rebuild that swaps archive.db is seen at once, and no
question outlives its time. All of a page's statements together may take `TIME_LIMIT`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from archive.clock import Clock
from archive.errors import DatabaseError, MorgueError, QueryError
from archive.query import Reader, open_reader
from archive.query.watch import watching
from archive.sources import SavedSearch
from archive.web import links, render
from archive.web.formats import TYPES, written
from archive.web.hosts import asked_by_another_site, is_ours, name_in
from archive.web.request import Desk, Foreign, Page, Problem, Redirect, Request
from archive.web.views import archived, article, edits, front, saved, search, sources, story

TIME_LIMIT = 5.0  # seconds that all statements of one page may take together
_THREADS = 4
# Seconds until a database that cannot be read is tried again: while a rebuild swaps archive.db, its log is another's.
_SWAPPED = (0.05, 0.3)
_CACHE = 8 * 2**20  # bytes of archive.db that each of them holds; `archive/web/serve.py` says what all may
_REMEMBERED = 60.0  # seconds that counts of the whole archive are kept
_COUNTING = 60.0  # seconds that one of them may take, beside the pages
_LONGEST = 64 * 1024  # bytes of an address, and of header fields
_PATIENCE = 2.0  # seconds that a page waits for a count before it takes the last one
_FORMAT = r"(?:\.(?P<format>json|csv|atom))?"
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
View = Callable[..., Page | Redirect | Foreign]

# What each page of ours may load: our style sheet. No script at all, no image but our own, nothing of anybody else.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-src 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
# A publisher's own page, in a frame. Its style sheets and images come from the archive as well; nothing of it runs.
FOREIGN_POLICY = (
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
# Datasette's own pages have scripts and styles in their markup. They, too, reach nothing but this server.
DATASETTE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))

_ROUTES: tuple[tuple[re.Pattern[str], View], ...] = tuple(
    (re.compile(pattern + _FORMAT), view)
    for pattern, view in (
        (r"/(?:index(?=\.))?", front.front),
        (r"/search", search.results),
        (r"/article/(?P<name>[^/@]+?)(?:@(?P<time>[^/]+?))?", article.article),
        (r"/article/(?P<name>[^/@]+)/diff", article.difference),
        (r"/article/(?P<name>[^/@]+)/archived(?:/(?P<time>[^/]+?))?", archived.frame),
        (r"/archived/(?P<time>[0-9]{4,20})/(?P<url>.+)", archived.document),
        (r"/story/(?P<name>[^/]+?)", story.story),
        (r"/sources", sources.sources),
        (r"/source/(?P<name>[^/]+?)", sources.source),
        (r"/saved", saved.searches),
        (r"/saved/(?P<name>[^/]+?)", saved.found),
        (r"/changes", edits.edited),
        (r"/gone", edits.vanished),
    )
)
_STYLE = re.compile(r"/-/morgue/(?P<file>[a-z]+)-[0-9a-f]{12}\.css")
_log = logging.getLogger("morgue.web")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


class Pages:
    """Morgue's own pages over one archive.db."""

    def __init__(
        self,
        archive_db: Path,
        *,
        public: bool,
        clock: Clock,
        inner: App | None = None,
        find: Callable[[str], Path] | None = None,
        searches: Callable[[], Sequence[SavedSearch]] | None = None,
        names: Collection[str] | None = (),
    ) -> None:
        """`inner`: who answers what is no page of ours; None: nobody. `find`: where a WARC file lies, for archived pages.

        `searches`: what reads the saved searches. `names`: hosts that this may be asked as, besides addresses and localhost;
        None: any.
        """
        self._names = names
        self._find = None if public else find
        self._searches = None if public else searches
        self._archive_db = archive_db
        self._public = public
        self._clock = clock
        self._inner = inner
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pages")
        # Archived pages may be large, and take memory many times their size: one at a time, and nobody else waits for it.
        self._making = ThreadPoolExecutor(1, thread_name_prefix="archived")
        self._counter = ThreadPoolExecutor(1, thread_name_prefix="counting")
        self._counted: dict[str, tuple[float, object]] = {}
        self._counting: dict[str, Future[object]] = {}
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one question (ASGI 3)."""
        if scope["type"] != "http":
            if self._inner is not None:
                await self._inner(scope, receive, send)
            return
        path = (
            (scope.get("raw_path") or quote(scope["path"]).encode("ascii")).decode("ascii", "replace").partition("?")[0]
        )
        found = _route(path)
        refused = self._refused(scope, path, None if found is None else found[0])
        if refused is not None:
            answer = self._refusal(refused, "html")
        elif found is None and not _STYLE.fullmatch(path):
            if self._inner is not None:
                await self._inner(scope, receive, _with_headers(send))
                return
            answer = self._refusal(_not_found(path), "html")
        else:
            work = (self._style, path) if found is None else (self._answer, scope, path, *found)
            threads = self._making if found is not None and found[0] is archived.document else self._threads
            answer = await asyncio.get_running_loop().run_in_executor(threads, *work)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
        await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, *_ALWAYS]})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    def _refused(self, scope: Scope, path: str, view: View | None) -> Problem | None:
        """Return why a question is not answered, whatever it asks."""
        headers = dict(scope["headers"])
        # h11 bounds only what comes in several pieces.
        if len(path) + len(scope.get("query_string", b"")) > _LONGEST:
            return Problem(
                414, "Too long", f"An address here has at most {_LONGEST // 1024} KB.", "Ask for less at once."
            )
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _LONGEST:
            return Problem(431, "Too much said", "The question's header fields are too large.", "Ask without cookies.")
        host = headers.get(b"host", b"").decode("latin-1")
        if self._names is not None and not is_ours(host, self._names):
            return _misdirected(host)
        if not path.startswith("/") or path.startswith(("//", "/\\", "/%5c", "/%5C")):
            return _not_found(
                path
            )  # Datasette would lead on to it without its last slash: that is another site's address
        if scope["method"] not in {"GET", "HEAD"}:
            return Problem(405, "Only reading", "These pages can be read, and nothing can be sent to them.")
        # What an archived page is shown with is asked for from its sandbox, whose origin is nobody's.
        if view is not archived.document and not _STYLE.fullmatch(path) and asked_by_another_site(headers):
            return Problem(
                403,
                "Not for other sites",
                "A page of another site asked for this, and no person who followed a link.",
                "Open it in a tab of its own.",
            )
        return None

    def close(self) -> None:
        """End the threads."""
        self._making.shutdown(wait=False, cancel_futures=True)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._counter.shutdown(wait=False, cancel_futures=True)

    def _style(self, path: str) -> Answer:
        match = _STYLE.fullmatch(path)
        name = match["file"] if match else ""
        if name not in render.STYLES or render.style(name)[0] != path:
            return self._refusal(_not_found(path), "html")
        kept = ("cache-control", "public, max-age=31536000, immutable")
        return Answer(200, render.style(name)[1], (("content-type", "text/css; charset=utf-8"), kept))

    def _answer(self, scope: Scope, path: str, view: View, arguments: dict[str, str | None]) -> Answer:
        form = arguments.pop("format", None) or "html"
        try:
            request = _request(scope, path, form)
            for pause in _SWAPPED:
                try:
                    return self._asked(request, view, arguments)
                except DatabaseError:
                    time.sleep(pause)
            return self._asked(request, view, arguments)
        except Problem as problem:
            return self._refusal(problem, form)
        except (DatabaseError, MorgueError) as error:
            return self._refusal(Problem(503, "The archive cannot be read", str(error)), form)
        except Exception:  # noqa: BLE001 - a reader gets a page, whoever runs this the cause
            _log.exception("no answer to %s", path)
            hint = "It stands, with what caused it, in the terminal where `morgue serve` runs. The archive itself is unharmed."
            return self._refusal(Problem(500, "That went wrong", "Morgue made a mistake with this page.", hint), form)

    def _asked(self, request: Request, view: View, arguments: dict[str, str | None]) -> Answer:
        """Ask a view, with a reader of its own. Raises `Problem`, `DatabaseError`, what a view does not expect."""
        reader = open_reader(self._archive_db, time_limit=TIME_LIMIT, heap_limit=None, cache=_CACHE)
        with closing(reader), watching(reader):
            reader.until = time.monotonic() + TIME_LIMIT
            try:
                desk = Desk(
                    reader=reader,
                    public=self._public,
                    now=self._clock.now(),
                    remember=self._remember,
                    find=self._find,
                    searches=self._searches,
                )
                return self._told(view(desk, request, **arguments), request)
            except QueryError as error:
                raise _too_much(error, late=reader.late()) from error

    def _told(self, page: Page | Redirect | Foreign, request: Request) -> Answer:
        if isinstance(page, Foreign):
            return _foreign(page)
        if isinstance(page, Redirect):
            to = page.to.encode("ascii", "replace").decode("ascii")
            return Answer(302, b"", (("location", to), ("cache-control", "no-cache")))
        if request.format == "html":
            body = render.rendered(page.template, self._common(page.title, request, page.formats) | dict(page.values))
        elif request.format in page.formats:
            body = written(page, request)
        else:
            raise Problem(
                404,
                "Not in this form",
                f"This page is no list: there is no .{request.format} of it.",
                "It has a .json.",
            )
        return Answer(200, body, self._headers(request.format))

    def _common(self, title: str, request: Request | None, formats: Iterable[str]) -> dict[str, object]:
        path, query = ("", "") if request is None else (request.path, links.with_query(request.query))
        stem = "/index" if path == "/" else path
        return {
            "title": title,
            "path": path,
            "public": self._public,
            "alternates": [(form, TYPES[form].partition(";")[0], f"{stem}.{form}{query}") for form in formats],
            "typed": "" if request is None or path != "/search" else request.get("q") or "",
        }

    def _headers(self, form: str) -> tuple[tuple[str, str], ...]:
        return (("content-type", TYPES[form]), ("content-security-policy", POLICY), ("cache-control", "no-cache"))

    def _refusal(self, problem: Problem, form: str) -> Answer:
        """Return a page that says what, why and what to do; for programs the same as JSON."""
        if form == "html":
            told = {"problem": problem}
            return Answer(
                problem.status,
                render.rendered("problem.html", self._common(problem.title, None, ()) | told),
                self._headers("html"),
            )
        from archive.console import json_text

        data = {
            "error": problem.title,
            "message": " ".join(filter(None, (problem.words, problem.hint))),
            "status": problem.status,
        }
        return Answer(problem.status, json_text(data).encode() + b"\n", self._headers("json"))

    def _remember(self, name: str, count: Callable[[Reader], object]) -> object:
        """Return what was counted in the last minute; while it is counted anew for long, what was counted before.

        Counting has a thread and a time of its own: after a start, on a cold disk, it may take longer than a page may.
        """
        with self._lock:
            kept = self._counted.get(name)
            if kept is not None and self._clock.monotonic() - kept[0] < _REMEMBERED:
                return kept[1]
            job = self._counting.get(name)
            if job is None:
                job = self._counting[name] = self._counter.submit(self._count, name, count)
        try:
            return job.result(timeout=_PATIENCE)
        except (TimeoutError, QueryError) as error:
            if kept is not None:
                return kept[1]
            hint = "Open this page again in a moment; articles and the search do not wait for it."
            raise Problem(503, "The archive is being counted", "That takes a while after a start.", hint) from error

    def _count(self, name: str, count: Callable[[Reader], object]) -> object:
        try:
            with closing(open_reader(self._archive_db, time_limit=_COUNTING, heap_limit=None, cache=_CACHE)) as reader:
                value = count(reader)
            with self._lock:
                self._counted[name] = (self._clock.monotonic(), value)
            return value
        finally:
            with self._lock:
                self._counting.pop(name, None)


def _foreign(page: Foreign) -> Answer:
    headers = [
        ("content-type", page.content_type),
        ("content-security-policy", FOREIGN_POLICY),
        ("cache-control", "no-cache"),
    ]
    headers.append(("x-dns-prefetch-control", "off"))
    if page.font:
        headers.append(("access-control-allow-origin", "null"))
    return Answer(200, page.body, tuple(headers))


def _route(path: str) -> tuple[View, dict[str, str | None]] | None:
    for pattern, view in _ROUTES:
        if match := pattern.fullmatch(path):
            groups: dict[str, str | None] = dict(match.groupdict())
            for name in ("name", "time"):
                if (text := groups.get(name)) is not None:
                    groups[name] = links.name_of(text)
            return view, groups
    return None


def _request(scope: Scope, path: str, form: str) -> Request:
    try:
        query = links.query_of(scope.get("query_string", b"").decode("ascii", "replace"))
    except ValueError as error:
        raise Problem(400, "Too much asked", "The address has more fields than a search can have.") from error
    stem = path if form == "html" else path.removesuffix(f".{form}")
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    base = f"{scope.get('scheme', 'http')}://{host}" if name_in(host) else ""
    return Request(path="/" if stem in {"/index", "/"} else stem, format=form, query=query, base=base)


def _too_much(error: QueryError, *, late: bool) -> Problem:
    if not late:
        return Problem(400, "That cannot be answered", str(error))
    return Problem(
        503,
        "That took too long",
        f"A page may ask the archive for {TIME_LIMIT:g} seconds, and this one needs longer.",
        "Narrow it: one source, a shorter time, rarer words. In a terminal, `morgue search` and `morgue sql` take their time.",
    )


def _not_found(path: str) -> Problem:
    return Problem(404, "Nothing here", f"There is no page {path[:200]}.", "Start at the front page, or search.")


def _misdirected(host: str) -> Problem:
    """Say why a name is not answered to (421: RFC 9110 section 15.5.20)."""
    name = name_in(host)
    if name is None:
        return Problem(421, "Asked under another name", "The question does not say which host it is for.")
    return Problem(
        421,
        "Asked under another name",
        f"This server was asked as {name[:100]}, a name it does not know. A page of the internet could read the archive if it "
        "gave its own name this address, and the server answered to any name.",
        f"If the name is yours: morgue serve --allow-host {name[:100]}",
    )


def _with_headers(send: Send) -> Send:
    """Return a `send` that adds what every answer has, where the answer does not say otherwise."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            known = {bytes(name).lower() for name, _ in headers}
            policy = (b"content-security-policy", DATASETTE_POLICY.encode("ascii"))
            headers += [(name, value) for name, value in (policy, *_ALWAYS) if name not in known]
            message = {**message, "headers": headers}
        await send(message)

    return sending
