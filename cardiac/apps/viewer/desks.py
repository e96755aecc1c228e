"""The desks that are in use, and the cases that were read for them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from cardiac.apps.viewer.desk import Desk, stamp
from cardiac.apps.viewer.editing import Review
from cardiac.errors import CardiacError, OutputError
from cardiac.results import OpenedCase, RunFolder

QUIET_S = 1.5
"""Time after a request during which other work waits."""
READ = 3
"""Cases that are kept in memory once they were read."""
MOST = 6
"""Desks that are kept; the one that was asked last for longest is cleared."""


class Desks:
    """The desks that are in use.

    Args:
        run: The run.
        review: Who decided what.
    """

    def __init__(self, run: RunFolder, review: Review) -> None:
        self.run, self.review = run, review
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._lock = threading.Lock()
        self._asked = -QUIET_S
        self._cases: OrderedDict[str, Future[OpenedCase]] = OrderedDict()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")

    @property
    def in_use(self) -> bool:
        """Whether somebody worked at a desk a moment ago."""
        return time.monotonic() - self._asked < QUIET_S

    def warm_up(self) -> None:
        """Load what the first case would otherwise wait for."""
        with suppress(CardiacError, StopIteration):
            first = next(row["id"] for row in self.run.rows if row["status"] == "ok")
            Desk(self.run, self.review, self.read(first).result()).sliders(0)

    def read(self, name: str) -> Future[OpenedCase]:
        """Begin to open a case, if it is not among the last that were."""
        key = name
        with suppress(OutputError):
            # A run that goes on may write a case anew.
            key = f"{name} {stamp(self.run.mask_path(name))}"
        with self._lock:
            found = self._cases.pop(key, None)
            if found is None or (found.done() and found.exception() is not None):
                found = self._reader.submit(self.run.open, name)
            self._cases[key] = found
            while len(self._cases) > READ:
                self._cases.popitem(last=False)
            return found

    def open(self, name: str) -> Desk:
        """A new desk with a case on it.

        Raises:
            CardiacError: The case cannot be opened.
        """
        desk = Desk(self.run, self.review, self.read(name).result())
        with self._lock:
            self._desks[desk.key] = desk
            while len(self._desks) > MOST:
                self._desks.popitem(last=False)
        return desk

    def __getitem__(self, key: str) -> Desk:
        with self._lock:
            self._asked = time.monotonic()
            desk = self._desks.get(key)
            if desk is None:
                raise OutputError(
                    "this case was closed, because others were opened.", hint="Load the page again."
                )
            self._desks.move_to_end(key)
            return desk
