"""Many cases at a time, here or on a cluster: dask hands them out, each has a process of its own.

Where the work is done is an ``Executor``: dask's, of a cluster within this process or of one that
is there already, or a pool of threads where dask is not installed. What it runs is always the
same, :func:`cardiac.apps.batch.isolation.work_isolated`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING

from cardiac.apps.batch.isolation import Told, cores, release, work_isolated
from cardiac.apps.batch.result import Failure, Result
from cardiac.errors import CardiacError, SettingsError

if TYPE_CHECKING:
    from cardiac.apps.batch.settings import BatchSettings
    from cardiac.apps.batch.work import Work
    from cardiac.io import InputItem

_STILLBORN = 3
"""Processes in a row that may die before they can work, until the run is given up."""
_LOST = Failure(
    "CardiacError",
    "every worker of the cluster that had it was lost.",
    hint="There may be too little memory for it; try it again with --retry.",
)
_PORTION, _PORTION_S = 32, 0.25
"""Most cases that go together, and about how long they may take."""
_LOOK_S = 1.0
_WAIT_S = 30.0


@dataclass(frozen=True)
class Crew:
    """Those who work.

    Attributes:
        executor: Takes cases.
        threads: Processor threads of each network; 0 where each machine knows best.
        size: Asks how many cases can be worked on at a time.
        dismiss: Ends the processes of a run.
    """

    executor: Executor
    threads: int
    size: Callable[[], int]
    dismiss: Callable[[str], object]


@contextmanager
def gathered(batch: BatchSettings) -> Iterator[Crew]:
    """The crew that the settings ask for.

    Raises:
        SettingsError: There is no such cluster, or dask is lacking.
    """
    if batch.scheduler:
        with _cluster(batch.scheduler) as crew:
            yield crew
        return
    threads = max(1, cores() // batch.workers)
    if find_spec("distributed") is None:
        with ThreadPoolExecutor(batch.workers) as pool:
            yield Crew(pool, threads, lambda: batch.workers, release)
        return
    with _cluster_here(batch.workers) as executor:
        yield Crew(executor, threads, lambda: batch.workers, release)


@contextmanager
def _cluster_here(workers: int) -> Iterator[Executor]:
    """A cluster of threads of this process: what may die or swell is in the processes they use."""
    import dask
    from distributed import Client, LocalCluster

    # Dask insists on web servers: here they have nothing to say, and no other machine hears them.
    mute: dict[str, list[str]] = {
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    with (
        dask.config.set(mute),
        _quiet(),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=False,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client.get_executor(pure=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what a cluster of threads says of itself from people and from the log of the run."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _cluster(address: str) -> Iterator[Crew]:
    """A cluster that is there already."""
    try:
        from distributed import Client
    except ImportError as error:
        raise SettingsError(
            "--scheduler needs dask.distributed.", hint="pip install 'cardiac-echo[cluster]'."
        ) from error
    try:
        client = Client(address, timeout=_WAIT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"no dask scheduler answers at {address} ({error}).",
            hint="Give its address, for instance --scheduler tcp://10.0.0.1:8786.",
        ) from error

    def size() -> int:
        try:
            return sum(client.nthreads().values())
        except (OSError, TimeoutError, CancelledError) as error:
            raise _cluster_lost() from error

    def dismiss(token: str) -> None:
        with suppress(Exception):  # a worker that is gone has no processes
            client.run(release, token)

    with client:
        yield Crew(client.get_executor(pure=False), 0, size, dismiss)


def work_side_by_side(
    work: Work, todo: Iterator[InputItem], begun: Callable[[InputItem], None]
) -> Generator[tuple[InputItem, Told]]:
    """Work on many cases at a time. Few more than can be worked on are on their way.

    A case whose process died is tried once more, in case somebody else killed it. One whose dask
    worker is lost is given to another worker by dask.

    Args:
        work: What is the same for every case.
        todo: The cases.
        begun: Called before a case is sent.

    Yields:
        Each case as it is finished, and what became of it.

    Raises:
        CardiacError: No case can be worked on, or the cluster is lost.
    """
    deaths, pace = _Deaths(), _Pace()
    going: dict[Future[list[Told]], list[InputItem]] = {}
    with gathered(work.batch) as crew:
        room = _Room(crew.size)

        def send(items: list[InputItem]) -> None:
            for item in items:
                begun(item)
            going[crew.executor.submit(work_isolated, work, items, crew.threads)] = items

        try:
            while True:
                while len(going) < room.now() and (items := list(islice(todo, pace.portion))):
                    send(items)
                if not going:
                    return
                for future in wait(going, return_when=FIRST_COMPLETED).done:
                    items = going.pop(future)
                    for item, told in zip(items, _told(future, len(items)), strict=True):
                        if deaths.first(told, item):
                            send([item])
                        else:
                            pace.heed(told)
                            yield item, told
        finally:
            for future in going:
                future.cancel()
            crew.dismiss(work.token)


def _cluster_lost() -> CardiacError:
    return CardiacError("the cluster was lost.", hint="Run again: what is done stays done.")


class _Room:
    """How many cases may be on their way: one waits for each that is worked on."""

    def __init__(self, size: Callable[[], int]) -> None:
        self._size = size
        self._looked = float("-inf")
        self._room = 2

    def now(self) -> int:
        if time.monotonic() - self._looked > _LOOK_S:  # workers of a cluster come and go
            self._room = max(2, 2 * self._size())
            self._looked = time.monotonic()
        return self._room


class _Pace:
    """How many cases go together: very short ones, for handing out costs dask some ms."""

    def __init__(self) -> None:
        self._seconds = float("inf")

    @property
    def portion(self) -> int:
        """Number of cases."""
        return max(1, min(_PORTION, int(_PORTION_S / self._seconds)))

    def heed(self, told: Told) -> None:
        """Note how long a case took that was done: the portion shrinks at once, grows slowly."""
        case = told.outcome
        if isinstance(case, Result) and not case.failure and case.seconds:
            self._seconds = max(case.seconds, min(0.9 * self._seconds, _PORTION_S))


class _Deaths:
    """Counts what processes died of."""

    def __init__(self) -> None:
        self._cases: set[str] = set()
        self._stillborn = 0

    def first(self, told: Told, item: InputItem) -> bool:
        """Whether a process died, and it is the first death over this case.

        Raises:
            CardiacError: One process after the other dies before it can look at a case.
        """
        if not told.died:
            self._stillborn = 0
            return False
        self._stillborn = 0 if told.engine is not None else self._stillborn + 1
        if self._stillborn >= _STILLBORN:
            raise CardiacError(
                "worker processes die while they load the network",
                hint="There may be too little memory: try fewer --workers.",
            )
        known = item.id in self._cases
        self._cases.add(item.id)
        return not known


def _told(future: Future[list[Told]], count: int) -> list[Told]:
    """What became of the cases that went together.

    Raises:
        CardiacError: No case can be worked on, or the cluster is lost.
    """
    try:
        told = future.result()
    except CancelledError as error:
        raise _cluster_lost() from error
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            # Of cases that went together it may have been any: each gets a second one alone.
            return [Told(_LOST, engine={}, died=True)] * count
        raise CardiacError(
            f"the workers cannot work ({type(error).__name__}: {error}).",
            hint="Install the same cardiac on every machine of the cluster.",
        ) from error
    for case in told:
        if case.unable:
            assert isinstance(case.outcome, Failure)
            raise case.outcome.error()
    return told
