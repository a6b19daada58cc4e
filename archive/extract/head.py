"""What a capture's status and role say before its body is looked at. Loads no parser: ingest asks it of every capture."""

from __future__ import annotations

from archive.model import Role

_OK = range(200, 300)
# Not Role.SECTION: that is only guessed from the address, and such a page may say of itself that it is an article.
_BY_ROLE = {
    Role.FEED: "feed",
    Role.SITEMAP: "feed",
    Role.ROBOTS: "feed",
    Role.HOME: "front-page",
    Role.ASSET: "asset",
}


def reason_by_head(status: int | None, role: Role | None) -> str | None:
    """Return why a capture cannot be an article, or None. `status` None: not HTTP, taken as 200.

    >>> reason_by_head(404, None), reason_by_head(200, Role.FEED), reason_by_head(200, Role.PAGE)
    ('status', 'feed', None)
    """
    if status is not None and status not in _OK:
        return "status"
    return None if role is None else _BY_ROLE.get(role)
