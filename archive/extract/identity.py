"""Which extractor this is. Bump VERSION with every change that can change a result."""

from __future__ import annotations

from archive.model import ExtractorId

NAME = "morgue"
VERSION = "2"

# The defaults' digest is "": only settings that differ from them (a site profile, selectors) give a digest, and those
# stand with the extraction, not here.
EXTRACTOR = ExtractorId(name=NAME, version=VERSION, config="")
