"""What a reader is shown of an article that was read again: an earlier reading is told from an edit."""

from __future__ import annotations

import re
from pathlib import Path

from archive.reextract import Wanted, reextract
from archive.reextract.main import Rules
from tests.reextract_kit import EDITED, LATER, made, named, read_otherwise, rows
from tests.warc_tools import Clock
from tests.web_kit import open_house


def test_an_article_lists_its_earlier_readings_and_says_what_took_their_place(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    reextract(folder, Wanted(), Rules(), clock=Clock(LATER), jobs=0, extractor=named(read_otherwise))
    [(article,)] = rows(folder, "SELECT id FROM articles WHERE url = ?", EDITED)
    house = open_house(folder)
    page = house.get(f"/article/{article}").text
    notes = re.findall(r'<span class="note">(first seen|edited|as it was read before)', page)
    assert notes == ["edited", "as it was read before", "first seen", "as it was read before"]
    reading = re.search(rf"/article/{article}@[^\"]+~1", page)
    assert reading is not None
    earlier = house.get(reading[0])
    assert earlier.status_code == 200
    assert "as an earlier version of Morgue read the page" in earlier.text
    difference = re.search(rf"/article/{article}/diff\?to=[^\"]+%7E1|/article/{article}/diff\?to=[^\"]+~1", page)
    assert difference is not None
    assert "The page was the same; Morgue reads it otherwise now." in house.get(difference[0]).text
    told = house.get(f"/article/{article}/diff").text
    assert "The publisher changed it." in told
