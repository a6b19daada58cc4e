"""Read pages for the bench; runs in a reader's own environment, with nothing but the standard library of its own.

    python serve.py MODULE FUNCTION [FOLDER-FOR-IMPORTS]

A line on standard input is {"path", "url"}; the answer is one line {"title", "authors", "date", "text", "article",
"cpu", "error"}. `cpu` is this process's CPU time (user and system) around the call alone, in seconds.
"""

from __future__ import annotations

import codecs
import gzip
import importlib
import json
import os
import re
import socket
import sys
import time
from pathlib import Path
from typing import Any

_META = re.compile(rb"""<meta[^>]{0,400}?charset\s*=\s*["']?\s*([a-zA-Z0-9_:.-]{2,40})""", re.IGNORECASE)
_AS_BROWSERS = {"iso-8859-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}


def decode(body: bytes) -> str:
    """Return a page's characters for libraries that take no bytes: BOM, UTF-8, what <meta> says, windows-1252."""
    if body.startswith(codecs.BOM_UTF8):
        return body[3:].decode("utf-8", "replace")
    found = _META.search(body[:4096])
    label = found[1].decode("ascii").lower() if found else "cp1252"
    for name in ("utf-8", _AS_BROWSERS.get(label, label)):
        try:
            return body.decode(name)
        except (LookupError, ValueError):
            continue
    return body.decode("utf-8" if label in {"utf-8", "utf8"} else "cp1252", "replace")


def _no_network(*_: object) -> None:
    raise OSError("the bench reads stored pages; a reader must not fetch")


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def answer(read: Any, asked: dict[str, str]) -> dict[str, object]:
    """Return what a reader says of one page; whatever it raises is that page's error."""
    raw = Path(asked["path"]).read_bytes()
    body = gzip.decompress(raw) if asked["path"].endswith(".gz") else raw
    begun = time.process_time()
    try:
        said = read(body, asked["url"]) or {}
        error = None
    except Exception as problem:  # noqa: BLE001 - any library, any page
        said, error = {}, repr(problem)[:200]
    spent = time.process_time() - begun
    names = said.get("authors") or []
    return {
        "title": _text(said.get("title")),
        "authors": [str(n) for n in ([names] if isinstance(names, str) else names)],
        "date": _text(said.get("date") or said.get("published")),
        "text": _text(said.get("text")),
        "article": said.get("article"),
        "cpu": spent,
        "error": error,
    }


def main() -> None:
    """Answer until standard input ends."""
    module, function, *folders = sys.argv[1:]
    sys.path[:0] = folders
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not stand between the answers
    socket.socket.connect = _no_network  # type: ignore[assignment,method-assign]
    reader = importlib.import_module(module)
    read = getattr(reader, function)
    getattr(reader, "warm", lambda: None)()  # what a library loads late, once in a process's life
    out.write('"ready"\n')
    out.flush()
    for line in sys.stdin:
        out.write(json.dumps(answer(read, json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
