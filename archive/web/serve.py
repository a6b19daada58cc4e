"""`morgue serve`: Datasette over archive.db, with limits, a description of every table, and our search in SQL."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm

from archive.errors import MorgueError
from archive.folder import ArchiveFolder
from archive.query import match_expression, open_reader
from archive.query.reader import HEAP_LIMIT, VALUE_LIMIT
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


class ConnectionLimits:
    """A Datasette plugin: each connection gets our limits and our search function."""

    __name__ = "morgue-limits"  # Datasette asks each plugin for it, as if all were modules

    @hookimpl  # type: ignore[untyped-decorator]  # pluggy's marker
    def prepare_connection(self, conn: sqlite3.Connection) -> None:
        """Keep memory bombs small, and let SQL search as `morgue search` does: `articles_fts match morgue_match(:words)`."""
        conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_LIMIT)
        conn.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        conn.execute(f"PRAGMA hard_heap_limit = {HEAP_LIMIT}")
        conn.create_function("morgue_match", 1, _match, deterministic=True)


def _match(words: object) -> str:
    """Return the FTS5 expression for what a person typed; nothing typed finds nothing."""
    return match_expression(str(words or "")) or '""'


def application(folder: ArchiveFolder) -> Any:
    """Return the ASGI application. Raises `DatabaseError` if archive.db cannot be read."""
    open_reader(folder.archive_db).close()  # says what is wrong with it before a browser does
    if not pm.has_plugin("morgue-limits"):
        pm.register(ConnectionLimits(), "morgue-limits")
    datasette = Datasette(
        files=[str(folder.archive_db)], metadata=metadata(folder.archive_db.stem), settings=_SETTINGS, memory=False
    )
    asyncio.run(datasette.invoke_startup())
    return datasette.app()


def serve_archive(folder: ArchiveFolder, *, host: str, port: int) -> None:
    """Serve until Ctrl-C. Raises `MorgueError` if the port is taken."""
    import uvicorn

    app = application(folder)
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning", lifespan="on", workers=1)
    except SystemExit as error:
        raise MorgueError(
            f"cannot listen on {host}:{port}: is it taken by another program? Try `morgue serve --port {port + 1}`."
        ) from error
