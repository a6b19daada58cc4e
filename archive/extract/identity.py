"""Which extractor this is. Bump VERSION with every change that can change a result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from archive.model import ExtractorId

NAME = "morgue"
VERSION = "3"

# The defaults' digest is "". A source's selectors are settings and give a digest; the site profile stands with each
# extraction, because it depends on when a page was captured.
EXTRACTOR = ExtractorId(name=NAME, version=VERSION, config="")


def with_selectors(extractor: ExtractorId, selectors: Mapping[str, str]) -> ExtractorId:
    """Return an extractor as it reads pages of a source with these selectors.

    >>> with_selectors(EXTRACTOR, {}) == EXTRACTOR
    True
    >>> with_selectors(EXTRACTOR, {"text": "article"}).config
    '8eea1dbf404acc53'
    """
    if not selectors:
        return extractor
    settings = json.dumps([extractor.config, dict(selectors)], sort_keys=True, separators=(",", ":"))
    return replace(extractor, config=hashlib.sha256(settings.encode()).hexdigest()[:16])
