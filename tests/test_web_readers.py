"""Readers beside a writer, and across the swap of a rebuild. The long form is scripts/check-long.d/readers.py."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.readers import reading
from tests.served import large_archive, served
from tests.store_helpers import article, new_store, put, snapshot, text_of


def test_twenty_readers_see_no_error_while_one_writes_and_a_rebuild_swaps(tmp_path: Path) -> None:
    folder = large_archive(tmp_path / "a", 60)
    until = time.monotonic() + 5
    with served(folder.root) as server:
        with reading(server, 20, pause=0.2) as heard:
            number = 0
            while time.monotonic() < until:
                copy = folder.root / "archive.db.rebuild"
                store = new_store(folder.archive_db)
                with store.transaction():
                    for _ in range(5):
                        number += 1
                        url = f"https://new.example/{number}"
                        put(
                            store,
                            snapshot(url, 5_000 + number),
                            article(text_of(f"n{number}"), f"Harbour, again {number}"),
                        )
                store.close()
                with closing(sqlite3.connect(folder.archive_db)) as source, closing(sqlite3.connect(copy)) as target:
                    source.backup(target)
                for ending in ("-wal", "-shm"):
                    copy.with_name(folder.archive_db.name + ending).unlink(missing_ok=True)
                copy.replace(folder.archive_db)
                time.sleep(0.3)
        status, body = server.get("/archive.json?sql=select+count(*)+n+from+articles&_shape=array")
    assert heard.wrong == []
    assert len(heard.seconds) > 100
    assert heard.megabytes < 300
    assert (status, body.strip()) == (200, b'[{"n": %d}]' % (60 + number))  # Datasette sees the new file, too
