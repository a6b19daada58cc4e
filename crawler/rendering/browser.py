"""The browser: found, started with every door shut, and ended with the run.

It is a Chromium of the system, driven by Playwright over a pipe: when the crawl dies, however it dies, the pipe closes and
both end. Nothing leaves it by itself: its proxy is a port where nobody listens, loopback included, and names resolve to
nothing. What a page asks for is answered by us.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.rendering.rules import browser_name, first_line

if TYPE_CHECKING:
    from playwright.async_api import Browser as PlaywrightBrowser

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_NOWHERE = "http://127.0.0.1:1"  # tcpmux (RFC 1078): nobody has listened there for decades
_HEAP = 512  # MiB of JavaScript in one page
_START_SECONDS = 60.0
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    # Not needed while all names are refused and the proxy is a dead one; UDP would go around both.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # its name in older versions
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-remote-fonts",
    f"--js-flags=--max-old-space-size={_HEAP}",
)


class BrowserError(Exception):
    """No browser can be had; the message says what to do. Stays inside this package."""


def find_chromium(environment: Mapping[str, str]) -> str:
    """Return the path of the Chromium to use. Raises `BrowserError` if there is none."""
    named = environment.get("MORGUE_CHROMIUM")
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise BrowserError(
                f"MORGUE_CHROMIUM is {named!r}, which is no program. Give the path of Chromium, or unset it."
            )
        return named
    for name in NAMES:
        if found := shutil.which(name, path=environment.get("PATH")):
            return found
    raise BrowserError(
        "no Chromium was found on the PATH. Install it (Debian, Ubuntu: apt-get install chromium), or set "
        "MORGUE_CHROMIUM=/path/to/chromium."
    )


class Browser:
    """One running Chromium. To be closed; it also ends when this process does."""

    def __init__(self, playwright: PlaywrightBrowser, stack: AsyncExitStack) -> None:
        self.playwright = playwright
        self.name = browser_name(playwright.version)
        self._stack = stack

    @classmethod
    async def start(cls, environment: Mapping[str, str]) -> Browser:
        """Start the Chromium that `find_chromium` finds. Raises `BrowserError`."""
        try:
            from playwright.async_api import Error, async_playwright
        except ImportError:
            raise BrowserError("playwright is not installed. Type: pip install 'newsmorgue[render]'") from None
        path = find_chromium(environment)
        async with AsyncExitStack() as stack:
            home = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="morgue-browser-", ignore_cleanup_errors=True)
            )
            try:
                driver = await stack.enter_async_context(async_playwright())
                started = await driver.chromium.launch(
                    executable_path=path,
                    args=list(_FLAGS),
                    # Chromium's sandbox refuses to run as root, and what a container of root's may do is limited by that.
                    chromium_sandbox=os.geteuid() != 0,
                    handle_sigint=False,  # signals are the crawl's, which closes us when it ends
                    handle_sigterm=False,
                    handle_sighup=False,
                    proxy={"server": _NOWHERE, "bypass": "<-loopback>"},
                    env={"PATH": environment.get("PATH", os.defpath), "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"},
                    timeout=_START_SECONDS * 1000,
                )
            except (Error, OSError) as error:
                raise BrowserError(
                    f"{path} does not start ({first_line([str(error)])}). Try it: {path} --headless --dump-dom about:blank; or "
                    "set MORGUE_CHROMIUM to another Chromium."
                ) from None
            stack.push_async_callback(started.close)
            return cls(started, stack.pop_all())
        raise AssertionError("unreachable")

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return bool(self.playwright.is_connected())

    async def close(self) -> None:
        """End it, with its driver. A browser that has crashed is closed too."""
        await self._stack.aclose()
