"""`morgue serve`: Datasette over archive.db, with limits, a description of every table, and our search in SQL."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from datasette.app import Datasette
from datasette.plugins import pm

from archive.errors import MorgueError
from archive.folder import ArchiveFolder
from archive.query import open_reader
from archive.query.reader import nobody_writes
from archive.web import limits
from archive.web.metadata import metadata

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


def application(folder: ArchiveFolder) -> Any:
    """Return the ASGI application. Raises `DatabaseError` if archive.db cannot be read."""
    open_reader(folder.archive_db).close()  # says what is wrong with it before a browser does
    if not pm.is_registered(limits):
        pm.register(limits, "morgue-limits")
    # If rich is installed this prints, for each question with an error in it, every frame with its variables: pages of them,
    # and no setting switches it off. (Importing the module here by its name would be circular, and empty it.)
    pm.get_plugin("datasette.handle_exception").rich = None
    files = [str(folder.archive_db)]
    datasette = Datasette(
        files=[] if nobody_writes(folder.archive_db) else files,
        immutables=files if nobody_writes(folder.archive_db) else [],
        metadata=metadata(folder.archive_db.stem),
        settings=_SETTINGS,
        memory=False,
    )
    asyncio.run(datasette.invoke_startup())
    return datasette.app()


def serve_archive(
    folder: ArchiveFolder, *, host: str, port: int, on_ready: Callable[[str], None] = lambda _address: None
) -> None:
    """Serve until Ctrl-C; `on_ready` is told the address. Raises `MorgueError` if the port is taken."""
    import uvicorn

    with closing(_listen(host, port)) as listener:
        app = application(folder)
        config = uvicorn.Config(app, log_level="warning", lifespan="on", workers=1)
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{listener.getsockname()[1]}/")
        with suppress(KeyboardInterrupt):  # uvicorn ends in order, and then raises what ended it
            uvicorn.Server(config).run(sockets=[listener])


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
