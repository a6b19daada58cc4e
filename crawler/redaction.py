"""What an answer tells of what was taken down: such a listing or redirect is kept without its body. Pure."""

from __future__ import annotations

from archive.errors import PayloadError
from archive.model import Role
from archive.payload import header
from archive.tombstones import Tombstones, decoded_text, tells_of, unzipped
from archive.urls import redirect_url
from crawler.consequences import REDIRECTS, Answer
from crawler.frontier import Lease


def quotes(answer: Answer, lease: Lease, gone: Tombstones) -> bool:
    """Return whether a listing names an address that was taken down, or an answer redirects to one.

    Pages are not looked through: those of other articles may link to it, and a copy on the shelf may be removed by another
    `morgue takedown`.
    """
    if answer.status in REDIRECTS:
        target = redirect_url(lease.url, header(answer.headers, "Location") or "")
        return target is not None and gone.covers(target)
    if lease.role in (Role.PAGE, Role.ROBOTS) or answer.status is None:
        return False
    try:
        body = unzipped(answer.body())
    except PayloadError:
        body = b""
    said = header(answer.headers, "Content-Type") or ""
    return any(tells_of(decoded_text(each, said), lease.url, gone) for each in (body, answer.dom) if each)
