"""Reading on a Dask cluster: the same archive as reading here, whatever becomes of its workers."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from archive.cli import group
from archive.errors import ClusterError, ShelfError, UsageError
from archive.executors import Cluster, open_cluster
from archive.executors.cluster import _fit_workers, address_of
from archive.executors.worker import call, look, versions
from archive.folder import ArchiveFolder
from archive.reading import ingest_shelf
from archive.reextract import Extractor, Wanted, reextract
from archive.reextract.main import Rules
from archive.remote.window import open_window
from archive.warc import warc_files
from tests.dask_cluster import DaskCluster, dask_cluster
from tests.reextract_kill import copied
from tests.reextract_kit import (
    LATER,
    QUIET,
    assert_sound,
    everything,
    ingest,
    made,
    named,
    read_dying,
    read_hanging,
    read_later,
    read_otherwise,
    rows,
)
from tests.warc_tools import Clock

SELECTORS = 'selectors = { text = "article p" }\n'


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ArchiveFolder:
    return made(tmp_path_factory.mktemp("executors") / "a")


@pytest.fixture
def folder(base: ArchiveFolder, tmp_path: Path) -> ArchiveFolder:
    return copied(base, tmp_path / "a")


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    pytest.importorskip("distributed", reason="the extra `scale` is not installed: pip install 'newsmorgue[scale]'")
    with dask_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        os.environ["DYING_READER_MARK"] = str(cluster.folder / "died")  # workers inherit it
        cluster.start_workers()
        yield cluster
        del os.environ["DYING_READER_MARK"]


def again(folder: ArchiveFolder, extractor: Extractor, cluster: Cluster | None, **more: Any) -> Any:
    """Read an archive again, here or on a cluster."""
    who = {"jobs": 0} if cluster is None else {"jobs": cluster.jobs, "executor": cluster.executor}
    return reextract(folder, Wanted(), Rules(force=True), clock=Clock(LATER), extractor=extractor, **who, **more)


def type_in(folder: ArchiveFolder, *words: str) -> Result:
    return CliRunner().invoke(group, ["-a", str(folder.root), *words])


# The same results


def test_readings_from_a_cluster_are_those_of_this_machine(
    base: ArchiveFolder, tmp_path: Path, dask: DaskCluster
) -> None:
    here, there = copied(base, tmp_path / "here"), copied(base, tmp_path / "there")
    again(here, named(read_otherwise), None)
    with open_cluster(dask.spec) as cluster:
        done = again(there, named(read_otherwise), cluster).done
    assert (done.captures, done.lost, done.failed) == (10, 0, 0)
    assert everything(there) == everything(here)
    assert_sound(there)


def test_the_commands_take_a_cluster(folder: ArchiveFolder, dask: DaskCluster) -> None:
    with folder.sources.open("a") as file:
        file.write(SELECTORS)
    told = type_in(folder, "reextract", "--executor", dask.spec)
    assert (told.exit_code, "4 captures read again." in told.output) == (0, True), told.output
    before = everything(folder)
    told = type_in(folder, "rebuild", "--executor", dask.spec)
    assert told.exit_code == 0, told.output
    assert {
        name: len(found) for name, found in everything(folder).items() if name in ("articles", "stories", "words")
    } == {name: len(found) for name, found in before.items() if name in ("articles", "stories", "words")}
    assert "0 new articles" in type_in(folder, "ingest", "--executor", dask.spec).output


def test_a_first_reading_on_a_cluster_is_that_of_this_machine(
    base: ArchiveFolder, tmp_path: Path, dask: DaskCluster
) -> None:
    folder = copied(base, tmp_path / "a")
    for path in folder.root.glob("archive.db*"):
        path.unlink()
    assert type_in(folder, "ingest", "--executor", dask.spec).exit_code == 0
    first = everything(folder)
    for path in folder.root.glob("archive.db*"):
        path.unlink()
    ingest(folder)
    assert everything(folder)["articles"] == first["articles"]
    assert everything(folder)["publisher's revisions"] == first["publisher's revisions"]


def test_a_merge_on_a_cluster_is_the_archive_that_it_was_made_of(
    base: ArchiveFolder, tmp_path: Path, dask: DaskCluster
) -> None:
    merged = ArchiveFolder(tmp_path / "all")
    told = type_in(merged, "merge", str(base.root), "--executor", dask.spec)
    assert told.exit_code == 0, told.output
    assert everything(merged)["articles"] == everything(base)["articles"]
    assert_sound(merged)


def test_workers_that_find_the_archive_elsewhere(folder: ArchiveFolder, tmp_path: Path, dask: DaskCluster) -> None:
    elsewhere = tmp_path / "mounted"
    elsewhere.mkdir()
    folder.warc.rename(elsewhere / "warc")
    (folder.warc).symlink_to(elsewhere / "warc")
    for place in (str(elsewhere), f"file://{elsewhere}/"):
        with folder.sources.open("a") as file:
            file.write(f"# {place}\n")
        with open_cluster(dask.spec) as cluster:
            done = again(folder, named(read_otherwise, version=place), cluster, at=place.rstrip("/")).done
        assert (done.captures, done.lost) == (10, 0)


# What becomes of workers


def test_a_worker_that_dies_costs_nothing(base: ArchiveFolder, tmp_path: Path, dask: DaskCluster) -> None:
    here, there = copied(base, tmp_path / "here"), copied(base, tmp_path / "there")
    again(here, named(read_otherwise), None)
    with open_cluster(dask.spec) as cluster:
        done = again(there, named(read_dying), cluster).done
    assert Path(os.environ["DYING_READER_MARK"]).exists()
    assert (done.captures, done.lost, done.failed) == (10, 0, 0)
    assert everything(there) == everything(here)


def test_a_page_that_hangs_costs_itself_alone(folder: ArchiveFolder, dask: DaskCluster) -> None:
    def seconds(arguments: tuple[Any, ...]) -> float:
        """Little where the page is that hangs, so that the others' time does not depend on how busy a machine is."""
        return 3.0 if any(one.url.endswith("gazette.example/mole-1") for one in arguments[0].references) else 60.0

    with open_cluster(dask.spec, seconds=seconds) as cluster:
        done = again(folder, named(read_hanging), cluster).done
    assert (done.captures, done.failed) == (10, 1)
    [(url, reason)] = rows(
        folder,
        "SELECT c.url, e.reason FROM extractions e JOIN captures c ON c.pk = e.capture WHERE e.reason LIKE 'error-%'",
    )
    assert (url, reason) == ("https://gazette.example/mole-1", "error-timeout")


def test_a_cluster_without_workers_is_given_up_and_a_later_run_goes_on(
    base: ArchiveFolder, tmp_path: Path, dask: DaskCluster
) -> None:
    here, there = copied(base, tmp_path / "here"), copied(base, tmp_path / "there")
    again(here, named(read_otherwise), None)
    seen: list[int] = []

    def take_away(done: int, _of: int) -> None:
        seen.append(done)

    with open_cluster(dask.spec, patience=3) as cluster:
        dask.stop("worker")
        with pytest.raises(ClusterError, match="no worker for 3 seconds"):
            again(there, named(read_later), cluster, on_page=take_away)
    dask.start_workers()
    with open_cluster(dask.spec) as cluster:
        assert again(there, named(read_otherwise), cluster).done.captures == 10 - len(seen)
    assert everything(there) == everything(here)


# Asks while the scheduler goes away, and once again, as a reader does whose worker was lost.
_ASK_TWICE = """
import sys, time
from archive.errors import ClusterError
from archive.executors import WorkerLostError, open_cluster
with open_cluster(sys.argv[1]) as cluster:
    first = cluster.executor.submit(time.sleep, 60)
    print("asked", flush=True)
    for ask in (lambda: first, lambda: cluster.executor.submit(time.sleep, 60)):
        try:
            ask().result(timeout=40)
        except (ClusterError, WorkerLostError) as error:
            print(f"{type(error).__name__}: {error}".partition(".")[0])
"""


def test_a_scheduler_that_goes_away_ends_it_and_no_page_is_blamed(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra `scale` is not installed: pip install 'newsmorgue[scale]'")
    with dask_cluster(tmp_path) as cluster:
        cluster.start_workers(1)
        asking = subprocess.Popen(
            [sys.executable, "-c", _ASK_TWICE, cluster.spec], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert asking.stdout is not None
        assert asking.stdout.readline() == "asked\n"
        cluster.stop("scheduler")
        out, err = asking.communicate(timeout=60)
    assert out.splitlines() == [
        "WorkerLostError: error-no-worker",
        "ClusterError: the cluster's scheduler went away and did not come back",
    ]
    assert (err, asking.returncode) == ("", 0)  # and nothing of Dask's is on the terminal


# What is said before anything is read


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        ("dask:tcp://192.0.2.7:8786", "tcp://192.0.2.7:8786"),
        ("dask:tls://cluster.example:8786", "tls://cluster.example:8786"),
        ("dask:tcp://[2001:db8::7]:8786", "tcp://[2001:db8::7]:8786"),
        ("tcp://192.0.2.7:8786", None),
        ("dask:192.0.2.7:8786", None),
        ("dask:tcp://192.0.2.7", None),
        ("dask:tcp://:8786", None),
        ("dask:tcp://192.0.2.7:port", None),
        ("dask:inproc://1/2:3", None),
        ("ray:tcp://192.0.2.7:8786", None),
        ("", None),
    ],
)
def test_the_address_of_a_cluster(spec: str, address: str | None) -> None:
    if address is None:
        with pytest.raises(UsageError, match="Write it like dask:tcp://"):
            address_of(spec)
    else:
        assert address_of(spec) == address


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--executor", "dask:tcp://127.0.0.1:9"], 1, "Start one with `dask scheduler`"),
        (["--executor", "dask:tcp://127.0.0.1:9", "--jobs", "2"], 2, "--jobs counts processes of this machine"),
        (["--archive-at", "/mnt/news"], 2, "so it goes with --executor"),
    ],
)
def test_wrong_words_are_told(folder: ArchiveFolder, words: list[str], code: int, said: str) -> None:
    told = type_in(folder, "reextract", *words)
    assert (told.exit_code, said in told.output) == (code, True), told.output


def test_workers_must_see_the_archive(folder: ArchiveFolder, dask: DaskCluster) -> None:
    told = type_in(folder, "reextract", "--executor", dask.spec, "--archive-at", "/nowhere")
    assert told.exit_code == 1
    assert "does not see this archive's file /nowhere/warc/" in told.output


class _Client:
    """A client of a cluster whose workers are these."""

    def __init__(self, threads: int, seen: Any) -> None:
        self._threads, self._seen = threads, seen

    def wait_for_workers(self, *_: Any, **__: Any) -> None:
        pass

    def scheduler_info(self, **_: Any) -> Any:
        return {"workers": {"tcp://192.0.2.8:1": {"nthreads": self._threads}} if self._threads else {}}

    def run(self, *_: Any) -> Any:
        if isinstance(self._seen, Exception):
            raise self._seen
        return {"tcp://192.0.2.8:1": self._seen}


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (_Client(0, None), "has no workers. Start some: `dask worker tcp://192.0.2.7:8786"),
        (_Client(1, ModuleNotFoundError("archive")), "Install the same Morgue on each machine"),
        (
            _Client(1, type(look(None))(versions=(("lxml", "1"), *versions()))),
            "would read pages otherwise: it has lxml 1",
        ),
        (_Client(1, type(look(None))(versions=versions(), size=7)), "it is 7 bytes there, and 9 here"),
    ],
    ids=["none", "without-morgue", "another-version", "another-file"],
)
def test_unfit_workers_are_told_with_what_to_do(client: Any, said: str) -> None:
    with pytest.raises(ClusterError) as told:
        _fit_workers(client, "tcp://192.0.2.7:8786", ("/mnt/a/warc/x.warc.gz", 9))
    assert said in str(told.value)


def test_a_worker_that_came_later_with_another_version_reads_nothing() -> None:
    with pytest.raises(ClusterError, match=r"extractor .*, and the writer has 0"):
        call(len, ("abc",), 5.0, (("extractor", "0"),))


class _Gone(Executor):
    """An executor whose cluster is gone."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(ClusterError("the cluster has had no worker for 60 seconds"))
        return future


def test_a_first_reading_ends_when_the_cluster_is_gone_and_a_later_one_goes_on(
    base: ArchiveFolder, tmp_path: Path
) -> None:
    folder = copied(base, tmp_path / "a")
    for path in folder.root.glob("archive.db*"):
        path.unlink()
    with pytest.raises(ClusterError):
        ingest_shelf(folder, clock=Clock(LATER), jobs=None, progress=QUIET, cluster=Cluster(_Gone(), 2))
    ingest(folder)
    assert everything(folder)["articles"] == everything(base)["articles"]


def test_its_errors_travel() -> None:
    assert str(pickle.loads(pickle.dumps(ClusterError("no worker")))) == "no worker"  # noqa: S301 - our own


# Files that lie elsewhere


def test_the_bytes_of_a_remote_file_are_those_of_the_file(folder: ArchiveFolder) -> None:
    [path] = warc_files(folder.warc)
    here, there = open_window(str(path)), open_window(f"file://{path}")
    assert (here.end, here.at(0, 99), here.at(500, 70)) == (there.end, there.at(0, 99), there.at(500, 70))
    assert there.at(there.end - 3, 10) == here.at(here.end - 3, 10)
    assert there.at(there.end, 10) == b""
    here.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///nowhere/a.warc.gz", "cannot be read"),
        ("nothing://bucket/a.warc.gz", "cannot be read"),
        ("memory://a.warc.gz?token=1f", "withheld"),
    ],
)
def test_a_remote_file_that_is_not_there_is_told_without_secrets(url: str, said: str) -> None:
    with pytest.raises(ShelfError) as told:
        open_window(url)
    assert said in str(told.value)
    assert "1f" not in str(told.value)
