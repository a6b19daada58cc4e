"""Handing JSON to a webhook: one POST over the same guarded connection as a crawl's requests, signed where there is a secret.

No redirect is followed, and nothing is tried twice: whoever calls does that another time.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

import pycurl

from archive.errors import DeliveryError, UsageError
from crawler.transfer import Route
from crawler.transfer.easy import Easy
from crawler.transfer.framing import status_of
from crawler.transfer.outcome import Failure, Stage, failure_of
from crawler.transfer.request import Ask, UnusableRequestError, make_ask

SIGNATURE = "Morgue-Signature"
_MOST_BACK = 64 * 2**10  # bytes of an answer that are read; what it says is not kept
_LOCAL = frozenset({"localhost"})


def signature(body: bytes, secret: str) -> str:
    """Return the value of the header `Morgue-Signature`: HMAC-SHA256 (RFC 2104) of the body as sent, in hexadecimal digits.

    >>> signature(b"{}", "key")
    'sha256=a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032'
    """
    return "sha256=" + hmac.new(secret.encode("utf-8", "surrogateescape"), body, hashlib.sha256).hexdigest()


class Webhook:
    """A place that takes JSON."""

    def __init__(self, url: str, route: Route, *, user_agent: str, secret: str | None = None) -> None:
        """`url`: https, or http on this machine where `route` allows private addresses. Raises `UsageError`."""
        self._route, self._secret = route, secret
        headers = [(b"User-Agent", user_agent.encode("ascii", "replace")), (b"Content-Type", b"application/json")]
        try:
            self._ask: Ask = make_ask(url, headers=headers, once=True, most=_MOST_BACK)
        except UnusableRequestError as error:
            raise UsageError(f"--webhook: {error}. Write it in full, like https://hooks.example/desk") from None
        self.name = f"{self._ask.scheme}://{self._ask.authority}/…"  # the rest of such an address is often a secret
        if "@" in urlsplit(url).netloc:
            raise UsageError(
                f"--webhook {self.name}: a name or password in the address is not sent. Sign with MORGUE_WEBHOOK_SECRET."
            )
        if self._ask.scheme != "https" and not (route.allow_private and _is_local(self._ask.host)):
            raise UsageError(
                f"--webhook {self.name}: only https is spoken, so that nobody in between reads or changes what is told; http "
                "goes to this machine alone (127.0.0.1), with --allow-private."
            )

    def post(self, body: bytes) -> None:
        """Send `body`, a JSON document. Raises `DeliveryError` unless it is answered with a status of 2xx."""
        easy = Easy(self._route)
        try:
            easy.begin(self._ask, None)
            lines = [name + b": " + value for name, value in self._ask.fields]
            if self._secret:
                lines.append(f"{SIGNATURE}: {signature(body, self._secret)}".encode("ascii"))
            easy.curl.setopt(pycurl.POST, 1)
            easy.curl.setopt(pycurl.POSTFIELDS, body)
            easy.curl.setopt(pycurl.HTTPHEADER, [*lines, b"Accept:", b"Expect:"])
            failure = self._perform(easy)
            status = status_of(easy.head) if easy.head else None
        finally:
            easy.close()
        if status is None:
            raise DeliveryError(self.name, failure.detail if failure else "it did not answer")
        if status // 100 == 3:  # noqa: PLR2004 - a redirect
            raise DeliveryError(
                self.name, f"it answered with {status}, a redirect, which is not followed; name where it leads to"
            )
        if status // 100 != 2:  # noqa: PLR2004 - taken
            raise DeliveryError(self.name, f"it answered with {status}")

    def _perform(self, easy: Easy) -> Failure | None:
        try:
            easy.curl.perform()
        except pycurl.error as error:
            code, text = error.args[0], str(error.args[1])
            stage = Stage(
                os_errno=easy.curl.getinfo(pycurl.OS_ERRNO),
                connect_code=easy.curl.getinfo(pycurl.HTTP_CONNECTCODE),
                through_proxy=bool(self._route.proxy),
                sent=easy.curl.getinfo(pycurl.REQUEST_SIZE) > 0,
            )
            return easy.guard_failure or easy.failure or failure_of(code, text, stage)
        return None


def _is_local(host: str) -> bool:
    """Tell whether a URL's host is this machine: by its spelling, for nothing else may be spoken to in clear text."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in _LOCAL
