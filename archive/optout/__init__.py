"""What sites ask of those who keep their pages: not to archive, not to index, not to mine. Pure.

    words.py        the words of `robots` elements and X-Robots-Tag
    preferences.py  Content-Usage and Content-Signal: which uses are wanted
    robots.py       the same in a robots.txt, by path
    signals.py      all that one capture carries, as `Signal`s
    standing.py     what holds for an article, decided from its captures

Whether we may fetch a page at all is another question (Disallow: `crawler.politeness`), and answered before.
"""

from archive.optout.robots import UseRule, use_rules
from archive.optout.signals import of_headers, of_metas, of_robots
from archive.optout.standing import Kind, Sighting, Standing, opting, standing
from archive.optout.words import TOKEN

__all__ = [
    "TOKEN",
    "Kind",
    "Sighting",
    "Standing",
    "UseRule",
    "of_headers",
    "of_metas",
    "of_robots",
    "opting",
    "standing",
    "use_rules",
]
