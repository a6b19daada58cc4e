"""The machine: memory, open files, umask, and what its terminal can show."""

from __future__ import annotations

import codecs
import os
import resource
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.doctor.finding import Finding, note, ok, wrong

_MIB = 2**20
_BASE = 200 * _MIB  # the crawl and the one process that writes
_WORKER = 120 * _MIB  # one that extracts, as measured (docs/decisions.md)
_LEAST_FILES = 256  # 32 sites at once, their sockets, names looked up in threads, databases, WARC files
_FEW_FILES = 512
_OWNER, _OTHERS_WRITE = 0o700, 0o002


@dataclass(frozen=True, slots=True)
class Machine:
    """What this process was given."""

    available: int | None  # bytes of memory that can be had without swapping; None: unknown
    cores: int
    open_files: int | None  # soft limit; None: none
    umask: int
    encoding: str  # of standard output
    locale: str  # LC_ALL, LC_CTYPE or LANG, the first that is set; "": none is


def observe(environ: Mapping[str, str]) -> Machine:
    """Look at this process and its machine."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Machine(
        available=_available(),
        cores=os.cpu_count() or 1,
        open_files=None if soft == resource.RLIM_INFINITY else soft,
        umask=_umask(),
        encoding=getattr(sys.stdout, "encoding", None) or "ascii",
        locale=next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), ""),
    )


def look(machine: Machine) -> Iterator[Finding]:
    """Check what the machine gives."""
    yield _memory(machine)
    yield _files(machine.open_files)
    yield _mask(machine.umask)
    yield _terminal(machine)


def memory_in(meminfo: str, limit: int | None = None, used: int = 0) -> int | None:
    r"""Return the bytes that can be had, by /proc/meminfo (proc(5)) and a control group's limit, both as bytes.

    >>> memory_in("MemTotal: 4000 kB\nMemAvailable: 2000 kB\n"), memory_in("MemAvailable: 2000 kB", 1_000_000, 400_000)
    (2048000, 600000)
    """
    found = None
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if name == "MemAvailable" and words and words[0].isdigit():
            found = int(words[0]) * 1024
    if limit is not None:
        found = max(0, limit - used) if found is None else min(found, max(0, limit - used))
    return found


def _available() -> int | None:
    group = Path("/sys/fs/cgroup")
    limit, used = _number(group / "memory.max"), _number(group / "memory.current")
    try:
        meminfo = Path("/proc/meminfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        meminfo = ""
    return memory_in(meminfo, limit, used or 0)


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdigit() else None  # "max": no limit


def _umask() -> int:
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    except (OSError, ValueError, IndexError):
        pass
    mask = os.umask(0o077)  # elsewhere it can only be read by setting it; what is made meanwhile is the stricter
    os.umask(mask)
    return mask


def _memory(machine: Machine) -> Finding:
    if machine.available is None:
        return ok("memory", f"not known on this system; {machine.cores} cores")
    free = f"{machine.available / _MIB:,.0f} MiB can be had"
    wanted = _BASE + machine.cores * _WORKER
    if machine.available < _BASE + _WORKER:
        return wrong(
            "memory",
            f"only {free}, and a crawl with one reading process takes {(_BASE + _WORKER) / _MIB:,.0f} MiB",
            "The system may end the crawl in its midst (nothing is lost then, but nothing gets done).",
            do="End other programs or add swap. `morgue crawl --no-ingest` needs less; `morgue ingest --jobs 1` reads later.",
        )
    if machine.available < wanted:
        return note(
            "memory",
            f"{free}; {machine.cores} reading processes and a crawl take up to {wanted / _MIB:,.0f} MiB",
            do="Give `--jobs 1` to `morgue crawl` and `morgue ingest`.",
        )
    return ok("memory", f"{free}; a crawl takes up to {wanted / _MIB:,.0f} MiB on {machine.cores} cores")


def _files(limit: int | None) -> Finding:
    if limit is None or limit >= _FEW_FILES:
        return ok("open files", "no limit" if limit is None else f"up to {limit:,}")
    why = "Each site that is asked at once takes some, and so do the databases."
    if limit >= _LEAST_FILES:
        return note("open files", f"only {limit} files may be open at once", why, type="ulimit -n 4096")
    return wrong("open files", f"only {limit} files may be open at once", why, type="ulimit -n 4096")


def _mask(mask: int) -> Finding:
    if mask & _OWNER:
        return wrong(
            "umask",
            f"the umask is {mask:04o}: files would be made that you yourself cannot use",
            "Databases and WARC files get it.",
            type="umask 022",
        )
    if not mask & _OTHERS_WRITE:
        what = f"the umask is {mask:04o}: everybody on this machine may change what a crawl writes"
        return note("umask", what, type="umask 022")
    return ok("umask", f"{mask:04o}")


def _terminal(machine: Machine) -> Finding:
    try:
        utf8 = codecs.lookup(machine.encoding).name == "utf-8"
    except LookupError:
        utf8 = False
    named = f" (locale {machine.locale})" if machine.locale else ""
    if utf8:
        return ok("terminal", f"UTF-8{named}")
    return note(
        "terminal",
        f"it takes {machine.encoding}{named}, which has not all letters",
        "What it has not is shown as an escape like \\u6771, or wrongly. Files and databases are UTF-8 in any case.",
        type="export LANG=C.UTF-8",
    )
