"""Lessons of many pages, kept on disk until the profiles of their sites are learned: a list may name any number."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from archive.profiles import Profile
from archive.store.readings import spread

_MOST = 2_000  # lessons of one site that are learned from; of more those that are evenly spread
_MOST_OTHERS = 200  # the same, where each page has a profile of its own: that is learning once for each page
_SITES_AT_HAND = 8  # sites whose lessons are kept in memory
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Lesson = Mapping[str, object]


class LessonBook:
    """What pages taught, by site. Not for use by two threads."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._places: dict[str, dict[str, tuple[int, int]]] = {}  # site -> page -> offset, length in bytes
        self._profiles: dict[str, Profile | None] = {}
        self._at_hand: OrderedDict[str, list[tuple[str, Lesson]]] = OrderedDict()

    def __enter__(self) -> LessonBook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, site: str, page: str, lesson: Lesson) -> None:
        """Keep what a page (its URL key) taught; once, however often it is in the list.

        All are added before the first profile is asked for.
        """
        pages = self._places.setdefault(site, {})
        if page not in pages:
            data = json.dumps(lesson).encode("ascii")
            pages[page] = (self._file.seek(0, 2), len(data))
            self._file.write(data)

    def profile(self, site: str | None) -> Profile | None:
        """Return what all pages of a site taught; None if that is too little."""
        if site is None or site not in self._places:
            return None
        if site not in self._profiles:
            self._profiles[site] = _learned(self._lessons(site), _MOST)
        return self._profiles[site]

    def profile_without(self, site: str | None, page: str) -> Profile | None:
        """Return what the other pages of a site taught; None if that is too little."""
        if site is None or site not in self._places:
            return None
        return _learned([(key, lesson) for key, lesson in self._lessons(site) if key != page], _MOST_OTHERS)

    def write_profiles(self, folder: Path) -> int:
        """Write each site's profile to a file of its name, for `morgue extract --profile`. Returns how many."""
        folder.mkdir(parents=True, exist_ok=True)
        written = 0
        for site in self._places:
            profile = self.profile(site)
            if profile is not None:
                text = json.dumps(profile, sort_keys=True, separators=(",", ":"))
                (folder / f"{file_name(site)}.json").write_text(text, encoding="ascii")
                written += 1
        return written

    def _lessons(self, site: str) -> list[tuple[str, Lesson]]:
        if site not in self._at_hand:
            self._at_hand[site] = [(page, self._read(*place)) for page, place in self._places[site].items()]
        self._at_hand.move_to_end(site)
        while len(self._at_hand) > _SITES_AT_HAND:
            self._at_hand.popitem(last=False)
        return self._at_hand[site]

    def _read(self, offset: int, length: int) -> Lesson:
        self._file.seek(offset)
        lesson: Lesson = json.loads(self._file.read(length))
        return lesson


def _learned(lessons: list[tuple[str, Lesson]], most: int) -> Profile | None:
    from archive.extract.profile import learn

    return learn([lessons[at][1] for at in spread(len(lessons), most)])


def file_name(site: str) -> str:
    """Return a name for a site's file: its own where a file may have it, else made plain and told apart by a digest.

    >>> file_name("news.example"), file_name("a/b")
    ('news.example', 'a-b-c14cddc0')
    """
    if _PLAIN_NAME.fullmatch(site):
        return site
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", site).strip("-.")[:80]
    return f"{plain}-{hashlib.sha256(site.encode('utf-8', 'replace')).hexdigest()[:8]}"
