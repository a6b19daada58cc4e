"""What is a copy: trimmed, reordered, spun, with its host's furniture around it; and what is not."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dedupe.candidates import CANDIDATES_SCHEMA, MOST_OF_PAIR, PAIRS, Candidates, Terms, pairs_of
from archive.dedupe.cluster import cluster
from archive.dedupe.compare import FEATURES, Side, compare, may_be_alike
from archive.dedupe.exact import EXACT_SCHEMA
from archive.dedupe.furniture import FURNITURE_SCHEMA, Furniture, line_ids
from archive.dedupe.judge import copy_trees, probability
from archive.dedupe.prepared import MAX_SENTENCES, MAX_WORDS, Prepared, _ids, prepare, terms_in
from archive.dedupe.story import STORY_SCHEMA, Known, StoryDeduper
from archive.terms import _known_word

STORY = (
    "The harbour board of Velmarra voted on Monday to rebuild the long pier that a winter storm tore in two.",
    "Ines Marlow, who chairs the board, said that 14 million crowns had been set aside for the work.",
    '"We lost half a season when the ferry could not land," she told reporters at the customs house.',
    "Fishermen had asked for a smaller landing stage farther north, near the old salt works at Tarn.",
    "Engineers from Oslen surveyed the sea bed in March and found that it would carry steel piles of 22 metres.",
    "Work is to begin in April, when the spring tides have passed, and the first section should open by October.",
)  # fmt: skip
SPUN = (
    "On Monday the Velmarra harbour board decided to build anew the long pier which was torn in two by a storm last winter.",
    "Board chair Ines Marlow stated that 14 million crowns were put aside for this work.",
    '"Half a season was lost to us because the ferry was unable to land," she said to reporters in the customs house.',
    "A smaller landing stage farther to the north, close to Tarn's old salt works, had been requested by fishermen.",
    "In March engineers from Oslen examined the sea bed and concluded that it can carry 22 metre steel piles.",
    "The work will start in April after the spring tides, and the first section is expected to open in October.",
)  # fmt: skip
OTHER = (
    "Voters in Velmarra will choose a new harbour board next spring, the town clerk announced on Friday.",
    "Three of the nine seats are open, and Ines Marlow has not said whether she will run for the chair again.",
    "The last election turned on the price of berths, which rose by a third after the storm year.",
    "A group of boat owners from Tarn wants to put forward candidates of its own for the first time.",
    "Turnout has fallen at every harbour election since the fish market closed nine years ago.",
    "Postal ballots will be sent out in February, and results are expected on the evening of 4 April.",
)  # fmt: skip
FURNITURE = (
    "Skip to main content",
    "Home | World | Politics | Sport",
    "Follow us for the latest updates straight to your phone",
)


def text(*lines: str) -> str:
    return "\n\n".join(lines)


def line(name: str, lines: tuple[str, ...] | list[str], host: str, title: str | None = None) -> dict[str, object]:
    return {"id": name, "text": text(*lines), "url": f"https://{host}.example/{name}", "title": title, "language": "en"}


COPIES = {
    "with another headline": (STORY, "near"),
    "without its end": (STORY[:4], "near"),
    "in another order": (tuple(reversed(STORY)), "near"),
    "between furniture": ((*FURNITURE, *STORY, "All rights reserved"), "near"),
    "spun": (SPUN, "rewrite"),
    "spun and trimmed": (SPUN[:5], "rewrite"),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("later_first", [False, True])
def test_a_copy_is_told_whatever_was_done_to_it(how: str, later_first: bool) -> None:
    changed, kind = COPIES[how]
    lines = [
        line("story", STORY, "one", "Velmarra rebuilds its pier"),
        line("copy", changed, "two", "Long pier: work in April"),
    ]
    found = list(cluster(lines[::-1] if later_first else lines))
    assert found[1]["cluster"] == found[0]["id"]
    assert found[1]["of"] == found[0]["id"]
    # The whole text with another headline has the same words: exact.
    assert found[1]["kind"] == ("exact" if changed == STORY else kind)
    assert 0.9 <= float(str(found[1]["score"])) <= 1.0


def test_another_story_of_the_same_people_and_place_stays_apart() -> None:
    found = list(cluster([line("a", STORY, "one"), line("b", OTHER, "two")]))
    assert [each["cluster"] for each in found] == ["a", "b"]
    assert found[1]["kind"] in {"new", "related"}


NEXT_DAY = (
    "Divers found a second crack in the long pier of Velmarra on Tuesday, a day after its harbour board voted to rebuild it.",
    "The board met again in the evening and asked for a report on the damage below the water line.",
    *STORY[2:5],
    "Insurers from Oslen will be at the customs house on Thursday to see what is left of the crane.",
    "Until then nobody may walk on what still stands, and the mail boat lands at the sluice behind the breakwater.",
)


@pytest.mark.parametrize(("place", "kind"), [("gazette", "related"), ("courier", "rewrite")])
def test_the_next_report_of_a_site_is_no_copy_of_its_last(place: str, kind: str) -> None:
    # With the same background as the day before; another site that prints so much of a text has it from there.
    *_, last = cluster([line("a", STORY, "gazette"), line("b", NEXT_DAY, place)])
    assert (last["kind"], last["of"]) == (kind, "a")


def test_a_text_that_its_own_site_spun_throughout_is_a_rewrite() -> None:
    *_, last = cluster([line("a", STORY, "gazette"), line("b", SPUN, "gazette")])
    assert (last["kind"], last["cluster"]) == ("rewrite", "a")


def quake(size: str, place: str, day: str, depth: int) -> str:
    return text(
        f"An earthquake of magnitude {size} was felt on {day} near {place}, the Survey of Velmarra reported at noon.",
        f"It began {depth} miles below the ground. In the last ten days no other above 3.0 was measured in the region.",
        "On average 234 earthquakes of magnitude 3.0 to 4.0 are measured each year in Velmarra and Tarn together.",
        "Did you feel it? Tell the Survey what you noticed, and read in our guide what to do before the ground shakes.",
    )


def results(company: str, quarter: str, sales: int, share: float) -> str:
    return text(
        f"{company} reported results for its {quarter} quarter on Tuesday that were above what analysts had expected.",
        f"Sales were {sales} million crowns, and earnings {share} crowns a share, {company} of Oslen said in a statement.",
        "The figures are taken from the exchange, and this report was written by a program that reads them.",
        f"Shares of {company} rose by {share} per cent in early trading, as did most of its rivals on the list.",
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (quake("4.1", "Tarn", "Monday", 7), quake("3.2", "Port Ellin", "Friday", 2)),
        (results("Marlow Timber", "first", 312, 1.4), results("Salt Works", "third", 87, 0.6)),
    ],
    ids=["earthquake", "results"],
)
@pytest.mark.parametrize("places", [("gazette", "gazette"), ("gazette", "courier")])
def test_reports_filled_into_one_form_are_no_copies(one: str, other: str, places: tuple[str, str]) -> None:
    *_, last = cluster([line("a", [one], places[0]), line("b", [other], places[1])])
    assert last["cluster"] == "b"


def test_a_copy_may_spell_names_another_way_and_correct_a_number() -> None:
    told = quake("4.1", "Plahotniuc in Tarn", "Monday", 7)
    again = told.replace("Plahotniuc", "Plakhotniuk").replace("Tarn", "Tarne").replace("7 miles", "8 miles")
    *_, last = cluster([line("a", [told], "gazette"), line("b", [again], "courier")])
    assert last["cluster"] == "a"


def test_what_two_articles_only_quote_does_not_make_them_one() -> None:
    said = '"We lost half a season when the ferry could not land, and nobody asked us about the market," she said.'
    found = list(
        cluster([line("a", (*STORY[:2], said, *STORY[3:]), "one"), line("b", (*OTHER[:3], said, *OTHER[3:]), "two")])
    )
    assert [each["cluster"] for each in found] == ["a", "b"]


SHORT = tuple(
    tuple(told.split(" | "))
    for told in """
Adel Brandt sold the first loaf of the new bakery in Mill Lane on Thursday. | Flour comes from Lund, where a water wheel
 turns again. | Rye costs four crowns until the end of the month.
Cora Dunn won the chess final against a boy of eleven from Harsk. | The last game took seven hours, and both refused a
 draw twice. | Her prize is a journey to the Baltic open in June.
Two lighthouses on the Skerries burn oil again after their cables broke. | Emil Falk rows out each evening to trim the
 wicks. | Ships are warned by radio not to trust the old charts.
Tram drivers train at night on the line to the stadium. | Greta Holm of the transport office counts eleven minutes from
 end to end. | Tickets will be the same as on the bus.
Orchids that were thought lost have flowered in the botanical garden. | Ivo Janssen found their seed in a drawer from
 1931. | Visitors may see them from Saturday, six at a time.
""".replace("\n ", " ")
    .strip()
    .split("\n")
)


def short(number: int) -> tuple[str, ...]:
    """Return a short story of its own."""
    return SHORT[number]


def test_furniture_of_a_host_makes_no_copies() -> None:
    disclaimer = (
        "The views of our guests are their own, and the editors answer for none of them before any court or council."
    )
    lines = [line(str(n), [*FURNITURE, *short(n), disclaimer], "one") for n in range(5)]
    assert [each["cluster"] for each in cluster(lines)] == [str(n) for n in range(5)]


def test_the_order_of_other_stories_does_not_matter_to_a_pair() -> None:
    others = [line(f"o{n}", short(n), "three") for n in range(5)]
    for at in range(6):
        lines = [line("story", STORY, "one"), *others[:at], line("copy", SPUN, "two"), *others[at:]]
        found = {str(each["id"]): each["cluster"] for each in cluster(lines)}
        assert found["copy"] == "story"
        assert len(set(found.values())) == 6


SCRIPTS = {
    "Chinese": (
        "港口委员会星期一投票决定重建去年冬天被风暴摧毁的长码头",
        "委员会主席马洛说已经拨出一千四百万克朗用于这项工程",
        "工程师在三月份测量了海床，认为可以承受二十二米的钢桩",
        "渔民们曾要求在北边旧盐场附近建一个较小的码头",
        "工程将在四月春潮过后开始，第一段预计在十月开放。",
    ),
    "Thai": (
        "คณะกรรมการท่าเรือเวลมาร์ราลงมติเมื่อวันจันทร์ให้สร้างสะพานท่าเรือยาวขึ้นใหม่",
        "ประธานอิเนส มาร์โลว์ กล่าวว่าได้กันเงินสิบสี่ล้านโครนไว้แล้ว",
        "วิศวกรจากออสเลนสำรวจพื้นทะเลในเดือนมีนาคม",
        "ชาวประมงขอท่าเทียบเรือเล็กกว่าใกล้โรงเกลือเก่า",
        "งานจะเริ่มในเดือนเมษายนหลังน้ำขึ้นใหญ่",
    ),
    "Arabic": (
        "صوت مجلس ميناء فلمارا يوم الاثنين على إعادة بناء الرصيف الطويل الذي دمرته عاصفة الشتاء",
        "وقالت رئيسة المجلس إينيس مارلو إنه تم تخصيص 14 مليون كرونة للعمل",
        "وطلب الصيادون رصيفا أصغر شمالا قرب مصنع الملح القديم",
        "وقد فحص مهندسون من أوسلن قاع البحر في مارس",
        "ويبدأ العمل في أبريل بعد المد الربيعي ويفتح الجزء الأول في أكتوبر.",
    ),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_without_spaces_or_stems_work_too(script: str) -> None:
    parts = SCRIPTS[script]
    mark = "。" if script == "Chinese" else ". "
    lines = [("a", mark.join(parts)), ("b", mark.join(parts[:4])), ("c", text(*STORY))]
    found = list(cluster([{"id": name, "text": told} for name, told in lines]))
    assert [each["cluster"] for each in found] == ["a", "a", "c"]


# The archive's side: state in SQLite


def database() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    for statement in (*EXACT_SCHEMA, *STORY_SCHEMA):
        conn.execute(statement)
    return conn


def place(deduper: StoryDeduper, kept: dict[int, Known], article: int, lines: tuple[str, ...], host: str = "one"):
    known = Known(text(*lines), None, "en", f"https://{host}.example/{article}")
    placed = deduper.place(article, text=known.text, title=None, language="en", url=known.url, at=f"{article:09d}")
    kept[article] = known
    return placed


def test_a_decision_says_why() -> None:
    kept: dict[int, Known] = {}
    deduper = StoryDeduper(database(), kept.get)
    place(deduper, kept, 1, STORY)
    placed = place(deduper, kept, 2, SPUN, "two")
    why = json.loads(placed.evidence or "")
    assert 0 < why["same_words"] < 0.72
    assert 0.4 < why["share_of_longer"] <= why["share"] + 0.3
    mine, theirs, alike = why["sentences"][0]
    assert (mine, theirs) == (SPUN[0], STORY[0])
    assert 0.3 <= alike <= 1.0


def test_a_hidden_article_is_nobodys_original() -> None:
    kept: dict[int, Known] = {}
    deduper = StoryDeduper(database(), kept.get)
    place(deduper, kept, 1, STORY)
    deduper.forget(1)
    del kept[1]
    assert place(deduper, kept, 2, SPUN).kind == "new"


def test_who_copies_a_later_text_of_an_article_copies_the_article() -> None:
    kept: dict[int, Known] = {}
    deduper = StoryDeduper(database(), kept.get)
    place(deduper, kept, 1, OTHER)
    kept[1] = Known(text(*STORY), None, "en", kept[1].url)
    deduper.revise(1, text=kept[1].text, title=None, language="en", url=kept[1].url, at="2")
    placed = place(deduper, kept, 2, SPUN, "two")
    assert (placed.kind, placed.of) == ("rewrite", 1)


def test_after_clear_the_same_calls_give_the_same() -> None:
    kept: dict[int, Known] = {}
    deduper = StoryDeduper(database(), kept.get)

    def run():
        kept.clear()
        return [
            place(deduper, kept, n, lines, h)
            for n, (lines, h) in enumerate(((STORY, "one"), (OTHER, "one"), (SPUN, "two"), (STORY[:4], "x")))
        ]

    first = run()
    deduper.clear()
    assert run() == first
    assert [p.kind for p in first][2:] == ["rewrite", "near"]


def _counting() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    for statement in CANDIDATES_SCHEMA:
        conn.execute(statement)
    return conn


def test_weights_follow_a_transaction_that_is_taken_back() -> None:
    conn = _counting()
    terms = Terms(conn)
    terms.count([1, 2, 3], 1)
    for number in range(2, 6):
        terms.count([2], number)
    before = terms.idf({1, 2, 3})
    conn.execute("BEGIN")
    for number in range(6, 9):
        terms.count([1, 3], number)
    assert terms.idf({1}) != {1: before[1]}
    conn.execute("ROLLBACK")
    assert terms.idf({1, 2, 3}) == before == Terms(conn).idf({1, 2, 3})


def test_weights_follow_what_another_process_counted(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    one, other = (sqlite3.connect(path, isolation_level=None) for _ in range(2))
    for statement in CANDIDATES_SCHEMA:
        one.execute(statement)
    mine, theirs = Terms(one), Terms(other)
    for number in range(4):
        mine.count([1, 2], number)
    before = mine.idf({1})
    other.execute("UPDATE dedupe_terms SET texts = 3 WHERE term = 1")  # the number of texts is the same
    assert mine.idf({1}) == theirs.idf({1}) != before
    one.close()
    other.close()


def test_a_pair_that_too_many_share_tells_nothing() -> None:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    for statement in CANDIDATES_SCHEMA:
        conn.execute(statement)
    index = Candidates(conn)
    for article in range(MOST_OF_PAIR + 1):
        index.add(article, [1, 2] if article < MOST_OF_PAIR else [1])
    assert [hit.count for hit in index.find(999, {1: 9.0, 2: 9.0})] == []  # 2 alone is one hit
    index.add(5, [3, 4])
    assert [(hit.article, hit.count) for hit in index.find(999, {1: 9.0, 2: 9.0, 3: 1.0, 4: 1.0})] == [(5, 3)]


def test_a_large_archive_asks_for_more_shared_pairs() -> None:
    conn = _counting()
    terms = Terms(conn)
    terms.count([1], 1)
    assert terms.least_hits == 2
    conn.execute("UPDATE dedupe_terms SET texts = 20000 WHERE term = 0")
    assert terms.least_hits == 3
    index = Candidates(conn)
    for article, pairs in enumerate(([1, 2], [1, 2, 3])):
        index.add(article, pairs)
    assert [hit.article for hit in index.find(9, {1: 1.0, 2: 1.0, 3: 1.0}, terms.least_hits)] == [1]


def test_a_line_is_furniture_from_the_second_other_story_on() -> None:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    for statement in FURNITURE_SCHEMA:
        conn.execute(statement)
    known = Furniture(conn)
    page = prepare(text(STORY[0], "Share this", *STORY[1:]), "en")

    def of(article: int, site: str) -> frozenset[int]:
        return known.of(article, page, line_ids(site, page.lines))

    def count(article: int, *lines: str) -> None:
        known.count(article, set(line_ids("one", prepare(text(*lines), "en").lines).values()))

    assert of(9, "one") == frozenset()
    count(1, "Share this", STORY[0], *OTHER)
    assert of(9, "one") == {1}  # a sentence may be a quotation, a label is none
    assert of(1, "one") == frozenset()  # its own lines are its own
    assert of(9, "two") == frozenset()
    count(2, STORY[0], *short(1))
    assert of(9, "one") == {0, 1}


@pytest.mark.parametrize(
    "told", [text(*STORY), "word " * 5000, "。" * 300 + "東" * 9000, "", "\0\ud800 1 2 3", "a." * 4000]
)
def test_a_text_is_prepared_within_limits(told: str) -> None:
    found = prepare(told, "en")
    assert len(found.sentences) <= MAX_SENTENCES
    assert all(len(s.terms) <= 2 * MAX_WORDS or "東" in told for s in found.sentences)


WORDS = st.lists(
    st.sampled_from(["pier", "storm", "Marlow", "14", "ferry", "Tarn", "vote", "the", "of", "sea"]),
    min_size=3,
    max_size=12,
)
TEXTS = st.lists(WORDS.map(" ".join), min_size=1, max_size=8).map(". ".join)


def compared(one: Prepared, other: Prepared):
    weights = dict.fromkeys(one.terms | other.terms, 3.0)
    return compare(Side(one, weights), Side(other, weights), weights)


def test_texts_made_to_hold_the_reader_up_do_not() -> None:
    """In a process of its own, whose processor time is limited: a quadratic one would take minutes."""
    nasty = (
        "'.' * 150_000",
        "('.' * 70_000 + 'a') * 2",
        "'a. ' * 60_000",
        "'\\u201e' * 150_000",
        "'\\u3002' * 150_000",
        "'(' * 150_000",
    )
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from archive.dedupe.cluster import cluster
said = [{", ".join(nasty)}, "Storm in Tarn took the pier. " * 5_000]
assert len(list(cluster({{"id": n, "text": text}} for n, text in enumerate([*said, *said])))) == {2 * (len(nasty) + 1)}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-500:]


def test_words_as_long_as_a_page_are_not_remembered() -> None:
    def held() -> int:
        return sum(sys.getsizeof(word) for known in (_ids("english"), _ids(None)) for word in known)

    before = held()
    for n in range(20):
        for language in ("en", None):
            terms_in(f"{'x' * 100_000}{n} {'東' * 50_000}{n}", language)
    assert held() - before < 10_000
    assert _known_word.cache_info().currsize > 0
    _known_word.cache_clear()
    terms_in("x" * 100_000, "en")
    assert _known_word.cache_info().currsize == 0


@given(st.text(), st.sampled_from(["en", "de", "zh", None]))
def test_the_terms_of_a_text_are_those_of_its_sentences(told: str, language: str | None) -> None:
    assert terms_in(told, language) == prepare(told, language).terms


@pytest.mark.parametrize(("other", "worth"), [((1, 2), True), ((1, 8, 9), True), ((7, 8, 9), False), ((), True)])
def test_texts_of_other_terms_are_not_compared(other: tuple[int, ...], worth: bool) -> None:
    assert may_be_alike({1, 2, 3}, set(other), dict.fromkeys(range(10), 2.0)) is worth


@given(TEXTS, TEXTS)
def test_a_comparison_does_not_depend_on_the_side(one: str, other: str) -> None:
    there, back = compared(prepare(one, "en"), prepare(other, "en")), compared(prepare(other, "en"), prepare(one, "en"))
    named = dict(zip(FEATURES, zip(there.features, back.features, strict=True), strict=True))
    if there.swapped != back.swapped:  # else both are of one weight, and the first counts as the shorter
        assert all(a == pytest.approx(b) for a, b in named.values())
    assert 0.0 <= probability(there) <= 1.0
    for name in ("soft", "soft_long", "strict", "jaccard", "contained", "grams", "unquoted", "evenness"):
        assert -1e-9 <= named[name][0] <= 1 + 1e-9, name


@given(TEXTS)
def test_a_text_is_wholly_in_itself(one: str) -> None:
    found = dict(zip(FEATURES, compared(prepare(one, "en"), prepare(one, "en")).features, strict=True))
    assert found["soft"] == pytest.approx(1.0)
    assert found["jaccard"] == pytest.approx(1.0)


@given(TEXTS)
def test_a_text_is_known_by_few_pairs_the_same_each_time(one: str) -> None:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    for statement in CANDIDATES_SCHEMA:
        conn.execute(statement)
    prepared = prepare(one, "en")
    idf = Terms(conn).idf(prepared.terms)
    found = pairs_of(prepared, idf)
    assert len(found) <= PAIRS
    assert found == pairs_of(prepare(one, "en"), idf)
    assert all(0 < pair < 2**45 for pair in found)


def test_the_weights_are_of_the_features_that_are_made() -> None:
    trees = copy_trees()
    assert trees.names == FEATURES
    assert len(trees.trees) > 50
