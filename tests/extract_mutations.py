"""Ways to break a page: what servers, networks, broken templates and bad people may send."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

TAG = re.compile(rb"<[^<>]{1,2000}>")
CHARSETS = (
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "shift_jis", "euc_jp", "iso2022_jp", "utf-7", "big5",
    "koi8-r", "cp1252", "iso-8859-6", "hz", "cp037",
)  # fmt: skip
LABELS = (*CHARSETS, "none", "x-user-defined", "idna", "rot13", "unicode_escape", "utf-8-sig", "\u00e9", "a" * 500)
BOMS = (
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xff\xfe\x00\x00",
    b"\x00\x00\xfe\xff",
    b"+/v8",
    b"\x84\x31\x95\x33",
)
TAGS = (
    "div", "span", "p", "b", "i", "font", "table", "ul", "li", "blockquote", "a", "svg", "math", "template", "article",
    "section", "h1", "pre", "select", "q", "x-unknown",
)  # fmt: skip
# Runs that regular expressions may take the square, or worse, of their length for. {} is the place of a short word.
RUNS = (
    "a", "0", " ", "\t", "\n", "\u00a0", ".", "-", "(", ")", '"', "'", ",", "/", "1/", "1-", "1.", "1:", "12 ", "a@", "@a.",
    "http://", "by ", "By A, ", "Jane Roe, ", "and ", "Mr. ", "& ", "&amp;", "&#1;", "&#xd800;", "&lt;", "{", "[", "}{", "\\",
    "\\u", "<", "<!--", "]]>", "20", "2020", "2020-", "01/01/", "May ", "May 1, ", "T00:00:00", "+0000", "Z", "%", "%20",
    "\u3042", "\u0e01", "\U0001f600", "\u0301", "\u200b", "\u202e", "Updated: ", "| ", "\u2013 ", " - ", "\u2022", "_", "#",
)  # fmt: skip
NUMBERS = (
    "1e999",
    "-1e999",
    "NaN",
    "9" * 400,
    "9" * 5000,
    "1" + "0" * 20,
    "0.1e-999",
    "-0",
    "1E400",
    "253402300800000",
)
WORDS = (
    "By ", "Published ", "Updated on ", "12 May 2021 ", "2021-05-12T10:00:00", "May 12, 2021 ", "\u8a18\u8005 ", "Von ",
    "https://news.example/", "mailto:", "\u00a9 ",
)  # fmt: skip

Mutation = Callable[[random.Random, bytes, bytes], bytes]


def _some(chance: random.Random, least: int, most: int) -> int:
    """Return a size between the two; each order of magnitude is as likely as any other."""
    return int(least * (most / least) ** chance.random())


def _at(chance: random.Random, body: bytes) -> int:
    return chance.randrange(len(body) + 1)


def _insert(chance: random.Random, body: bytes, part: bytes) -> bytes:
    """Put a part between two tags, or anywhere."""
    at = _at(chance, body)
    if chance.random() < 0.8:
        at = body.find(b">", at) + 1 or at
    return body[:at] + part + body[at:]


def flip_bytes(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Change bytes to any others."""
    changed = bytearray(body)
    for _ in range(_some(chance, 1, max(2, len(body) // 50))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Keep a part of the page."""
    first, last = sorted((_at(chance, body), _at(chance, body)))
    return body[:last] if chance.random() < 0.6 else body[first:last] if chance.random() < 0.5 else body[last:]


def splice(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Join the start of a page to the end of another."""
    return body[: _at(chance, body)] + other[_at(chance, other) :]


def insert_other(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put a whole page inside another."""
    return _insert(chance, body, other)


def drop_tags(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Leave out tags."""
    share = chance.random() ** 2
    return TAG.sub(lambda m: b"" if chance.random() < share else m[0], body)


def repeat_tags(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Repeat tags, opening or closing."""
    share = chance.random() ** 3
    return TAG.sub(lambda m: m[0] * chance.randint(2, 30) if chance.random() < share else m[0], body)


def swap_tags(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Give tags other names."""
    share = chance.random() ** 2

    def renamed(match: re.Match[bytes]) -> bytes:
        if chance.random() >= share:
            return match[0]
        return re.sub(rb"^(</?)[^\s<>/]*", rb"\g<1>" + chance.choice(TAGS).encode(), match[0])

    return TAG.sub(renamed, body)


def repeat_part(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Repeat a part of the page, up to four megabytes of it."""
    at = _at(chance, body)
    part = body[at : at + _some(chance, 1, 20_000)]
    return body[:at] + part * _some(chance, 2, max(3, 4_000_000 // max(1, len(part)) // 10)) + body[at:]


def nest(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Open the same tag thousands of times, closed or not."""
    tag = chance.choice(TAGS)
    count = _some(chance, 50, 3000)
    closing = f"</{tag}>" * count if chance.random() < 0.5 else ""
    return _wrapped(chance, body, f"<{tag}>" * count, closing)


def nest_deep(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Open tags a hundred thousand times."""
    tags = chance.sample(TAGS, chance.randint(1, 4))
    count = _some(chance, 3000, 100_000) // len(tags)
    return _wrapped(chance, body, "".join(f"<{t}>" for t in tags) * count, "")


def _wrapped(chance: random.Random, body: bytes, opening: str, closing: str) -> bytes:
    first, last = sorted((_at(chance, body), _at(chance, body)))
    return body[:first] + opening.encode() + body[first:last] + closing.encode() + body[last:]


def nuls(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put NULs and other control characters in."""
    for _ in range(_some(chance, 1, 50)):
        body = _insert(chance, body, bytes([chance.choice((0, 1, 8, 11, 12, 27, 127, 133))]) * _some(chance, 1, 500))
    return body


def attributes(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Add a tag with one huge attribute, or with thousands."""
    name = chance.choice(("class", "id", "href", "content", "datetime", "itemprop", "rel", "lang", "style", "title"))
    if chance.random() < 0.5:
        inside = f'{name}="{run(chance, _some(chance, 100, 300_000))}"'
    else:
        inside = " ".join(f'{name}{n}="{n}"' for n in range(_some(chance, 10, 20_000)))
    return _insert(chance, body, f"<{chance.choice(TAGS)} {inside}>".encode("utf-8", "surrogatepass"))


def run(chance: random.Random, size: int) -> str:
    """Return a long run of something, with a word before or after it."""
    part = chance.choice(RUNS)
    if chance.random() < 0.2:
        part += chance.choice(RUNS)
    long = part * (size // len(part) + 1)
    where = chance.random()
    word = chance.choice(WORDS)
    return word + long if where < 0.4 else long + word if where < 0.7 else long


def _in_tag(chance: random.Random, text: str) -> str:
    """Put a text where a reader looks for something."""
    kinds: tuple[str, ...] = (
        "<p>{}</p>", "<title>{}</title>", "<h1>{}</h1>", '<time datetime="{}">x</time>', "<time>{}</time>",
        '<meta property="article:published_time" content="{}">', '<meta name="author" content="{}">',
        '<meta property="og:title" content="{}">', '<meta property="og:site_name" content="{}">',
        '<span class="byline">{}</span>', '<a rel="author" href="/author/x">{}</a>', '<div class="publish-date">{}</div>',
        '<link rel="canonical" href="{}">', '<base href="{}">', '<html lang="{}">', '<meta name="keywords" content="{}">',
        "<table><tr><td>{}</td></tr></table>", "<li>{}</li>", "<pre>{}</pre>", "<!--{}-->", "<script>{}</script>",
        '<script type="application/ld+json">{}</script>', "<style>{}</style>", "<a href='{}'>x</a>", "<blockquote>{}",
        '<img src="{}" alt="x">', "{}",
    )  # fmt: skip
    return chance.choice(kinds).replace("{}", text)


def runs(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put long runs where dates, bylines, titles, addresses and paragraphs are looked for."""
    for _ in range(chance.randint(1, 4)):
        text = _in_tag(chance, run(chance, _some(chance, 50, 60_000)))
        body = _insert(chance, body, text.encode("utf-8", "surrogatepass"))
    return body


def in_head(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put a long run at the page's very start, where it comes before the page's own."""
    text = _in_tag(chance, run(chance, _some(chance, 50, 200_000)))
    at = body.lower().find(b"<head") if chance.random() < 0.5 else 0
    at = body.find(b">", at) + 1 if at > 0 else 0
    return body[:at] + text.encode("utf-8", "surrogatepass") + body[at:]


def megabytes(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put megabytes of one thing in."""
    text = _in_tag(chance, run(chance, _some(chance, 1_000_000, 6_000_000)))
    return _insert(chance, body, text.encode("utf-8", "surrogatepass"))


def entities(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put character references in: huge, negative, unknown, unended, of what no text may hold."""
    odd = ("&#0;", "&#xD800;", "&#xDFFF;", "&#x110000;", "&#99999999999;", "&#-1;", "&", "&&&", "&unknown;", "&#x1F600",
           "&#xFFFE;", "&#11;", "&NotEqualTilde;", "&#x80;", "&amp;amp;lt;")  # fmt: skip
    for _ in range(_some(chance, 1, 30)):
        part = chance.choice(odd) * _some(chance, 1, 300)
        body = _insert(chance, body, _in_tag(chance, part).encode())
    return body


def surrogates(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put halves of surrogate pairs in, as bytes and in JSON."""
    half = chance.choice(("\ud800", "\udc00", "\udfff", "\ud83d")).encode("utf-8", "surrogatepass")
    title = rb'"A title \ud800 with \udc00 halves"'
    block = b'<script type="application/ld+json">{"@type":"NewsArticle","headline":' + title
    block += rb',"author":{"name":"Jane \udfff Roe"},"articleBody":"\ud800\u0000"}</script>'
    return _insert(chance, _insert(chance, body, half * _some(chance, 1, 100)), block)


def odd_value(chance: random.Random, depth: int = 0) -> str:
    """Return some JSON that is not what schema.org expects."""
    kind = chance.randrange(9)
    if kind == 0 or depth > 4:
        return chance.choice(NUMBERS)
    if kind == 1:
        return json.dumps(run(chance, _some(chance, 1, 3000)))
    if kind == 2:
        return "[" + ",".join(odd_value(chance, depth + 1) for _ in range(chance.randint(0, 4))) + "]"
    if kind == 3:
        keys = ("@type", "@value", "name", "url", "@id", "@graph", "headline", "author", "datePublished")
        return "{" + ",".join(f'"{chance.choice(keys)}":{odd_value(chance, depth + 1)}' for _ in range(3)) + "}"
    if kind == 4:
        return '{"name":' * (deep := _some(chance, 2, 3000)) + "1" + "}" * deep
    if kind == 5:
        return json.dumps(
            chance.choice(("0000-00-00", "2021-13-45", "99999-01-01", "+2021-01-01T00:00:00+99:99", "\x00"))
        )
    return chance.choice(("null", "true", '""', "[]", "{}", '"\\ud800"', '"\\u0000"', "[[[[]]]]"))


def json_ld(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put a JSON-LD article of odd values in, broken at times."""
    keys = ("headline", "name", "datePublished", "dateModified", "author", "articleBody", "inLanguage", "keywords", "image",
            "articleSection", "description", "@id", "mainEntityOfPage", "url", "publisher")  # fmt: skip
    fields = ",".join(f'"{key}":{odd_value(chance)}' for key in chance.sample(keys, chance.randint(1, len(keys))))
    kind = chance.choice(('"NewsArticle"', '["Article","x"]', "[[]]", "1", '"http://schema.org/NewsArticle"'))
    text = f'{{"@context":"https://schema.org","@type":{kind},{fields}}}'
    if chance.random() < 0.3:
        text = text[: chance.randrange(len(text))]
    if chance.random() < 0.2:
        text = chance.choice(("<!--", "[", "//<![CDATA[", "[" * 5000, '{"@graph":' * 2000)) + text
    block = f'<script type="application/ld+json">{text}</script>'
    return _insert(chance, body, block.encode("utf-8", "surrogatepass"))


def many_json_ld(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put thousands of JSON-LD blocks in."""
    block = b'<script type="application/ld+json">{"@type":"NewsArticle","headline":"A",%s}</script>'
    inside = chance.choice(
        (b'"author":{"name":"Jane Roe"}', b'"datePublished":"2021-05-12"', b'"a":[{"a":[{"a":[]}]}]')
    )
    return _insert(chance, body, block % inside * _some(chance, 100, 8000))


def many_elements(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Put thousands of small elements in: paragraphs, links, dates, headings, bylines."""
    element = chance.choice(("<p>{}</p>", "<h1>A title {}</h1>", "<time>{}</time>", "<a href=/author/a{}>Jane Roe</a>", "<br>",
                             "<span class=byline>By Jane Roe {}</span>", "<li>{}", "<meta name=author content=A{}>", "<td>{}",
                             "<div class=date>May 1, 20{}</div>", "<link rel=canonical href=/{}>"))  # fmt: skip
    count = _some(chance, 100, 20_000)
    return _insert(chance, body, "".join(element.replace("{}", str(n)) for n in range(count)).encode())


def recode(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Write the page in another charset and leave what it says of itself."""
    return body.decode("utf-8", "replace").encode(chance.choice(CHARSETS), "ignore")


def lie_in_meta(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Say another charset in <meta> or in an XML declaration."""
    label = chance.choice(LABELS).encode()
    form = chance.choice(
        (b'<meta charset="%s">', b'<?xml version="1.0" encoding="%s"?>', b"<meta content='text/html;charset=%s'>")
    )
    return form % label + body


def lie_in_bom(chance: random.Random, body: bytes, other: bytes) -> bytes:
    """Begin with a byte order mark of another encoding."""
    return chance.choice(BOMS) + body


LIGHT: tuple[Mutation, ...] = (
    flip_bytes, cut, splice, insert_other, drop_tags, repeat_tags, swap_tags, repeat_part, nest, nuls, attributes, runs, runs,
    in_head, entities, surrogates, json_ld, json_ld, recode, lie_in_meta, lie_in_bom,
)  # fmt: skip
HEAVY: tuple[Mutation, ...] = (nest_deep, megabytes, many_json_ld, many_elements)
