"""What every test stands on: a clean environment, loopback only, and the corpus where it is."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.line import days  # noqa: F401 - a fixture, found here by name
from tests.site.fixture import _news_sites_server, news_sites  # noqa: F401 - fixtures, found here by name

# A busy machine is no failure: speed belongs in benchmarks.
settings.register_profile("morgue", deadline=None)
settings.load_profile("morgue")

_REAL_CONNECT = socket.socket.connect


def _guarded_connect(self: socket.socket, address: Any) -> Any:
    """Refuse every connection but to loopback: a test that needs the live network is broken."""
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test tried to connect to {address!r}; tests talk to loopback only")
    return _REAL_CONNECT(self, address)


@pytest.fixture(autouse=True)
def _closed_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)
    for name in list(os.environ):
        if (name.startswith("MORGUE_") and name != "MORGUE_CORPUS") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of the measuring corpus, or skip the test and say so."""
    where = os.environ.get("MORGUE_CORPUS")
    if not where or not Path(where).is_dir():
        pytest.skip("MORGUE_CORPUS is not set: this test measures on a corpus that is not part of the project")
    return Path(where)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name cases of binary data by their argument: packed bytes hold the time, and workers must collect the same names."""
    return argname if isinstance(val, bytes) and not (val.isascii() and val.decode("ascii").isprintable()) else None
