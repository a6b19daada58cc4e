"""Web addresses: how they are spelled, what they are the address of, and whose they are. Pure, no network.

- `canonical_url` is the spelling shown and fetched: what a browser would ask for, without what no server looks at.
- `url_key` is the identity: two spellings of one page have one key.
- `proposed_key` also folds AMP, mobile and print spellings. It is a proposal, taken when the page itself agrees.

A wrong merge loses an article; a missed one costs little, because the content check catches it. So every rule here is
one that holds for the web at large, and a name that means something else on some site is folded only where its value,
or the rest of the URL, says so.
"""

from archive.urls.domains import host_of, origin_of, registered_domain
from archive.urls.key import article_id, url_key
from archive.urls.spelling import MAX_URL, canonical_url, join_url, redirect_url
from archive.urls.variants import proposed_key

__all__ = [
    "MAX_URL",
    "article_id",
    "canonical_url",
    "host_of",
    "join_url",
    "origin_of",
    "proposed_key",
    "redirect_url",
    "registered_domain",
    "url_key",
]
