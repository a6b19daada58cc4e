"""Discovery: bytes of a feed, sitemap or page in, candidates out. Pure."""
