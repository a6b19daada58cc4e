"""What every command shares: where the archive is, how errors end, tables, JSON, CSV, and progress.

On a terminal long work shows a bar; elsewhere (cron, a pipe) one plain line a minute on standard error.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from archive.clock import SystemClock, clock_from_environment
from archive.errors import MorgueError
from archive.folder import ArchiveFolder

_LINE_EVERY_SECONDS = 60.0
_BAR_EVERY_SECONDS = 0.2


class Context:
    """What the options before the command said: the archive's folder, and the clock."""

    def __init__(self, archive: Path | None) -> None:
        self._archive = archive
        self._clock: SystemClock | None = None

    @property
    def path(self) -> Path:
        """The folder named by -a, else $MORGUE_ARCHIVE, else the current one; not checked."""
        return self._archive or Path(os.environ.get("MORGUE_ARCHIVE") or ".")

    @property
    def named(self) -> bool:
        """Whether -a named the folder, so that a command that is proposed has to name it too."""
        return self._archive is not None

    @property
    def morgue(self) -> str:
        """How a command for this archive begins, to be typed: `morgue`, or `morgue -a DIR` where -a named it."""
        return f"morgue -a {shlex.quote(str(self.path))}" if self.named else "morgue"

    @property
    def folder(self) -> ArchiveFolder:
        """The archive. Raises `NotAnArchiveError` if there is none."""
        return ArchiveFolder(self.path).check()

    @property
    def clock(self) -> SystemClock:
        """The command's clock, started at MORGUE_NOW if that is set."""
        if self._clock is None:
            self._clock = clock_from_environment()
        return self._clock


pass_context = click.make_pass_decorator(Context)


class MorgueGroup(click.Group):
    """A command group that turns every `MorgueError` into one message and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what goes wrong ends in a line on standard error, never in a traceback."""
        _write_anything()
        if sys.stdout is None:  # closed before we began (`>&-`): nobody wants to read it
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - open as long as the process lives
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # a full disk or a closed pipe shows here at the latest
        except MorgueError as error:
            say(f"morgue: {error}")  # which may quote a page or a stranger's file
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            _let_go_of_output()  # `morgue search … | head`: the reader has seen enough
            ctx.exit(0)
        except OSError as error:
            _let_go_of_output()
            click.echo(f"morgue: {plain(explained(error))}", err=True)
            ctx.exit(1)
        except MemoryError:
            click.echo("morgue: there is not enough memory. Give fewer --jobs, or ask for less at a time.", err=True)
            ctx.exit(1)
        else:
            return result

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Return the commands in the order in which they were added: that of a first day."""
        return list(self.commands)


def _let_go_of_output() -> None:
    """Drop what standard output cannot take: the interpreter writes it once more when it ends, and would exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):  # a stream without a file behind it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_anything() -> None:
    """Let every text be printed, whatever the locale: what its encoding has not is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


_HINTS = {
    errno.ENOSPC: "Make room (`df -h` tells which disk is full) and run the same command again: what was kept is not lost.",
    errno.EDQUOT: "Make room in your quota and run the same command again: what was kept is not lost.",
    errno.EROFS: "The disk can only be read: mount it for writing, or name another archive with `-a DIR`.",
    errno.EMFILE: "Too many files are open: raise the limit (`ulimit -n 4096`), or give a smaller --concurrency.",
    errno.EIO: "The disk may be failing: look at the system's log, and copy the archive elsewhere.",
}
_HINTS.update(
    dict.fromkeys((errno.EACCES, errno.EPERM), "Check its owner and mode (`ls -ld`), and who you are (`id`)."),
)


def explained(error: OSError) -> str:
    """Return what, where, why and what to do, for a failure of the file system.

    >>> explained(FileExistsError(errno.EEXIST, "File exists", "warc"))
    'warc: File exists. Look at what lies there, and run the same command again.'
    """
    where = error.filename if error.filename2 is None else f"{error.filename} -> {error.filename2}"
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    hint = _HINTS.get(error.errno or 0, "Look at what lies there, and run the same command again.")
    return (f"{where}: " if where else "") + f"{error.strerror or error}. {hint}"


def json_text(value: object, *, indent: int | None = 2) -> str:
    r"""Return JSON, readable for people too; what would move a terminal's cursor or turn its text around is escaped.

    >>> json_text("Zürich \x9b2J", indent=None)
    '"Zürich \\u009b2J"'
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def emit_json(value: object) -> None:
    """Print one JSON document."""
    click.echo(json_text(value))


def emit_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print CSV, as `csv_text` makes it."""
    if sys.stdout.isatty():
        rows = ([plain(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    click.echo(csv_text(columns, rows), nl=False, color=True)  # else click takes escape sequences out of what is piped


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Return CSV. A cell that a spreadsheet would run as a formula gets a leading apostrophe (OWASP, CSV injection).

    >>> csv_text(["title"], [["=1+1"]])
    "title\n'=1+1\n"
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + cell
    return cell


# What can move a terminal's cursor, set its title or turn its text around must not come from a page.
_UNSAFE: dict[int, str | None] = dict.fromkeys((*range(32), 127, *range(128, 160)), "�")
_UNSAFE.update(dict.fromkeys((0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069)))
# JSON itself escapes what lies below 32. Lone surrogates are what UTF-8 cannot print.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSAFE.pop(0x0A)
_UNSAFE.pop(0x09)


def plain(text: object) -> str:
    """Return strangers' text for the terminal: control characters and direction overrides are taken out."""
    return str("" if text is None else text).translate(_UNSAFE)


def cut(text: str, cells: int) -> str:
    """Return a text that is at most so many columns of a terminal wide; a Chinese character takes two.

    >>> cut("Beispielblatt", 8), cut("南方日报网", 8), cut("paper", 8)
    ('Beispie…', '南方日…', 'paper')
    """
    from rich.cells import cell_len, set_cell_size

    text = plain(text)
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table for people; as wide as it must be when it is not read on a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(Text(plain(column)), overflow="fold")  # of SQL that a stranger may have written: no markup
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    console.print(table)


class Progress(AbstractContextManager["Progress"]):
    """Long work, told while it happens: a bar on a terminal, one line a minute elsewhere, nothing with `quiet`.

    `update(done, total, **facts)` may be called as often as one likes; it draws only when it is time.
    """

    def __init__(self, what: str, *, quiet: bool = False, stream: Any = None) -> None:
        self._what = what
        self._quiet = quiet
        self._stream = stream if stream is not None else sys.stderr
        self._tty = bool(getattr(self._stream, "isatty", lambda: False)())
        self._started = time.monotonic()
        self._drawn = self._started
        self._width = 0

    def update(self, done: int, share: float | None = None, **facts: object) -> None:
        """Tell how many are done, what share of the work that is (0 to 1; None: unknown), and further facts by name."""
        now = time.monotonic()
        if self._quiet or now - self._drawn < (_BAR_EVERY_SECONDS if self._tty else _LINE_EVERY_SECONDS):
            return
        self._drawn = now
        line = progress_line(self._what, done, share, now - self._started, facts)
        if self._tty:
            bar = _bar(share)
            text = (bar + line)[: _columns() - 1]
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            self._stream.write(f"morgue: {line}\n")
        self._stream.flush()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tty and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


def progress_line(what: str, done: int, share: float | None, seconds: float, facts: Mapping[str, object]) -> str:
    """Return one line that says how far the work is, how fast it goes and how long it will still take.

    >>> progress_line("pages", 50, 0.5, 10.0, {"articles": 40})
    '50 pages (50%), 5.0/s, 0:10 left, 40 articles'
    """
    rate = done / seconds if seconds > 0 else 0.0
    parts = [f"{done} {what}" + (f" ({int(share * 100)}%)" if share is not None else ""), f"{rate:.1f}/s"]
    if share is not None and 0 < share < 1:
        left = int(seconds * (1 - share) / share)
        parts.append(f"{left // 60}:{left % 60:02d} left")
    parts += [f"{value} {name.replace('_', ' ')}" for name, value in facts.items() if value]
    return ", ".join(parts)


def _bar(share: float | None, width: int = 20) -> str:
    if share is None:
        return ""
    full = min(width, int(share * width))
    return "[" + "#" * full + "." * (width - full) + "] "


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def say(message: str, *, quiet: bool = False) -> None:
    """Print one line for people on standard error, so that standard output stays a program's."""
    if not quiet:
        click.echo(plain(message), err=True)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    >>> counted(1, "page"), counted(3, "story", "stories")
    ('1 page', '3 stories')
    """
    return f"{number:,} {one if number == 1 else (many or one + 's')}"


OnBroken = Callable[[MorgueError], None]
