"""A folder that pywb serves: a configuration, the index, and a list that says where each WARC file lies.

The WARC files stay where they are; nothing of them is copied. The list (pywb's path index) names a file that a crawl still
writes by both of its names, with and without `.open`, so that the configuration holds when the file is sealed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from archive.warc import OPEN_SUFFIX

COLLECTION = "morgue"
CONFIG, INDEX, PATHS = "config.yaml", "morgue.cdxj", "paths.tsv"


def config(folder: Path) -> str:
    """Return the configuration of a folder (absolute). A string of JSON is one of YAML, whatever stands in a path."""
    return (
        "# Made by `morgue export pywb`; run that again after a crawl. Serve it with: wayback -d FOLDER\n"
        "enable_auto_colls: false\n"
        "collections:\n"
        f"  {COLLECTION}:\n"
        f"    index: {json.dumps(str(folder / INDEX))}\n"
        f"    archive_paths: {json.dumps(str(folder / PATHS))}\n"
    )


def path_index(files: Mapping[str, Path]) -> Iterable[bytes]:
    """Give the lines that say where files lie (absolute), by their names in the index, sorted by their bytes."""
    for name in sorted(files, key=lambda name: name.encode()):
        path = str(files[name])
        both = (path.removesuffix(OPEN_SUFFIX) + OPEN_SUFFIX, path.removesuffix(OPEN_SUFFIX))
        places = both if path.endswith(OPEN_SUFFIX) else (path,)
        if not any(char in "\t\n\r" for char in name + path):  # pywb has no way to write such a name
            yield "\t".join((name, *places)).encode() + b"\n"
