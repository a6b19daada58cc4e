"""The pool: a page that hangs or kills its worker costs that page only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive.extract import ExtractionPool, ExtractTask, Page
from archive.model import Extraction

ROOT = Path(__file__).resolve().parent.parent


def task(word: str) -> ExtractTask:
    return ExtractTask(page=Page(url=f"https://a.example/{word}", body=word.encode()))


def work(given: ExtractTask) -> Extraction:
    """Do what the page's body says; runs in the worker."""
    assert given.page is not None
    word = given.page.body.decode()
    if word == "hang":
        time.sleep(600)
    if word == "exit":
        os._exit(3)
    if word == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == "raise":
        raise LookupError(word)
    if word == "memory":
        return Extraction(article=True, title=str(len(bytearray(2**40))))
    if word == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    return Extraction(article=True, title=f"{word} {os.getpid()}")


def hungry(given: ExtractTask) -> Extraction:
    """Take as many megabytes as the page's body says, in pieces, and keep them; runs in the worker."""
    assert given.page is not None
    kept = [bytes(2**20) for _ in range(int(given.page.body))]  # zeros are asked for, not written
    return Extraction(article=True, title=f"{len(kept)} {os.getpid()}")


def said(result: Extraction) -> str | None:
    return result.reason or (result.title or "").split()[0]


def test_every_page_gets_its_answer_in_the_order_asked() -> None:
    words = ["a", "hang", "b", "exit", "c", "segv", "d", "raise", "e", "memory", "f", "interrupt", "g"]
    with ExtractionPool(3, timeout=1.5, work=work) as pool:
        answers = [said(f.result(60)) for f in [pool.submit(task(w)) for w in words]]
    assert answers == [
        "a", "error-timeout", "b", "error-crashed", "c", "error-crashed", "d", "error-LookupError", "e",
        "error-MemoryError", "f", "interrupt", "g",
    ]  # fmt: skip


def test_a_worker_is_replaced_after_its_pages() -> None:
    with ExtractionPool(1, max_pages=2, work=work) as pool:
        pids = [(f.result(60).title or "").split()[1] for f in [pool.submit(task("x")) for _ in range(5)]]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


def test_a_swollen_worker_is_replaced() -> None:
    with ExtractionPool(1, max_rss=1, work=work) as pool:
        pids = {(f.result(60).title or "").split()[1] for f in [pool.submit(task("x")) for _ in range(2)]}
    assert len(pids) == 2


def test_a_page_that_wants_too_much_memory_gives_a_reason_and_the_next_is_read() -> None:
    with ExtractionPool(1, work=hungry) as pool:
        asked = [ExtractTask(page=Page(url="https://a.example/", body=b"%d" % size)) for size in (1, 100_000, 2)]
        answers = [said(f.result(60)) for f in [pool.submit(each) for each in asked]]
    assert answers == ["1", "error-MemoryError", "2"]


HEAD = b"<html lang=en><head><title>A pier for Port Ellery</title></head><body>"
SENTENCE = b"The harbour board voted on Monday to rebuild the long pier that a storm tore in two last year. "
STORY = (b"<p>" + SENTENCE * 3 + b"</p>") * 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        (HEAD + b"<p>" + SENTENCE * (50 * 2**20 // len(SENTENCE)) + b"</p>", {"no-text", "too-large"}),
        (HEAD + (b"<p>" + SENTENCE + b"</p>") * (50 * 2**20 // len(SENTENCE)), {"too-large"}),
        (HEAD + b"<div>" * 100_000 + STORY + b"</div>" * 100_000, {"no-text", "too-large"}),
        (HEAD + STORY + b"<b>" * 100_000 + STORY, {None, "too-large"}),  # what stands before the nest may be read
    ],
    ids=["50 MB in one paragraph", "50 MB of paragraphs", "100,000 around", "100,000 inside"],
)
def test_a_page_of_a_size_that_no_page_has_ends_in_a_reason(body: bytes, reasons: set[str | None]) -> None:
    good = ExtractTask(page=Page(url="https://a.example/news/pier-9821", body=HEAD + STORY))
    with ExtractionPool(1) as pool:
        before = pool.submit(good).result()
        begun = time.monotonic()
        found = pool.submit(ExtractTask(page=Page(url="https://a.example/news/pier-9822", body=body))).result()
        spent = time.monotonic() - begun
        after = pool.submit(good).result()
    print(f"{len(body) / 1e6:.1f} MB: {found.reason or 'article'} after {spent:.1f} s")  # noqa: T201 - `pytest -rP` shows it
    assert found.reason in reasons | {"error-timeout"}  # where the machine is slow, or does something else
    assert before.article
    assert before == after


def test_without_workers_pages_are_read_here() -> None:
    with ExtractionPool(0, work=work) as pool:
        assert (pool.submit(task("x")).result().title or "").endswith(str(os.getpid()))
        assert pool.submit(task("raise")).result().reason == "error-LookupError"


def test_an_empty_task_is_a_reason() -> None:
    with ExtractionPool(0) as pool:
        assert pool.submit(ExtractTask()).result().reason == "error-ValueError"


def test_a_real_page_through_a_real_worker() -> None:
    body = "".join(
        f"<p>The harbour board voted on {day} to rebuild the long pier that a storm tore in two last year.</p>"
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday")
    )
    page = Page(url="https://a.example/news/pier-9821", body=f"<html lang=en><body>{body}</body></html>".encode())
    with ExtractionPool(1) as pool:
        found = pool.submit(ExtractTask(page=page)).result(60)
    assert (found.article, found.language) == (True, "en")


def test_leaving_after_an_error_drops_what_has_not_begun() -> None:
    futures = []
    with contextlib.suppress(KeyError), ExtractionPool(1, timeout=2, work=work) as pool:
        futures = [pool.submit(task(w)) for w in ("hang", "a", "b")]
        raise KeyError
    assert [f.cancelled() for f in futures[1:]] == [True, True]


def test_a_closed_pool_takes_nothing() -> None:
    pool = ExtractionPool(1, work=work)
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(task("x"))


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys\n"
        "from test_extract_pool import task, work\n"
        "from archive.extract import ExtractionPool\n"
        "if __name__ == '__main__':\n"
        "    with ExtractionPool(1, timeout=300, work=work) as pool:\n"
        "        print((pool.submit(task('x')).result().title or '').split()[1], flush=True)\n"
        "        pool.submit(task('hang')).result()\n",
        encoding="utf-8",
    )
    path = f"{ROOT}:{ROOT / 'tests'}"
    run = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert run.stdout is not None
    worker = int(run.stdout.readline())
    time.sleep(0.3)
    run.kill()
    run.wait()
    run.stdout.close()
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()
