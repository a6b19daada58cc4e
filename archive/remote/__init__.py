"""Files that lie elsewhere: fetched from a URL that a person typed, as far as it takes, before they are imported."""

from archive.remote.download import Fetched, fetch, is_remote, sweep
from archive.remote.spelling import without_secrets

__all__ = ["Fetched", "fetch", "is_remote", "sweep", "without_secrets"]
