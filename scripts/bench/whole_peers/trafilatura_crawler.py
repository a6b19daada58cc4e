"""trafilatura's own crawler, then its extraction of what that found: python trafilatura_crawler.py FOLDER HOSTS PROXY.

trafilatura takes no HTTP proxy (its `http_proxy` is for SOCKS): every name is resolved to the server itself here.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shelf import Shelf
from trafilatura import bare_extraction, fetch_response
from trafilatura.settings import use_config
from trafilatura.spider import focused_crawler

MOST = 200  # pages that are visited for their links, and addresses that are known, of a site


def resolve_to(server: str) -> None:
    """Let every name and port stand for the server's."""
    at = urlsplit(server)
    place = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (at.hostname, at.port))

    def answer(*_: Any, **__: Any) -> list[Any]:
        return [place]

    socket.getaddrinfo = answer


def main() -> None:
    """Fetch and keep."""
    folder, hosts, server = Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8").split(), sys.argv[3]
    resolve_to(server)
    shelf = Shelf(folder)
    known = shelf.known()
    config = use_config()
    config["DEFAULT"]["SLEEP_TIME"] = "0"
    config["DEFAULT"]["SSRF_PROTECTION"] = "off"
    for host in hosts:
        todo, seen = focused_crawler(f"http://{host}/", max_seen_urls=1, max_known_urls=MOST, config=config)
        for url in dict.fromkeys([*todo, *seen]):
            if url in known or urlsplit(url).path in {"", "/"}:
                continue
            response = fetch_response(url, config=config)
            if response is None or response.status != 200:
                continue
            found = bare_extraction(response.data, url=url, with_metadata=True, config=config)
            if found is not None:
                shelf.add(url, found.title, found.author, found.date, found.text)


main()
