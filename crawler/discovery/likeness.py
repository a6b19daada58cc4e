"""Article, section or neither: what the shape of a URL says. No list of sites; a site's known articles may help.

Only links of pages are judged so. What a feed or a news sitemap names needs no judging.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from archive.errors import UrlError
from archive.urls import registered_domain, url_key

Likeness = Literal["article", "section", "neither"]

_MAX_PATH = 600  # characters, unescaped
_MAX_DEPTH = 12
_MAX_PARAMETERS = 6
_MAX_REPEATS = 2  # of one segment: folders inside themselves
_ARTICLE = 3  # points
_ENOUGH_KNOWN = 20  # articles of a site after which a new shape is doubted
_SLUG = 3  # words from which a segment is rather a headline than the name of a section
_HEADLINE = 4  # words that hardly any section's name has
_SECTION_DEPTH = 3  # sections lie high
_LONG_WORD = 25  # characters of a headline that is written as one word
_SHORT_NUMBER = 4  # digits
_DATE_PIECES = 3  # year, month, day


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Files that are no pages.
_FILES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|bmp|tiff?|css|js|mjs|map|json|xml|rss|atom|rdf|txt|csv|ics|pdf|docx?|xlsx?|"
    r"pptx?|odt|ods|epub|mobi|zip|gz|tgz|bz2|xz|7z|rar|dmg|exe|msi|apk|iso|mp3|m4a|ogg|oga|wav|aac|flac|mp4|m4v|webm|"
    r"mov|avi|mkv|wmv|flv|m3u8?|swf|woff2?|ttf|eot|torrent|kmz?|vcf)\Z",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r"\.(?:s?html?|xhtml|php[3-7]?|phtml|aspx?|jspx?|cfm|cgi|do|pl|dtl|ece|story|cms|ssf|ars|d|nsf|article|ft|amp)\Z",
    re.IGNORECASE,
)

# Whole segments, lower case, that name a service or a listing by itself. A word is here if it heads such pages on
# most sites that have it, in the larger languages of the web; an article under it still shows by its date or number.
_SERVICE = _words(
    """
    login signin sign-in log-in logout signup sign-up register registration anmelden registrieren connexion
    inscription account accounts my myaccount konto mein-konto profile profil user users member members mitglied
    subscribe subscription subscriptions abo abonnement abonnements abonnieren suscripcion suscribirse donate
    spenden newsletter newsletters alerts password checkout cart basket warenkorb shop store tickets privacy
    privacy-policy privacypolicy datenschutz terms terms-of-use terms-of-service tos agb legal impressum imprint
    disclaimer cookie cookies cookie-policy gdpr mentions-legales aviso-legal accessibility contact contact-us
    contacts kontakt contacto about about-us ueber-uns quienes-somos help faq hilfe support feedback advertise
    advertising werbung mediadaten publicidad jobs careers karriere sitemap site-map search suche buscar
    recherche cerca poisk feed feeds rss wp-content wp-admin wp-login wp-json wp-includes cdn-cgi cgi-sys ads
    adserver static assets img images media-kit share print email sendmail mailto comments comment reply forum
    forums apps app download downloads widget widgets embed api graphql oauth redirect out go click track
    """
)
_LISTING = _words(
    """
    tag tags tagged label labels schlagwort schlagworte etiqueta etiquetas keyword keywords topic topics thema
    themen tema temas theme themes dossier dossiers author authors autor autoren autores auteur auteurs writer
    writers byline people person personen contributor contributors staff redaktion archive archives archiv
    archivo archivos hemeroteca calendar kalender calendario events event veranstaltungen category categories
    kategorie kategorien categoria categorias rubrik rubriken section sections series serie collection
    collections gallery galleries page seite pagina weather wetter tv-program programme horoscope horoskop
    lottery games puzzles crossword quiz live-scores scores results standings fixtures quotes stocks
    """
)
# People and keywords: no article lies under them, whatever its number looks like.
_ENDLESS = _words(
    """
    tag tags tagged label labels schlagwort schlagworte etiqueta etiquetas keyword keywords author authors autor
    autoren autores auteur auteurs writer writers user users member members profile profil login search
    """
)
# Listings that lead to articles and are worth watching; the others have no end.
_SECTION_HEADS = _words(
    """
    category categories section sections rubrik kategorie categoria topic topics thema themen
    """
)

_PAGING = _words(
    """
    page paged pagenum pg start offset from_page seite pagina sort order orderby filter view_all replytocom
    share date day month year week calendar cal tag author cat category search s q query keyword keywords print
    amp redirect redirect_to return returnurl next login
    """
)
_ID_NAME = re.compile(
    r"(?:.*(?:id|idx|idxno|seq|serial|nr|num|no|code|aid|artikel|article|art|news|story|doc|nid|cid|sn|item|objekt|object)"
    r"|[ptnvad])\d{0,2}",
    re.IGNORECASE,
)
_ID_VALUE = re.compile(r"[0-9]{2,}|(?=[^0-9]*[0-9])[0-9A-Za-z_./-]{6,}")

_YEAR = re.compile(r"(?:19[89][0-9]|20[0-4][0-9])")
_MONTH = re.compile(
    r"(?:0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|[a-z]{3,9}uary)", re.IGNORECASE
)
_DAY = re.compile(r"(?:0?[1-9]|[12][0-9]|3[01])")
_DATE_SEGMENT = re.compile(r"(?:19[89]|20[0-4])[0-9][-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12][0-9]|3[01]))?")
_DATE_INSIDE = re.compile(r"(?<![0-9])20[0-4][0-9][-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12][0-9]|3[01])(?![0-9])")
_LONG_NUMBER = re.compile(r"[0-9]{5,}")
_ARTICLE_NUMBER = re.compile(r"[a-z!]{0,3}[0-9]{6,12}", re.IGNORECASE)
_TOKEN = re.compile(r"(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])[0-9a-z]{8,64}", re.IGNORECASE)
_WORD_BREAK = re.compile(r"[-_+ .,~]+|(?<=[a-z])(?=[A-Z])")
_ARTICLE_WORDS = _words(
    """
    article articles artikel story stories news nachrichten noticia noticias nota notas articulo articolo item
    post posts blog read detail details view content makale haber berita kiji xinwen actualite actualites
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeFacts:
    """The shapes of a site's known articles (`shape_of`) and how often each occurs."""

    counts: Counter[str]

    @classmethod
    def of(cls, urls: Iterable[str]) -> ShapeFacts:
        """Count the shapes of article URLs; broken ones are passed over."""
        counts: Counter[str] = Counter()
        for url in urls:
            try:
                counts[shape_of(url)] += 1
            except UrlError:
                continue
        return cls(counts=counts)


def article_likeness(url: str, home: str, known: ShapeFacts | None = None) -> Likeness:
    """Judge a link of the site at `home` by its URL alone. Broken URLs and those of other sites are "neither".

    >>> article_likeness("https://paper.example/2026/05/01/council-votes-again", "https://paper.example/")
    'article'
    >>> article_likeness("https://paper.example/politics", "https://paper.example/")
    'section'
    >>> article_likeness("https://paper.example/calendar/2026/05", "https://paper.example/")
    'neither'
    """
    try:
        key, home_key = url_key(url), url_key(home)
        if key == home_key or registered_domain(url) != registered_domain(home):
            return "neither"
    except UrlError:
        return "neither"
    segments, query = _parts(key)
    if _is_trap(segments, query) or (segments and _FILES.search(segments[-1])):
        return "neither"
    words = [_PAGE.sub("", segment).lower() for segment in segments]
    if not any(words) and not query:
        return "section"  # another host's home: sport.paper.example
    points = _points(segments, query)
    listing = next((word for word in words if word in _LISTING or word in _SERVICE), None)
    numbered = points > _ARTICLE and _has_number(segments, query) and _ENDLESS.isdisjoint(words)
    if listing is not None and not numbered and not _is_dated(segments):
        return "section" if listing in _SECTION_HEADS and len(words) <= _SECTION_DEPTH else "neither"
    if known is not None and known.counts:
        if known.counts[key.partition("/")[0] + _shape(segments, query)] > 1:
            points += 2
        elif known.counts.total() >= _ENOUGH_KNOWN:
            points -= 1
    if points >= _ARTICLE:
        return "article"
    if query or len(words) > _SECTION_DEPTH:
        return "neither"
    return "section"


def shape_of(url: str) -> str:
    """Return the shape of a URL: its host's kind of path, with words, slugs and numbers as classes.

    >>> shape_of("https://paper.example/2026/05/council-votes-again-123456.html?id=5")
    'paper.example/Y/n/s#.html?id'

    Raises `UrlError`.
    """
    key = url_key(url)
    return key.partition("/")[0] + _shape(*_parts(key))


def _parts(key: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the path's segments and the query's pairs, unescaped, of a URL's key: tracking and index names are out."""
    rest = key.partition("/")[2].partition("#")[0]
    path, _, query = rest.partition("?")
    segments = tuple(unquote(segment) if "%" in segment else segment for segment in path.split("/") if segment)
    if not query:
        return segments, ()
    pairs = (piece.partition("=")[::2] for piece in query.split("&"))
    return segments, tuple((unquote(name), unquote(value)) for name, value in pairs)


def _is_trap(segments: tuple[str, ...], query: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether there is no end of such pages: calendars, pages of listings, facets, folders inside themselves."""
    if len(segments) > _MAX_DEPTH or len(query) > _MAX_PARAMETERS or sum(map(len, segments)) > _MAX_PATH:
        return True
    if any(_is_paging(name.lower(), value) for name, value in query) and _points(segments, ()) <= _ARTICLE:
        return True
    lower = [segment.lower() for segment in segments]
    if max(Counter(word for word in lower if not word.isdecimal()).values(), default=0) > _MAX_REPEATS:
        return True
    for place, segment in enumerate(lower[:-1]):
        if segment in {"page", "seite", "pagina", "p"} and lower[place + 1].isdecimal() and place + 2 == len(lower):
            return True
    # nothing but a date, below nothing but short words: a day of an archive or calendar
    dates = [segment for segment in lower if _is_date_piece(segment)]
    others = [segment for segment in lower if not _is_date_piece(segment)]
    return (
        bool(dates)
        and lower[-1] == dates[-1]
        and not query
        and all(_slug_words(word) < _SLUG for word in others)
        and (any(_YEAR.fullmatch(piece) or _DATE_SEGMENT.fullmatch(piece) for piece in dates))
    )


def _is_paging(name: str, value: str) -> bool:
    return name in _PAGING and value.lower() not in {"all", "1"}


def _is_date_piece(segment: str) -> bool:
    return bool(
        _YEAR.fullmatch(segment)
        or _DATE_SEGMENT.fullmatch(segment)
        or _MONTH.fullmatch(segment)
        or _DAY.fullmatch(segment)
    )


def _is_dated(segments: tuple[str, ...]) -> bool:
    """Tell whether the path has a date before its last segment, or a full date inside it."""
    for place, segment in enumerate(segments[:-1]):
        if _DATE_SEGMENT.fullmatch(segment):
            return True
        if _YEAR.fullmatch(segment) and _MONTH.fullmatch(segments[place + 1]) and place + 2 < len(segments):
            return True
    pieces = [segment for segment in segments[:-1] if _is_date_piece(segment)]  # /2011/WORLD/africa/04/06/x
    if len(pieces) >= _DATE_PIECES and any(map(_YEAR.fullmatch, pieces)):
        return True
    return bool(segments) and _DATE_INSIDE.search(segments[-1]) is not None


def _has_number(segments: tuple[str, ...], query: tuple[tuple[str, str], ...]) -> bool:
    return any(_LONG_NUMBER.search(text) for text in (*segments, *(value for _, value in query)))


def _slug_words(text: str) -> int:
    """Return the number of words of a slug; of scripts without blanks, half of the characters."""
    if not text.isascii() and not re.search(r"[-_ ]", text):
        return len(text) // 2
    return sum(1 for word in _WORD_BREAK.split(text) if any(char.isalpha() for char in word))


def _points(segments: tuple[str, ...], query: tuple[tuple[str, str], ...]) -> int:
    """Return how much the URL looks like an article's. Three are enough."""
    points = 0
    if segments:
        last = segments[-1]
        bare = _PAGE.sub("", last)
        words = _slug_words(bare)
        points += 3 if words >= _HEADLINE else 2 if words == _SLUG else 0
        points += 1 if bare != last else 0
        points += 1 if words < _SLUG and len(bare) >= _LONG_WORD else 0
        if _ARTICLE_NUMBER.fullmatch(bare):
            points += 3
        elif (
            _LONG_NUMBER.search(bare)
            or any(
                segment.isdecimal() and len(segment) >= _SHORT_NUMBER and not _YEAR.fullmatch(segment)
                for segment in segments
            )
            or _TOKEN.fullmatch(bare)
            or any(_TOKEN.fullmatch(piece) and any(c.isdigit() for c in piece) for piece in bare.split("-"))
        ):
            points += 2
        elif any(char.isdecimal() for char in bare):
            points += 1
        points += 1 if len(segments) >= _SECTION_DEPTH else 0
        points += 1 if any(segment.lower() in _ARTICLE_WORDS for segment in segments[:-1]) else 0
        points += 1 if any(_YEAR.fullmatch(segment) for segment in segments[:-1]) else 0
    if _is_dated(segments):
        points += 3
    if any(_ID_NAME.fullmatch(name) and _ID_VALUE.fullmatch(value) for name, value in query):
        points += 3
    return points


def _shape(segments: tuple[str, ...], query: tuple[tuple[str, str], ...]) -> str:
    shape = "".join("/" + _class(segment) for segment in segments) or "/"
    names = sorted({name.lower() for name, _ in query})
    return shape + ("?" + "&".join(names) if names else "")


def _class(segment: str) -> str:
    """Return the class of a segment: Y year, n number of up to four digits, # longer, s slug, w word."""
    page = _PAGE.search(segment)
    bare = segment[: page.start()] if page else segment
    ending = page[0].lower() if page else ""
    if _YEAR.fullmatch(bare):
        return "Y" + ending
    if bare.isdecimal():
        return ("n" if len(bare) <= _SHORT_NUMBER else "#") + ending
    kind = "s" if _slug_words(bare) >= _SLUG else "w"
    return kind + ("#" if _LONG_NUMBER.search(bare) else "") + ending
