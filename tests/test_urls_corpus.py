"""Identity by URL, measured on real addresses."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archive.urls import proposed_key, url_key

pytestmark = pytest.mark.corpus

_DRESSED = ("AMP", "mobile", "print", "outputType=amp")


def test_url_cases(corpus: Path) -> None:
    """All are right by `proposed_key`; by `url_key` those that are no AMP, mobile or print spelling."""
    cases = [json.loads(line) for line in (corpus / "dedup/url_cases.jsonl").read_text().splitlines()]
    by_proposed = [
        case["name"] for case in cases if (proposed_key(case["a"]) == proposed_key(case["b"])) != case["same"]
    ]
    assert by_proposed == []
    by_key = [case["name"] for case in cases if (url_key(case["a"]) == url_key(case["b"])) != case["same"]]
    assert all(name.startswith(_DRESSED) for name in by_key)
    assert (len(cases), len(cases) - len(by_key)) == (56, 43)


def _cnn_urls(corpus: Path) -> list[str]:
    urls: list[str] = json.loads((corpus / "suites/url/notnews+top_news/cnn_urls.json").read_text())
    return list(dict.fromkeys(url if url.startswith("http") else "https://www.cnn.com" + url for url in urls))


def _cnn_story(url: str, *, amp: bool) -> str:
    """Return the id of a story as CNN's own addresses give it: the folder that its index.html stands in.

    Date and slug are not enough: /2015/12/13/health/x and /2015/12/13/health/gallery/x are an article and its pictures.
    The AMP edition (amp.cnn.com/cnn/…) has the same folders one level down; with `amp` they count as the same.
    """
    parts = urlsplit(url)
    host, path = (parts.hostname or "").removeprefix("www."), parts.path.removesuffix("index.html").rstrip("/")
    if amp and host == "amp.cnn.com":
        host, path = "cnn.com", path.removeprefix("/cnn")
    assert not parts.query
    assert not parts.fragment
    return host + path


def _disagreements(urls: Iterable[str], key: Callable[[str], str], story: Callable[[str], str]) -> list[list[str]]:
    """Return the URLs of each key that has several stories, and of each story that has several keys."""
    keys: dict[str, dict[str, str]] = defaultdict(dict)
    stories: dict[str, dict[str, str]] = defaultdict(dict)
    for url in urls:
        keys[key(url)][story(url)] = url
        stories[story(url)][key(url)] = url
    return [sorted(group.values()) for groups in (keys, stories) for group in groups.values() if len(group) > 1]


def test_each_cnn_story_has_one_key_and_each_key_one_story(corpus: Path) -> None:
    urls = _cnn_urls(corpus)
    assert len(urls) == 39_185
    assert _disagreements(urls, url_key, lambda url: _cnn_story(url, amp=False)) == []
    assert _disagreements(urls, proposed_key, lambda url: _cnn_story(url, amp=True)) == []
    # http and https, www and not, index.html and not: 131 stories are spelled in more ways than one.
    assert (len({url_key(url) for url in urls}), len({proposed_key(url) for url in urls})) == (39_052, 39_051)
