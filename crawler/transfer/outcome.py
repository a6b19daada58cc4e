"""What became of a transfer, in our words instead of libcurl's."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import pycurl

_E_TOO_LARGE = 100  # CURLE_TOO_LARGE, CURLE_PROXY: pycurl has no names for them yet
_E_PROXY = 97
_E_ECH_REQUIRED = 101

_TLS = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_ENGINE_NOTFOUND,
        pycurl.E_SSL_ENGINE_SETFAILED, pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_CIPHER, pycurl.E_USE_SSL_FAILED,
        pycurl.E_SSL_CACERT_BADFILE, pycurl.E_SSL_CRL_BADFILE, pycurl.E_SSL_ISSUER_ERROR, pycurl.E_SSL_SHUTDOWN_FAILED,
        pycurl.E_SSL_INVALIDCERTSTATUS, pycurl.E_SSL_PINNEDPUBKEYNOTMATCH, _E_ECH_REQUIRED,
    }
)  # fmt: skip
_CUT = frozenset({pycurl.E_GOT_NOTHING, pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, pycurl.E_PARTIAL_FILE})
_WORDS = {
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_RESOLVE_PROXY: "proxy",
    _E_PROXY: "proxy",
    _E_TOO_LARGE: "headers-too-large",
    **dict.fromkeys(_TLS, "tls"),
}
TRUNCATED = {"too-large": "length", "timeout": "time", "disconnect": "disconnect"}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an exchange is not complete: one of the words of `Exchange.error`, and the library's own."""

    error: str
    detail: str

    @property
    def truncated(self) -> str:
        """The WARC-Truncated reason (WARC 1.1 section 5.13) for a body that was cut by this."""
        return TRUNCATED.get(self.error, "unspecified")


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a transfer had come when it failed."""

    os_errno: int
    connect_code: int  # status of the proxy's answer to CONNECT, 0 if there was none
    through_proxy: bool
    sent: bool  # the request went out


def failure_of(code: int, message: str, stage: Stage) -> Failure:
    """Return our word for one of libcurl's error codes.

    Source: libcurl-errors(3); what each case gives was seen with libcurl 8.23 (tests/test_handler.py).
    """
    return Failure(_word(code, stage), f"{message} (curl {code})")


def _word(code: int, stage: Stage) -> str:
    tunnel_refused = stage.connect_code and stage.connect_code // 100 != 2  # noqa: PLR2004 - 2xx: the tunnel stands
    if code in _WORDS:
        return _WORDS[code]
    if stage.through_proxy and (
        tunnel_refused or code == pycurl.E_COULDNT_CONNECT or (code in _CUT and not stage.sent)
    ):
        return "proxy"
    if code == pycurl.E_COULDNT_CONNECT:
        return "refused" if stage.os_errno == errno.ECONNREFUSED else "connect"
    return "disconnect" if code in _CUT else "protocol"
