"""news-please by its command line: python newsplease_cli.py FOLDER HOSTS PROXY. Run again in the same folder it resumes.

Its own configuration, with the sitemap crawler and robots.txt heard as by default, one process for each site and five at
once. No pages are kept beside its JSON files. It searches with Elasticsearch, which is not run here: SQLite takes the files.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import newsplease
from shelf import Shelf

_CHANGES = (
    (r"(?m)^working_path = .*", "working_path = {data}/"),
    (r"(?m)^LOG_LEVEL = .*", "LOG_LEVEL = ERROR"),
    (r"(?m)^ *'newsplease\.pipeline\.pipelines\.HtmlFileStorage':200,\n", ""),
    # every answer is an article's page here, and half of the pages say nothing of og:type
    (r"(?m)^pass_heuristics_condition = .*", 'pass_heuristics_condition = "crawler_contains_only_article_alikes"'),
    (r"(?m)^enabled_heuristics = .*", 'enabled_heuristics = {{"crawler_contains_only_article_alikes": True}}'),
)


def configure(folder: Path, hosts: list[str]) -> Path:
    """Write its configuration, once; return the folder of it."""
    place = folder / "config"
    if not place.is_dir():
        place.mkdir()
        text = (Path(newsplease.__file__).parent / "config" / "config.cfg").read_text(encoding="utf-8")
        for pattern, instead in _CHANGES:
            text, changed = re.subn(pattern, instead.format(data=folder / "data"), text, count=1)
            if not changed:
                raise SystemExit(f"news-please's configuration has no {pattern} any more")
        (place / "config.cfg").write_text(text, encoding="utf-8")
        sites = {"base_urls": [{"url": f"http://{host}/"} for host in hosts]}
        (place / "sitelist.hjson").write_text(json.dumps(sites), encoding="utf-8")
    return place


def main() -> None:
    """Fetch, then fill the index."""
    folder, hosts = Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8").split()
    again = ["--resume"] if (folder / "config").is_dir() else []
    command = [sys.executable, "-m", "newsplease", "-c", f"{configure(folder, hosts)}/", *again]
    subprocess.run(command, check=True)
    shelf = Shelf(folder)
    for path in sorted((folder / "data" / "data").rglob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        shelf.add(found["url"], found["title"], found["authors"], found["date_publish"], found["maintext"])


main()
