"""HTML files that a command writes: one file that asks for nothing else, and lets nothing in it run."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources
from pathlib import Path

from archive.console import plain
from archive.errors import UsageError


def document(title: str, body: str, *, style: str) -> str:
    """Return an HTML page; `style`: a file beside this one; `body`: markup, in which strangers' text was made `safe`.

    The policy in its head allows that style sheet and nothing else: no script, no image, no form.
    """
    css = resources.files("archive.commands").joinpath(style).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        "<!doctype html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{safe(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def safe(text: object) -> str:
    """Return strangers' text as it may stand in markup."""
    return escape(plain(text))


def write_document(page: str, path: Path, *, option: str) -> None:
    """Write a page; `option` named the file. Raises `UsageError` where it cannot be written."""
    try:
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror or error}. Give {option} a file in a folder that is there."
        ) from error
