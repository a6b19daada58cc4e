"""All transfers of a crawl on one libcurl multi handle, driven by the asyncio loop. No threads of ours, no polling."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import datetime

import pycurl

from archive.clock import Clock
from archive.model import Exchange
from crawler.addresses import literal_private_host
from crawler.transfer.easy import Easy, Route, peer_of
from crawler.transfer.outcome import Failure, Stage, failure_of
from crawler.transfer.request import Ask, UnusableRequestError, make_ask

_CONNECTIONS = 128  # idle ones kept open, in all
_IDLE_HANDLES = 64  # kept for the next transfers; a burst of more is freed again
_PATIENCE = 50  # hundredths of a second that `close` waits for libcurl to free everything
_IN, _OUT = pycurl.POLL_IN, pycurl.POLL_OUT


@dataclass(slots=True, eq=False)
class Transfer:
    """One request on its way. `exchange` is there as soon as it ended, however it ended."""

    url: str
    started_at: datetime
    began: float  # monotonic seconds
    future: asyncio.Future[Exchange]
    engine: Engine
    ask: Ask | None = None
    easy: Easy | None = None
    first_byte_timer: asyncio.TimerHandle | None = None
    exchange: Exchange | None = None
    latency: float = 0.0  # seconds from the start to the first byte of the answer

    async def wait(self) -> Exchange:
        """Return the exchange when it has ended. If the waiting task is cancelled, the transfer ends at once."""
        try:
            return await self.future
        except asyncio.CancelledError:
            self.engine.cancel(self)
            raise

    def first_byte(self) -> None:
        """Stop waiting for the answer to begin: it did."""
        if self.first_byte_timer is not None:
            self.first_byte_timer.cancel()
            self.first_byte_timer = None


class Engine:
    """Starts transfers and ends them; bound to the event loop of the first `start`.

    The loop must watch file descriptors (`add_reader`): every asyncio loop on POSIX does, uvloop too.
    """

    def __init__(self, route: Route, clock: Clock) -> None:
        self.route = route
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._active: dict[pycurl.Curl, Transfer] = {}
        self._idle: list[Easy] = []
        self._watched: dict[int, int] = {}
        self._timer: asyncio.Handle | None = None
        self._closed = False
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, _CONNECTIONS)
        self._multi.setopt(pycurl.M_PIPELINING, 0)

    @property
    def in_flight(self) -> int:
        """How many transfers have begun and not ended."""
        return len(self._active)

    def start(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: tuple[tuple[bytes, bytes], ...] | list[tuple[bytes, bytes]] = (),
        once: bool = False,
        most: int | None = None,
    ) -> Transfer:
        """Begin one exchange. Never raises for what the request or the network is like: see `Exchange.error`.

        `most`: bytes of its body, where the route allows more.
        """
        loop = self._loop = self._loop or asyncio.get_running_loop()
        transfer = Transfer(
            url=url,
            started_at=self._clock.now(),
            began=self._clock.monotonic(),
            future=loop.create_future(),
            engine=self,
        )
        try:
            transfer.ask = ask = make_ask(url, method=method, headers=headers, once=once, most=most)
        except UnusableRequestError as error:
            self._settle(transfer, Failure("protocol", str(error)))
            return transfer
        if self._closed:
            self._settle(transfer, Failure("cancelled", "the crawl is closing"))
        elif not self.route.allow_private and literal_private_host(ask.host):
            self._settle(transfer, Failure("private-address", f"not a public host: {ask.host}"))
        else:
            self._launch(transfer, ask, loop)
        return transfer

    def cancel(self, transfer: Transfer) -> None:
        """End a transfer at once and close its connection; the others go on."""
        if transfer.exchange is None:
            self._finish(transfer, Failure("cancelled", "the request was cancelled"))

    async def close(self) -> None:
        """End what is in flight (error "cancelled") and free everything. May be called twice."""
        if self._closed:
            return
        for transfer in list(self._active.values()):
            self._finish(transfer, Failure("cancelled", "the crawl is closing"))
        self._closed = True
        self._on_timer(-1)
        for easy in self._idle:
            easy.close()
        self._idle.clear()
        for fd in list(self._watched):
            self._watch(fd, 0)
        # Freeing the multi handle joins the resolver threads, and a name server that does not answer holds those for as
        # long as glibc is patient: 7.8 s were seen with libcurl 8.23, up to 40 s are possible. libcurl has an option
        # against it (CURLMOPT_QUICK_EXIT, 8.20), pycurl 7.49 does not. So a thread waits, and nobody waits for it.
        freeing = threading.Thread(target=self._multi.close, name="libcurl-cleanup", daemon=True)
        freeing.start()
        freeing.join(0.02)  # mostly it takes less than a millisecond
        for _ in range(_PATIENCE):
            if not freeing.is_alive():
                break
            await asyncio.sleep(0.01)

    def _launch(self, transfer: Transfer, ask: Ask, loop: asyncio.AbstractEventLoop) -> None:
        limits = self.route.limits
        transfer.easy = easy = self._idle.pop() if self._idle else Easy(self.route)
        easy.begin(ask, transfer.first_byte)
        if limits.first_byte < limits.total:
            transfer.first_byte_timer = loop.call_later(limits.first_byte, self._no_first_byte, transfer)
        self._active[easy.curl] = transfer
        self._multi.add_handle(easy.curl)  # asks for a timer; the transfer begins when that fires

    def _no_first_byte(self, transfer: Transfer) -> None:
        transfer.first_byte_timer = None
        if transfer.exchange is None:
            limit = self.route.limits.first_byte
            self._finish(transfer, Failure("timeout", f"no answer began within {limit:g} seconds"))

    def _on_socket(self, what: int, fd: int, *_: object) -> None:
        if not self._closed:  # afterwards it may be called in the thread that frees the handle
            self._watch(fd, 0 if what == pycurl.POLL_REMOVE else what & (_IN | _OUT))

    def _watch(self, fd: int, wanted: int) -> None:
        loop = self._loop
        if loop is None:
            return
        now = self._watched.get(fd, 0)
        if wanted & _IN and not now & _IN:
            loop.add_reader(fd, self._drive, fd, pycurl.CSELECT_IN)
        elif now & _IN and not wanted & _IN:
            loop.remove_reader(fd)
        if wanted & _OUT and not now & _OUT:
            loop.add_writer(fd, self._drive, fd, pycurl.CSELECT_OUT)
        elif now & _OUT and not wanted & _OUT:
            loop.remove_writer(fd)
        if wanted:
            self._watched[fd] = wanted
        else:
            self._watched.pop(fd, None)

    def _on_timer(self, milliseconds: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds < 0 or self._closed or self._loop is None:
            return
        if milliseconds == 0:  # never at once: libcurl must not be called from its own callback
            self._timer = self._loop.call_soon(self._expire)
        else:
            self._timer = self._loop.call_later(milliseconds / 1000, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self._drive(pycurl.SOCKET_TIMEOUT, 0)

    def _drive(self, fd: int, events: int) -> None:
        if self._closed:
            return
        _, running = self._multi.socket_action(fd, events)
        if running < len(self._active):
            self._reap()

    def _reap(self) -> None:
        more = 1
        while more:
            more, done, failed = self._multi.info_read()
            for curl in done:
                self._finish(self._active[curl], None)
            for curl, code, message in failed:
                transfer = self._active[curl]
                stage = Stage(
                    os_errno=curl.getinfo(pycurl.OS_ERRNO),
                    connect_code=curl.getinfo(pycurl.HTTP_CONNECTCODE),
                    through_proxy=bool(self.route.proxy),
                    sent=curl.getinfo(pycurl.REQUEST_SIZE) > 0,
                )
                self._finish(transfer, failure_of(code, message, stage))

    def _finish(self, transfer: Transfer, failure: Failure | None) -> None:
        easy = transfer.easy
        if easy is None:
            self._settle(transfer, failure)
            return
        curl = easy.curl
        del self._active[curl]
        self._multi.remove_handle(curl)
        if failure is None or failure.error == "protocol":  # a stop from a callback comes back as a write error
            failure = None if easy.ended else easy.failure or failure
        failure = easy.guard_failure or failure if failure else None
        self._settle(transfer, failure)
        transfer.easy = None
        if self._closed or len(self._idle) >= _IDLE_HANDLES:
            easy.close()
        else:
            easy.end()
            self._idle.append(easy)

    def _settle(self, transfer: Transfer, failure: Failure | None) -> None:
        transfer.first_byte()
        easy, ask = transfer.easy, transfer.ask
        head = easy.head if easy else b""
        if failure is None and not head:
            # libcurl calls a head that ends before its empty line complete.
            failure = Failure("disconnect", "the connection ended within the response head")
        seconds, peer = self._clock.monotonic() - transfer.began, None
        if easy is not None:
            curl = easy.curl
            sent = curl.getinfo(pycurl.PRETRANSFER_TIME)
            seconds = max(0.0, curl.getinfo(pycurl.TOTAL_TIME) - sent) if head and sent else seconds
            transfer.latency = curl.getinfo(pycurl.STARTTRANSFER_TIME)
            if not self.route.proxy and not (failure and failure.error == "private-address"):
                peer = peer_of(curl)
        transfer.exchange = Exchange(
            url=transfer.url,
            started_at=transfer.started_at,
            request_head=ask.head if ask else b"",
            response_head=head,
            body=b"".join(easy.chunks) if easy and head else b"",
            peer=peer,
            seconds=seconds,
            truncated=failure.truncated if failure and head else None,
            error=failure.error if failure else None,
            detail=failure.detail if failure else None,
        )
        if not transfer.future.done():
            transfer.future.set_result(transfer.exchange)
