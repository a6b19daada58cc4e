"""Bytes to characters: what browsers do, and where pages lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.extract.charset import codec_for, decode

RU = "Городской совет проголосовал за восстановление причала. " * 4
JA = "港湾委員会は桟橋を再建することを決めた。" * 6


@pytest.mark.parametrize(
    ("body", "header", "encoding", "via"),
    [
        (b"\xef\xbb\xbfcaf\xc3\xa9", "text/html; charset=iso-8859-1", "utf-8", "bom"),  # a mark beats the header
        ("\ufeffpier".encode("utf-16-le"), "", "utf-16-le", "bom"),  # saved by Notepad
        (RU.encode("cp1251"), "text/html; charset=windows-1251", "cp1251", "header"),  # the plain case
        (RU.encode("cp1251"), 'text/html; charset="Windows-1251"', "cp1251", "header"),  # quoted, other case
        (b'<meta charset="windows-1251">' + RU.encode("cp1251"), "text/html", "cp1251", "meta"),  # no header
        (b"<!-- <meta charset=utf-8> --><meta charset=koi8-r>" + RU.encode("koi8-r"), "", "koi8-r", "meta"),  # comment
        (b'<meta charset="utf-8">' + RU.encode("cp1251"), "text/html; charset=utf-8", "cp1251", "detected"),  # both lie
        (RU.encode(), "text/html; charset=windows-1251", "utf-8", "utf-8"),  # server moved, template kept
        ("naïve".encode(), "text/html; charset=iso-8859-1", "utf-8", "utf-8"),  # Apache's old AddDefaultCharset
        (
            "“quoted”".encode("cp1252"),
            "text/html; charset=iso-8859-1",
            "cp1252",
            "header",
        ),  # latin-1 is 1252 on the web
        ("naïve".encode("latin-1"), "text/html; charset=us-ascii", "cp1252", "header"),  # WHATWG: ascii is 1252
        (b'<meta charset="utf-16">plain', "", "utf-8", "meta"),  # ASCII bytes cannot be UTF-16
        (b"<meta charset=Shift_JIS>" + JA.encode("cp932"), "", "cp932", "meta"),
        (b"<meta charset=gb2312>" + "网站新闻".encode("gb18030"), "", "gb18030", "meta"),  # a superset is meant
        (b'<?xml version="1.0" encoding="euc-jp"?>' + JA.encode("euc-jp"), "", "euc_jp", "meta"),
        (b"plain", "text/html; charset=klingon", "utf-8", "utf-8"),  # unknown label: as if it were not there
        (b"plain", "text/html; charset=rot13", "utf-8", "utf-8"),  # a Python codec, not a charset
        (b"<metacharset=koi8-r>" + RU.encode("cp1251"), "text/html; charset=windows-1251", "cp1251", "header"),
        (
            b'<meta charset=bogus><meta charset="koi8-r">' + RU.encode("koi8-r"),
            "",
            "koi8-r",
            "meta",
        ),  # the next one counts
        (
            b"<p title='<meta charset=koi8-r>'><meta charset=cp1251>" + RU.encode("cp1251"),
            "",
            "cp1251",
            "meta",
        ),  # a value
        (b'<meta name=x content="charset=koi8-r"><meta charset=cp1251>' + RU.encode("cp1251"), "", "cp1251", "meta"),
        (
            b'<meta content="text/html; charset=koi8-r" http-equiv=content-type>' + RU.encode("koi8-r"),
            "",
            "koi8-r",
            "meta",
        ),  # in this order too
        (RU.encode() + b"\xff", "text/html; charset=utf-8", "utf-8", "header"),  # one bad byte in an advertisement
    ],
)
def test_how_a_page_is_decoded(body: bytes, header: str, encoding: str, via: str) -> None:
    found = decode(body, header)
    assert (found.encoding, found.via) == (encoding, via)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("latin1", "cp1252"),
        (" UTF8 ", "utf-8"),
        ("ks_c_5601-1987", "cp949"),  # what Korean pages of 2005 say
        ("csISOLatin1", "cp1252"),  # an alias that only Python's table has
        ('koi8-r"', None),  # Python's lookup would pass over the quotation mark
        ("base64", None),  # bytes to bytes
        ("x" * 90, None),
        ("", None),
    ],
)
def test_labels(label: str, codec: str | None) -> None:
    assert codec_for(label) == codec


@given(st.binary(max_size=400), st.text(max_size=30))
def test_any_bytes_decode(body: bytes, header: str) -> None:
    assert isinstance(decode(body, header).text, str)
