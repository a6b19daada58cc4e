"""Several archives become one: shards that crawled on their own, or an archive that was copied and went on in two places.

What lies in a folder makes an archive: so a merge is the union of what lies in several, and then an ordinary ingest and
restory. Nothing in a shard is changed, nor read but files: its databases are copies of the same.

    lines.py    decisions.jsonl: a union by time (pure)
    look.py     a shard's folder, which may be a stranger's
    shelf.py    WARC files: which are new, which have grown, which clash
    plan.py     all that would be done, and all that forbids it, before anything is changed
    take.py     copying
    main.py     from lock to report
"""

from archive.merging.main import merge_shards
from archive.merging.report import Merged

__all__ = ["Merged", "merge_shards"]
