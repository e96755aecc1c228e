"""Worker processes, each with a pipe of its own: one that dies or hangs costs one case.

The pools of the standard library give up altogether when one of their processes dies, and none
puts an end to a case that hangs. Here every process holds one case at a time, so that it is known
which case it died of, and nothing is shared that a dying process could leave locked.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

from cardiac.errors import CardiacError
from pipelines.batch.result import Failure, Result

if TYPE_CHECKING:
    from cardiac.io import InputItem
    from cardiac.segmentation.segmenter import Segmenter
    from pipelines.batch.work import Work

_CONTEXT = multiprocessing.get_context("spawn")
_POLL_S = 60.0
_PATIENCE_S = 5.0
_STILLBORN = 3
"""Workers in a row that may die before they can work, until the run is given up."""


class Worker:
    """One process that works on one case at a time.

    Args:
        work: What is the same for every case.
        threads: Processor threads of its network.
    """

    def __init__(self, work: Work, threads: int) -> None:
        self.item: InputItem | None = None
        self.loaded = self.died = False
        self.engine: dict[str, Any] | None = None
        self.deadline = float("inf")
        self._limit_s = work.batch.time_limit_s or float("inf")
        self._started = time.monotonic()
        self.pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_serve, args=(theirs, work, threads), name="cardiac-worker", daemon=True
        )
        self._process.start()
        theirs.close()

    def give(self, item: InputItem) -> None:
        """Send a case.

        Raises:
            OSError: The process is dead.
        """
        self.pipe.send(item)
        self.item = item
        self._start_clock()

    def _start_clock(self) -> None:
        # Loading the network is not the case's time.
        self._started = time.monotonic()
        self.deadline = self._started + self._limit_s if self.loaded else float("inf")

    def news(self) -> Result | Failure | None:
        """What became of its case, or None while it is still worked on.

        Raises:
            CardiacError: The network cannot be loaded.
        """
        seconds = time.monotonic() - self._started
        try:
            if not self.pipe.poll():
                if time.monotonic() < self.deadline:
                    return None
                self.end()
                return Failure(
                    "CardiacError",
                    f"took longer than the limit of {self._limit_s:g} s and was stopped.",
                    hint="Allow more with --time-limit-s, and try it again with --retry.",
                )
            kind, told = self.pipe.recv()
        except (EOFError, OSError):
            code, self.died = self.end(_PATIENCE_S), True
            return Failure(
                "CardiacError",
                f"its worker process died ({_death(code)}) after {seconds:.0f} s.",
                hint="The file may be damaged, or memory too small; try it again with --retry.",
            )
        if kind == "unable":
            raise told.error()
        if kind == "loaded":
            self.loaded, self.engine = True, told
            self._start_clock()
            return None
        self.item, self.deadline = None, float("inf")
        result: Result = told
        return result

    @property
    def alive(self) -> bool:
        """Whether it can take another case."""
        return not self.pipe.closed

    def end(self, patience_s: float = 0.0) -> int | None:
        """End the process, by force if it does not end by itself; returns its exit code."""
        if not patience_s:
            self._process.kill()
        self.pipe.close()
        self._process.join(patience_s or _PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_PATIENCE_S)
        return self._process.exitcode


def work_in_processes(
    work: Work, todo: Iterator[InputItem], workers: int, begun: Callable[[InputItem], None]
) -> Generator[tuple[InputItem, Result | Failure, dict[str, Any] | None]]:
    """Work on cases side by side.

    A case whose process died is tried once more, in case somebody else killed it.

    Args:
        work: What is the same for every case.
        todo: The cases.
        workers: Number of processes.
        begun: Called before a case is sent.

    Yields:
        Each case as it is finished; its result, or how its process ended; and the engine of the
        network.

    Raises:
        CardiacError: The network cannot be loaded.
    """
    threads = max(1, cores() // workers)
    busy: list[Worker] = []
    idle: list[Worker] = []
    again: list[InputItem] = []
    deaths = _Deaths()
    try:
        while True:
            free = workers - len(busy)
            for item in islice(chain(again[:free], todo), free):
                begun(item)
                busy.append(_given(item, idle, work, threads))
            del again[:free]
            if not busy:
                return
            for worker in _ready(busy):
                case, told = worker.item, worker.news()
                if told is None or case is None:
                    continue
                busy.remove(worker)
                if deaths.first(worker, case):
                    again.append(case)
                    continue
                if worker.alive:
                    idle.append(worker)
                yield case, told, worker.engine
    finally:
        for worker in busy:
            worker.end()
        for worker in idle:
            worker.end(_PATIENCE_S)


class _Deaths:
    """Counts what processes died of."""

    def __init__(self) -> None:
        self._cases: set[str] = set()
        self._stillborn = 0

    def first(self, worker: Worker, item: InputItem) -> bool:
        """Whether the worker died, and it is the first death over this case.

        Raises:
            CardiacError: One process after the other dies before it can look at a case.
        """
        if not worker.died:
            self._stillborn = 0
            return False
        self._stillborn = 0 if worker.loaded else self._stillborn + 1
        if self._stillborn >= _STILLBORN:
            raise CardiacError(
                "worker processes die while they load the network",
                hint="There may be too little memory: try fewer --workers.",
            )
        known = item.id in self._cases
        self._cases.add(item.id)
        return not known


def _given(item: InputItem, idle: list[Worker], work: Work, threads: int) -> Worker:
    """A worker that has the case: an idle one, or a new one where that has died meanwhile."""
    while True:
        worker = idle.pop() if idle else Worker(work, threads)
        try:
            worker.give(item)
        except OSError:
            worker.end()
        else:
            return worker


def _ready(busy: list[Worker]) -> list[Worker]:
    """Workers that have something to tell, have died or are beyond their time."""
    soonest = min(worker.deadline for worker in busy) - time.monotonic()
    told = connection.wait([w.pipe for w in busy], timeout=min(max(0.0, soonest), _POLL_S))
    now = time.monotonic()
    return [w for w in busy if w.pipe in told or now >= w.deadline]


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Ear(logging.Handler):
    """Keeps warnings of the library for the log of the run."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self.heard.append((record.levelno, text))


def _serve(pipe: connection.Connection, work: Work, threads: int) -> None:
    """The worker process: cases in, results out, until the pipe is closed."""
    from threadpoolctl import threadpool_limits

    from pipelines.batch.work import work_on
    from pipelines.run_record import engine_of

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    ear = _Ear()
    logging.getLogger().addHandler(ear)
    with suppress(EOFError, OSError), threadpool_limits(threads):
        try:
            segmenter = _load(work, threads)
            pipe.send(("loaded", engine_of(segmenter)))
            while True:
                item = pipe.recv()
                ear.heard = []
                result = work_on(work, item, segmenter)
                pipe.send(("result", replace(result, log=tuple(ear.heard))))
        except CardiacError as error:
            pipe.send(("unable", Failure.of(error)))


def _load(work: Work, threads: int) -> Segmenter:
    from cardiac.segmentation.segmenter import Segmenter

    settings = work.settings.segmentation
    if not settings.threads:
        settings = settings.model_copy(update={"threads": threads})
    return Segmenter.load(settings)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, in the middle of a case too."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
