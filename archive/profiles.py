"""Site profiles on disk, and which of them a capture is read with.

A profile is what a source's pages taught the extractor (`archive.extract.profile`). It lies in `profiles/<digest>.json`:
canonical JSON, named by its SHA-256, never overwritten. Which one holds from when is said by lines of decisions.jsonl:

    {"at": …, "kind": "profile-adopted", "reason": …, "source": "paper", "profile": "<digest>", "from": …, "articles": 40}

A capture is read with the last adopted profile of its source whose `from` is not after its `captured_at`. A line without
`from` holds for all captures: a source's first one, and what `morgue learn --all-captures` adopts. `articles` is how many
the source had then: it tells when there is enough to learn anew.

A file without a line is harmless: a kill came between the two. A line whose file is missing is an error that is told; the
pages are read without a profile until it is back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.decisions import Decision, append_decision, read_decisions, renames
from archive.errors import ProfileError

ADOPTED = "profile-adopted"
Profile = Mapping[str, object]
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 16 * 2**20  # a profile has some KB; a foreign file of gigabytes is not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """One line: from when a source's captures are read with a profile."""

    source: str  # by its present name
    digest: str
    start: datetime | None  # `from`; None: all captures
    at: datetime  # when it was adopted
    articles: int = 0  # that the source had then

    @property
    def key(self) -> tuple[str, str, datetime]:
        """What tells adoptions apart."""
        return self.source, self.digest, self.at

    def holds(self, captured_at: datetime) -> bool:
        """Return whether a capture of that time may be read with it."""
        return self.start is None or self.start <= captured_at


class Profiles:
    """The adoptions of an archive, and their files. Files are read once, when they are first asked for."""

    def __init__(self, folder: Path, adoptions: Iterable[Adoption] = ()) -> None:
        """`folder`: `profiles/`. `adoptions`: in the order of decisions.jsonl."""
        self.folder = folder
        self._read: dict[str, Profile] = {}
        self._by_source: dict[str, tuple[Adoption, ...]] = {}
        for adoption in adoptions:
            self._add(adoption)

    def _add(self, adoption: Adoption) -> None:
        earlier = () if adoption.start is None else self._by_source.get(adoption.source, ())
        self._by_source[adoption.source] = (*earlier, adoption)

    def with_adoption(self, adoption: Adoption, profile: Profile) -> Profiles:
        """Return these with one more adoption, whose profile need not be on the disk yet."""
        more = Profiles(self.folder)
        more._read = {**self._read, adoption.digest: profile}
        more._by_source = dict(self._by_source)
        more._add(adoption)
        return more

    @property
    def adoptions(self) -> tuple[Adoption, ...]:
        """All that may still hold for some capture: those before a line without `from` do not."""
        return tuple(adoption for each in self._by_source.values() for adoption in each)

    def of(self, source: str) -> tuple[Adoption, ...]:
        """Return a source's adoptions that may still hold, in the order of decisions.jsonl."""
        return self._by_source.get(source, ())

    def in_force(self, source: str | None, captured_at: datetime) -> str | None:
        """Return the digest of the profile that a capture is read with, None if there is none."""
        for adoption in reversed(self._by_source.get(source or "", ())):
            if adoption.holds(captured_at):
                return adoption.digest
        return None

    def load(self, digest: str) -> Profile:
        """Return a profile by its digest. Raises `ProfileError`."""
        if digest not in self._read:
            self._read[digest] = _load(self.folder / f"{digest}.json", digest)
        return self._read[digest]


def adoptions_of(decisions: Iterable[Decision], renamed: Mapping[str, str]) -> list[Adoption]:
    """Return the adoptions among decisions, in their order. `renamed`: old names of sources to those of now.

    Lines that lack something are passed over.
    """
    found = []
    for decision in decisions:
        source, digest = decision.data.get("source"), decision.data.get("profile")
        if decision.kind != ADOPTED or not isinstance(source, str) or not isinstance(digest, str):
            continue
        start, articles = _time(decision.data.get("from")), decision.data.get("articles")
        if not _DIGEST.fullmatch(digest) or (start is None and decision.data.get("from") is not None):
            continue
        found.append(
            Adoption(
                source=renamed.get(source, source),
                digest=digest,
                start=start,
                at=decision.at,
                articles=articles if isinstance(articles, int) else 0,
            )
        )
    return found


def adopted_at(decisions: Path) -> dict[str, datetime]:
    """Return when each source's last profile was adopted, by the sources' present names. Raises `DecisionsError`."""
    lines = read_decisions(decisions)
    return {adoption.source: adoption.at for adoption in adoptions_of(lines, renames(lines))}


def adopt(decisions: Path, adoption: Adoption, *, reason: str) -> None:
    """Write an adoption down. Its file must be on the disk. Raises `DecisionsError`."""
    line: dict[str, object] = {"source": adoption.source, "profile": adoption.digest, "articles": adoption.articles}
    if adoption.start is not None:
        line["from"] = adoption.start.astimezone(UTC).isoformat().replace("+00:00", "Z")
    append_decision(decisions, ADOPTED, line, at=adoption.at, reason=reason)


def digest_of(profile: Profile) -> str:
    """Return the SHA-256 by which a profile is named, hex."""
    return hashlib.sha256(_bytes(profile)).hexdigest()


def save_profile(folder: Path, profile: Profile) -> str:
    """Write a profile and return its digest when it is on the disk (fsync of file and folder).

    A file that is there stays as it is; one that is damaged is replaced by what its name promises.
    """
    data = _bytes(profile)
    digest = hashlib.sha256(data).hexdigest()
    path = folder / f"{digest}.json"
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return digest
    folder.mkdir(parents=True, exist_ok=True)
    fd, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(fd, 0o644)
            os.fsync(fd)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return digest


def read_profile(path: Path, *, version: int | None = None) -> Profile:
    """Return the profile that a file holds, whatever its name. `version`: another one is refused. Raises `ProfileError`."""
    again = "Give a file of an archive's profiles/, or one that `morgue extract --learn --profiles-out` wrote."
    profile = _parsed(path, _content(path, again), again)
    if version is not None and profile["version"] != version:
        why = f"it is a profile of version {profile['version']!r}, and this Morgue uses version {version}"
        raise ProfileError(path, why, "Learn it again: `morgue extract --learn --profiles-out`, or `morgue learn`.")
    return profile


def checked_profile(path: Path, data: bytes, digest: str) -> Profile:
    """Return the profile that a file's bytes are, if they are what its name promises. Raises `ProfileError`."""
    again = "Bring it there from the archive's profiles/, then run the same command again."
    if hashlib.sha256(data).hexdigest() != digest:
        raise ProfileError(path, "it is damaged: its content is not what its name says (SHA-256)", again)
    return _parsed(path, data, again)


def _load(path: Path, digest: str) -> Profile:
    again = (
        "Put it back from a backup and run `morgue ingest`, or run `morgue learn --all-captures` to learn anew; until then "
        "its source's pages are read without it."
    )
    data = _content(path, again)
    if hashlib.sha256(data).hexdigest() != digest:
        raise ProfileError(path, "it is damaged: its content is not what its name says (SHA-256)", again)
    return _parsed(path, data, again)


def _content(path: Path, again: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise ProfileError(path, "this site profile is missing", again) from None
    except OSError as error:
        raise ProfileError(path, f"this site profile cannot be read ({error.strerror or error})", again) from None
    if len(data) > _MOST_BYTES:
        raise ProfileError(path, "it is too large for a site profile", again)
    return data


def _parsed(path: Path, data: bytes, again: str) -> Profile:
    try:
        profile = json.loads(data)
    except (ValueError, RecursionError):
        raise ProfileError(path, "it is no site profile (not JSON)", again) from None
    if not isinstance(profile, dict) or not isinstance(profile.get("version"), int):
        raise ProfileError(path, "it is no site profile (an object with a version is wanted)", again)
    return profile


def _bytes(profile: Profile) -> bytes:
    return json.dumps(profile, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None
