"""Worker pools: many cases at a time, here or on a dask cluster, each in a process of its own.

Where the work is done is an ``Executor``: threads of this process, or those of the workers of a
cluster. What it runs is always :func:`cardiac.apps.batch.worker.work_isolated`.
"""

from __future__ import annotations

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
from itertools import islice
from typing import TYPE_CHECKING

from cardiac.apps.batch.case import CaseResult
from cardiac.apps.batch.worker import WorkerReply, cores, release, work_isolated
from cardiac.errors import CardiacError, SettingsError
from cardiac.extras import needs

if TYPE_CHECKING:
    from cardiac.apps.batch.settings import BatchSettings
    from cardiac.apps.batch.work import Work
    from cardiac.io import InputItem

_MAX_STARTUP_CRASHES = 3
"""Processes in a row that may die before they can work, until the run is given up."""
_MAX_CHUNK, _CHUNK_S = 32, 0.25
"""Most cases that go together, and about how long they may take."""
_RECOUNT_S = 1.0
_CONNECT_S = 30.0


@dataclass(frozen=True)
class WorkerPool:
    """Workers that take cases.

    Attributes:
        executor: Takes cases.
        threads: Processor threads of each network; 0 where each machine knows best.
        size: Asks how many cases can be worked on at a time.
        shut_down: Ends the processes of a run.
    """

    executor: Executor
    threads: int
    size: Callable[[], int]
    shut_down: Callable[[str], object]


@contextmanager
def open_pool(batch: BatchSettings) -> Iterator[WorkerPool]:
    """The worker pool that the settings ask for.

    Raises:
        SettingsError: There is no such cluster, or dask is lacking.
    """
    if batch.scheduler:
        with _cluster(batch.scheduler) as pool:
            yield pool
        return
    # Threads only wait: what may die or swell is in the processes they use.
    with ThreadPoolExecutor(batch.workers) as threads:
        yield WorkerPool(threads, max(1, cores() // batch.workers), lambda: batch.workers, release)


@contextmanager
def _cluster(address: str) -> Iterator[WorkerPool]:
    """The workers of a cluster that is there already."""
    with needs("cluster", "--scheduler"):
        from distributed import Client
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
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

    def shut_down(token: str) -> None:
        with suppress(Exception):  # a worker that is gone has no processes
            client.run(release, token)

    with client:
        yield WorkerPool(client.get_executor(pure=False), 0, size, shut_down)


def work_side_by_side(
    work: Work, todo: Iterator[InputItem], begun: Callable[[InputItem], None]
) -> Generator[tuple[InputItem, WorkerReply]]:
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
    crashes, chunk = _Crashes(), _Chunk()
    going: dict[Future[list[WorkerReply]], list[InputItem]] = {}
    with open_pool(work.batch) as pool:
        backlog = _Backlog(pool.size)

        def send(items: list[InputItem]) -> None:
            for item in items:
                begun(item)
            going[pool.executor.submit(work_isolated, work, items, pool.threads)] = items

        try:
            while True:
                while len(going) < backlog.limit() and (items := list(islice(todo, chunk.size))):
                    send(items)
                if not going:
                    return
                for future in wait(going, return_when=FIRST_COMPLETED).done:
                    items = going.pop(future)
                    for item, reply in zip(items, _replies(future, len(items)), strict=True):
                        if crashes.first(reply, item):
                            send([item])
                        else:
                            chunk.update(reply)
                            yield item, reply
        finally:
            for future in going:
                future.cancel()
            pool.shut_down(work.token)


def _cluster_lost() -> CardiacError:
    return CardiacError("the cluster was lost.", hint="Run again: what is done stays done.")


class _Backlog:
    """How many cases may be on their way: one waits for each that is worked on."""

    def __init__(self, size: Callable[[], int]) -> None:
        self._size = size
        self._counted = float("-inf")
        self._limit = 2

    def limit(self) -> int:
        if time.monotonic() - self._counted > _RECOUNT_S:  # workers of a cluster come and go
            self._limit = max(2, 2 * self._size())
            self._counted = time.monotonic()
        return self._limit


class _Chunk:
    """How many cases go together: very short ones, for handing out costs dask some ms."""

    def __init__(self) -> None:
        self._seconds = float("inf")

    @property
    def size(self) -> int:
        """Number of cases."""
        return max(1, min(_MAX_CHUNK, int(_CHUNK_S / self._seconds)))

    def update(self, reply: WorkerReply) -> None:
        """Note how long a case took that was done: the chunk shrinks at once, grows slowly."""
        case = reply.outcome
        if isinstance(case, CaseResult) and not case.error and case.seconds:
            self._seconds = max(case.seconds, min(0.9 * self._seconds, _CHUNK_S))


class _Crashes:
    """Counts the crashes of processes."""

    def __init__(self) -> None:
        self._cases: set[str] = set()
        self._at_startup = 0

    def first(self, reply: WorkerReply, item: InputItem) -> bool:
        """Whether a process died, and it is the first death over this case.

        Raises:
            CardiacError: One process after the other dies before it can look at a case.
        """
        if not reply.died:
            self._at_startup = 0
            return False
        self._at_startup = 0 if reply.engine is not None else self._at_startup + 1
        if self._at_startup >= _MAX_STARTUP_CRASHES:
            raise CardiacError(
                "worker processes die while they load the network",
                hint="There may be too little memory: try fewer --workers.",
            )
        known = item.id in self._cases
        self._cases.add(item.id)
        return not known


def _replies(future: Future[list[WorkerReply]], count: int) -> list[WorkerReply]:
    """What became of the cases that went together.

    Raises:
        CardiacError: No case can be worked on, or the cluster is lost.
    """
    try:
        replies = future.result()
    except CancelledError as error:
        raise _cluster_lost() from error
    except Exception as error:
        if _lost_its_workers(error):
            lost = CardiacError(
                "every worker of the cluster that had it was lost.",
                hint="There may be too little memory for it; try it again with --retry.",
            )
            # Of cases that went together it may have been any: each gets a second one alone.
            return [WorkerReply(lost, engine={}, died=True)] * count
        raise CardiacError(
            f"the workers cannot work ({type(error).__name__}: {error}).",
            hint="Install the same cardiac on every machine of the cluster.",
        ) from error
    for reply in replies:
        if reply.unable:
            assert isinstance(reply.outcome, CardiacError)
            raise reply.outcome
    return replies


def _lost_its_workers(error: Exception) -> bool:
    """Whether dask gave a case up because every worker that had it died."""
    try:
        from distributed import KilledWorker
    except ImportError:
        return False
    return isinstance(error, KilledWorker)
