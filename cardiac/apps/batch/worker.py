"""A process of its own for the cases of a worker: one that dies or hangs costs one case.

Each process has a pipe of its own and holds one case at a time, so it is known which case a
process died of, whenever it dies. Pools that share a pipe among their processes cannot promise
that: with pebble 5.2 a process killed while it writes its result stalls the pool for the two
minutes of its lock, and then breaks it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

from cardiac.apps.batch.case import CaseResult
from cardiac.errors import CardiacError, SettingsError

if TYPE_CHECKING:
    from cardiac.apps.batch.work import Work
    from cardiac.io import InputItem
    from cardiac.pipeline import Models

_CONTEXT = multiprocessing.get_context("spawn")
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class WorkerReply:
    """What a worker process answers about a case.

    Attributes:
        outcome: The case's result, or how the process ended.
        engine: The network's weights, engine and precision; None if it was not loaded.
        died: Whether the process ended by itself, perhaps by somebody else's hand.
        unable: Whether no case at all can be worked on; ``outcome`` says why.
    """

    outcome: CaseResult | CardiacError
    engine: dict[str, Any] | None = None
    died: bool = False
    unable: bool = False


class IsolatedProcess:
    """One process that works on one case at a time.

    Args:
        work: What is the same for every case.
        threads: Processor threads of its network.
    """

    def __init__(self, work: Work, threads: int) -> None:
        self._engine: dict[str, Any] | None = None
        self._limit_s = work.batch.time_limit_s or None
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_serve, args=(theirs, work, threads), name="cardiac-case", daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it can take another case."""
        return not self._pipe.closed

    def work_on(self, item: InputItem) -> WorkerReply:
        """Have a case worked on, and wait for what becomes of it."""
        began = time.monotonic()
        try:
            self._pipe.send(item)
            if self._engine is None:  # loading the network is not the case's time
                kind, content = self._pipe.recv()
                if kind == "unable":
                    self.end()
                    return WorkerReply(content, unable=True)
                self._engine, began = content, time.monotonic()
            if not self._pipe.poll(self._limit_s):
                self.end()
                return WorkerReply(self._overtime(), self._engine)
            kind, content = self._pipe.recv()
            return WorkerReply(content, self._engine, unable=kind == "unable")
        except (EOFError, OSError):
            code = self.end(_PATIENCE_S)
            seconds = time.monotonic() - began
            error = CardiacError(
                f"its worker process died ({_death(code)}) after {seconds:.0f} s.",
                hint="The file may be damaged, or memory too small; try it again with --retry.",
            )
            return WorkerReply(error, self._engine, died=True)

    def _overtime(self) -> CardiacError:
        return CardiacError(
            f"took longer than the limit of {self._limit_s:g} s and was stopped.",
            hint="Allow more with --time-limit-s, and try it again with --retry.",
        )

    def kill(self) -> None:
        """Kill the process; whoever waits for it is answered that it died."""
        self._process.kill()

    def end(self, patience_s: float = 0.0) -> int | None:
        """End the process, by force if it does not end by itself; returns its exit code."""
        if not patience_s:
            self._process.kill()
        self._pipe.close()
        self._process.join(patience_s or _PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_PATIENCE_S)
        return self._process.exitcode


_lock = threading.Lock()
_idle: dict[str, list[IsolatedProcess]] = {}
_busy: dict[str, set[IsolatedProcess]] = {}
_over: set[str] = set()
"""Processes of the runs that this process works for, and runs that are over."""


def work_isolated(work: Work, items: Sequence[InputItem], threads: int = 0) -> list[WorkerReply]:
    """Work on cases, one after the other, in a process that is kept for those to come.

    Called in many threads at once, it uses a process for each.

    Args:
        work: What is the same for every case.
        items: The cases.
        threads: Processor threads of the network; 0 divides the cores of a dask worker.

    Returns:
        What became of each.
    """
    return [_work_isolated(work, item, threads) for item in items]


def _work_isolated(work: Work, item: InputItem, threads: int) -> WorkerReply:
    with _lock:
        process = _idle[work.token].pop() if _idle.get(work.token) else None
    process = process or IsolatedProcess(work, threads or _threads_of_dask_worker())
    with _lock:
        _busy.setdefault(work.token, set()).add(process)
        over = work.token in _over
    if over:
        process.end()
    reply = process.work_on(item)
    with _lock:
        _busy.get(work.token, set()).discard(process)
        if process.alive:
            _idle.setdefault(work.token, []).append(process)
    return reply


def release(token: str) -> None:
    """End the processes of a run here; what they are at is lost."""
    with _lock:
        _over.add(token)
        idle, busy = _idle.pop(token, []), _busy.pop(token, set())
    for process in busy:
        process.kill()
    for process in idle:
        process.end(_PATIENCE_S)


def _threads_of_dask_worker() -> int:
    """Processor threads for each of a dask worker's processes, which it may start from here on."""
    from distributed import get_worker

    # Dask marks its workers as daemons, which may have no children lest these are orphaned; ours
    # end with their parent.
    multiprocessing.current_process().daemon = False
    threads: int = get_worker().state.nthreads
    return max(1, cores() // max(1, threads))


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"


class _LogCapture(logging.Handler):
    """Keeps warnings of the library for the log of the run."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self.messages.append((record.levelno, text))


def _serve(pipe: connection.Connection, work: Work, threads: int) -> None:
    """The process itself: cases in, results out, until the pipe is closed."""
    from threadpoolctl import threadpool_limits

    from cardiac.apps.batch.record import engine_of
    from cardiac.apps.batch.work import work_on

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    captured = _LogCapture()
    logging.getLogger().addHandler(captured)
    with suppress(OSError):
        os.chdir(work.base)  # paths that were given relative mean the same on every machine
    with suppress(EOFError, OSError), threadpool_limits(threads):
        try:
            check_version(work)
            models = _load(work, threads)
            pipe.send(("loaded", engine_of(models)))
            while True:
                item = pipe.recv()
                captured.messages = []
                result = work_on(work, item, models)
                pipe.send(("result", replace(result, log=tuple(captured.messages))))
        except CardiacError as error:
            pipe.send(("unable", error))


def check_version(work: Work) -> None:
    """Refuse to work where the results would be others than on the machine that asks.

    Raises:
        SettingsError: Code, weights or libraries differ.
    """
    from cardiac.apps.batch.fingerprint import settings_hash

    if work.made_with and settings_hash(work.settings, work.batch) != work.made_with:
        raise SettingsError(
            "a worker has another version of cardiac, of its weights or of its libraries.",
            hint="Install the same on every machine, with -c constraints.txt.",
        )


def _load(work: Work, threads: int) -> Models:
    from cardiac.pipeline import Models

    settings = work.settings.segmentation
    if not settings.threads:
        settings = settings.model_copy(update={"threads": threads})
    return Models.load(settings)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, in the middle of a case too."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
