"""Which addresses are public, and which spellings of a host are refused before anything is sent."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.addresses import is_public, literal_private_host


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0",  # the machine itself on Linux
        "0.1.2.3",  # the rest of "this network"
        "10.0.0.1",  # RFC 1918
        "100.64.0.1",  # carrier-grade NAT
        "100.100.100.200",  # a cloud's metadata service, inside carrier-grade NAT
        "100.127.255.255",  # its last address
        "127.0.0.1",
        "127.255.255.254",  # all of 127/8 is loopback
        "169.254.169.254",  # metadata service of most clouds
        "172.16.0.1",
        "172.31.255.255",  # the last of 172.16/12
        "192.0.0.1",  # protocol assignments
        "192.0.2.1",  # documentation
        "192.88.99.1",  # 6to4 relay
        "192.168.1.1",
        "198.18.0.1",  # benchmarks
        "198.19.255.255",  # … both halves of the /15
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",  # multicast
        "239.255.255.250",  # SSDP
        "240.0.0.1",  # reserved
        "255.255.255.255",  # broadcast
        "::",
        "::1",
        "::ffff:127.0.0.1",  # IPv4-mapped
        "::ffff:7f00:1",  # the same in hex
        "::ffff:10.1.2.3",
        "::127.0.0.1",  # IPv4-compatible, deprecated
        "::8.8.8.8",  # … refused whatever is inside
        "64:ff9b::7f00:1",  # NAT64 of loopback
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",  # local-use NAT64
        "100::1",  # discard-only
        "2001::1",  # Teredo
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",  # benchmarks
        "2001:10::1",  # ORCHID
        "2001:20::1",  # ORCHIDv2
        "2001:db8::1",  # documentation
        "2002:7f00:1::",  # 6to4 of loopback
        "2002:a00:1::1",
        "3fff::1",  # documentation
        "5f00::1",  # segment routing
        "fc00::1",  # unique local
        "fd00:ec2::254",  # metadata service on IPv6
        "fe80::1",  # link-local
        "fe80::1%eth0",  # with a zone
        "2a00:1450:4001::1%eth0",  # a zone on a global address: odd enough to refuse
        "fec0::1",  # site-local
        "ff02::1",  # multicast
        "4000::1",  # not given out
        "",
        "example.org",  # no address at all
        "127.1",  # not for this function: only what getaddrinfo gives
        "1.1.1.1.1",
    ],
)
def test_not_public(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",  # just below 10/8
        "11.0.0.0",  # just above
        "100.63.255.255",  # just below carrier-grade NAT
        "100.128.0.0",  # just above
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",  # the last unicast address
        "2001:200::1",  # the first after the protocol assignments: APNIC
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001:800::200e",
        "::ffff:8.8.8.8",  # mapped, of a public one
        "64:ff9b::8.8.8.8",  # how IPv6-only networks reach it
    ],
)
def test_public(ip: str) -> None:
    assert is_public(ip)


PRIVATE_SPELLINGS = [
    "localhost", "LOCALHOST", "localhost.", "foo.localhost", "a.b.localhost.", "localhost.localdomain",
    "ip6-localhost", "ip6-loopback", "printer.local", "metadata.google.internal", "nas.home.arpa",
    "127.0.0.1", "127.0.0.1.", "127.0.0.1..", "127.1", "127.0.1", "127.1.", "2130706433", "0x7f000001", "0X7F000001",
    "0x7f.1", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "017700000001", "0177.0.0.1", "0177.1", "0177.0x0.1",
    "00000177.0.0.1", "127.0.0.01", "127.000.000.001", "127.65535", "127.0.65535", "0x7f.16777215", "0", "0x0", "00",
    "0x", "0.0.0.0", "0.0", "10.1", "10.0.0.1", "012.0.0.1", "010.8.8.8", "167772161", "0xa000001", "172.16.1",
    "192.168.1", "192.168.257", "192.168.0.1.", "3232235521", "0xc0a80001", "0300.0250.0.1", "169.254.169.254",
    "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.254.43518", "169.16689662",
    "100.64.1", "198.18.1", "224.0.0.1", "255.255.255.255", "4294967295", "0xffffffff",
    "[::1]", "[::]", "::1", "[0:0:0:0:0:0:0:1]", "[0000:0000::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::FFFF:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1]", "[fe80::1%25eth0]",
    "[fc00::1]", "[fd12:3456::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[2001::1]", "[::1", "[", "[v1.x]",
    "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "loc%61lhost",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "127\u30020\u30020\uff0e1",
    "①②⑦.0.0.1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "local\u00adhost", "local\u200bhost", "", ".", "256.1.1.1", "1.1.1.256", "4294967296", "1.2.3.4.5", "08.0.0.1",
    "foo.1", "foo.0x7f", " 127.0.0.1", "0x" + "0" * 200 + "7f000001",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE_SPELLINGS)
def test_private_spelling_is_refused(host: str) -> None:
    assert literal_private_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "news.example",
        "www.bbc.co.uk.",
        "localhost.example",  # only the end counts
        "notlocalhost",
        "local.example",
        "127.0.0.1.news.example",  # a name: what it resolves to is judged at connect
        "0x7f.news.example",
        "1.1.1.1",
        "1.1.1.1.",
        "16843009",  # 1.1.1.1
        "0x01010101",
        "8.8.2056",
        "[2606:4700:4700::1111]",
        "[::ffff:1.1.1.1]",
        "xn--p1ai",
        "bücher.example",
        "123.news",  # a number, but not at the end
        "news.0xyz",  # no hex number
        "7news.com.au",
    ],
)
def test_public_spelling_passes(host: str) -> None:
    assert not literal_private_host(host)


@given(st.ip_addresses(v=4), st.integers(0, 5))
def test_every_inet_aton_spelling_is_judged_as_its_address(address: ipaddress.IPv4Address, way: int) -> None:
    a, b, c, d = address.packed
    spelling = [
        str(int(address)),
        hex(int(address)),
        f"0{int(address):o}",
        f"{a}.{int(address) & 0xFFFFFF}",
        f"{a:#x}.{b}.{c << 8 | d}",
        f"0{a:o}.{b:#x}.{c}.{d}",
    ][way]
    assert socket.inet_aton(spelling) == address.packed  # the C library agrees that it is a spelling of it
    if not is_public(str(address)):
        assert literal_private_host(spelling)
    elif way in (0, 1, 3, 4):  # a leading zero may also be refused for its decimal reading
        assert not literal_private_host(spelling)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_opens_no_door(address: ipaddress.IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(f"64:ff9b::{address}") == is_public(str(address))


@given(st.text(max_size=40))
def test_any_text_is_judged(text: str) -> None:
    assert literal_private_host(text) in (True, False)
    assert is_public(text) in (True, False)


@given(st.ip_addresses(v=6))
def test_nothing_that_python_calls_private_is_public(address: ipaddress.IPv6Address) -> None:
    if not address.is_global and address not in ipaddress.IPv6Network("64:ff9b::/96"):
        assert not is_public(str(address))
