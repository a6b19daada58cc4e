"""The crawler room: fetches; writes WARC files and crawl.db. Never extracts, never writes archive.db."""
