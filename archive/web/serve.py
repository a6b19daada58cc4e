"""`morgue serve`: Morgue's pages over archive.db, and Datasette behind them for SQL: with limits, and our search in it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.plugins import pm

from archive.clock import Clock, SystemClock
from archive.decisions import read_decisions
from archive.errors import MorgueError, ShelfError
from archive.folder import ArchiveFolder
from archive.imported import find_file, imported_files
from archive.query import open_reader
from archive.query.reader import need_opt_outs, nobody_writes
from archive.sources import load_sources
from archive.warc.names import find_warc
from archive.web import limits
from archive.web.app import Pages
from archive.web.memory import give_memory_back
from archive.web.metadata import metadata
from archive.web.render import DATASETTE_TEMPLATES, style
from archive.web.tables import Tables

_HEAP_LIMIT = 96 * 2**20  # bytes that SQLite may hold for all readers together
_SETTINGS = {
    "sql_time_limit_ms": 5000,
    "default_page_size": 50,
    "max_returned_rows": 1000,
    "allow_download": False,
    "allow_facet": True,
    "suggest_facets": False,  # it would count every column of every page shown
    "num_sql_threads": 3,
    "truncate_cells_html": 400,
}


PUBLIC_SETTINGS = (
    "articles whose site asks to be left out (noindex, noarchive, TDM reservations …) are not shown, counted or found",
    "SQL and Datasette's pages are off",
    "archived pages are off: publishers' own pages are not shown again",
    "saved searches are off: what somebody watches is their own affair",
    "downloads are off, and where records lie on this machine is not told",
)


def application(
    folder: ArchiveFolder, *, public: bool = False, clock: Clock | None = None, names: Collection[str] | None = ()
) -> Pages:
    """Return the ASGI application; `public`: as `PUBLIC_SETTINGS` says. Raises `DatabaseError` if archive.db cannot be read.

    `names`: by which it may be asked for besides addresses and localhost; None: by any.
    """
    with closing(
        open_reader(folder.archive_db, heap_limit=_HEAP_LIMIT)
    ) as reader:  # before a browser meets what is wrong
        need_opt_outs(reader)
    inner = None if public else _datasette(folder)
    return Pages(
        folder.archive_db,
        public=public,
        clock=clock or SystemClock(),
        inner=inner,
        find=_finder(folder),
        searches=lambda: load_sources(folder.sources).searches,
        names=names,
    )


def _finder(folder: ArchiveFolder) -> Callable[[str], Path]:
    """Return what says where a WARC file lies. Files imported in place are read of in decisions.jsonl when one is asked for."""

    def find(name: str) -> Path:
        try:
            return find_warc(folder.warc, name)
        except ShelfError:
            return find_file(folder.warc, imported_files(read_decisions(folder.decisions)), name)

    return find


def _datasette(folder: ArchiveFolder) -> Any:
    if not pm.is_registered(limits):
        pm.register(limits, "morgue-limits")
    # If rich is installed this prints, for each question with an error in it, every frame with its variables: pages of them,
    # and no setting switches it off. (Importing the module here by its name would be circular, and empty it.)
    pm.get_plugin("datasette.handle_exception").rich = None
    datasette = Datasette(
        files=[],
        metadata=metadata(folder.archive_db.stem),
        settings=_SETTINGS,
        template_dir=str(DATASETTE_TEMPLATES),
        memory=False,
    )
    datasette.remove_database("_memory")  # Datasette adds one where it is given no file
    datasette.add_database(
        Tables(
            datasette,
            folder.archive_db,
            is_mutable=not nobody_writes(folder.archive_db),
            time_limit=_SETTINGS["sql_time_limit_ms"] / 1000,
        )
    )
    asyncio.run(datasette.invoke_startup())
    datasette.jinja_env.globals["morgue_styles"] = [style(name)[0] for name in ("morgue", "sql")]
    return datasette.app()


def serve_archive(
    folder: ArchiveFolder,
    *,
    host: str,
    port: int,
    public: bool = False,
    clock: Clock | None = None,
    allow: Collection[str] = (),
    on_ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serve until Ctrl-C; `on_ready` is told the address. Raises `MorgueError` if the port is taken.

    `allow`: names under which browsers may ask, besides `host`, addresses and localhost; in public all, if none is given.
    """
    import uvicorn

    from archive.web.wire import MAX_HEAD, Connection, allow_files

    allow_files()
    give_memory_back()
    with closing(_listen(host, port)) as listener:
        names = None if public and not allow else {name.lower().removesuffix(".") for name in (host, *allow)}
        app = application(folder, public=public, clock=clock, names=names)
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            h11_max_incomplete_event_size=MAX_HEAD,
            timeout_graceful_shutdown=5,
            log_level="warning",
            lifespan="off" if public else "on",
            workers=1,
            server_header=False,
        )
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{listener.getsockname()[1]}/")
        with suppress(KeyboardInterrupt):  # uvicorn ends in order, and then raises what ended it
            uvicorn.Server(config).run(sockets=[listener])
        app.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise MorgueError(
            f"cannot listen on {host}:{port} ({why}). Try another port, `morgue serve --port {port % 65535 + 1}`, or "
            "leave --host away."
        ) from error
