"""The command `morgue`: the archive room's commands and the crawler's in one group."""

from __future__ import annotations

from archive.cli import group
from archive.commands.selectors import try_command
from crawler.commands.alerts import alerts
from crawler.commands.crawl import crawl, save
from crawler.commands.doctor import doctor
from crawler.commands.fsck import fsck
from crawler.commands.lists import check_command, import_list
from crawler.commands.merge import merge
from crawler.commands.sources import sources
from crawler.commands.status import rebuild, status
from crawler.commands.takedown import takedown

# In the order of a first day: make, add, crawl, look, ask, mend.
_FIRST = {"init": 0, "sources": 1, "crawl": 2, "save": 3, "status": 4}
_SOURCES = {"add": 0, "import": 1, "list": 2, "check": 3}

for _command in (import_list, check_command, try_command):
    sources.add_command(_command)
sources.commands = dict(sorted(sources.commands.items(), key=lambda item: _SOURCES.get(item[0], 99)))
for _command in (sources, crawl, save, status, rebuild, merge, fsck, doctor, takedown, alerts):
    group.add_command(_command)
group.commands = dict(sorted(group.commands.items(), key=lambda item: _FIRST.get(item[0], 99)))


def main() -> None:
    """Run the command line."""
    group(prog_name="morgue")
