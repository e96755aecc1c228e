"""Open cases: images, outlines and edits of a case, as its page asks for them."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cardiac.apps.viewer import serialize
from cardiac.apps.viewer.review import Review
from cardiac.apps.viewer.session import Key, Preview, Session
from cardiac.errors import CardiacError, NotFoundError, OutputError, SettingsError
from cardiac.geometry import Mask
from cardiac.report.display import Display
from cardiac.report.page.images import QUARTER, map_webp, shape_within, small, webp
from cardiac.report.page.lines import STRUCTURES, outlines
from cardiac.results import Decision, OpenedCase, RunFolder, Version, layout
from cardiac.states import Status
from cardiac.types import Data, FloatArray

log = logging.getLogger(__name__)

SIDE, QUALITY = 720, 82
"""Longest side of a frame on the page in pixels, and how well it is kept."""
STEP = 2.5
"""Pixels between points of an outline."""
QUIET_S = 1.5
"""Time after a request during which other work waits."""
READ = 3
"""Cases that are kept in memory once they were read."""
MOST = 6
"""Open cases that are kept; the one that was asked last for longest is closed."""


@dataclass(frozen=True, eq=False)
class StandingMasks:
    """The masks of a case that stand, and what is made of them once it is asked for.

    Attributes:
        masks: (T, H, W) the last accepted edit, or the run's.
        original: (T, H, W) the run's.
        version: Their file and its hash; None where nothing is to be edited.
        stamp: When the file was written.
        open_edits: What was set on them and not decided on, when this case was last open.
        make: Begins a session of edits on masks.
    """

    masks: Mask
    original: Mask
    path: Path
    stamp: int
    version: Version | None
    open_edits: Mapping[int, Key]
    make: Callable[[Mask], Session]

    @cached_property
    def session(self) -> Session:
        """The edits of the masks that stand."""
        made = self.make(self.masks)
        if self.open_edits:
            try:
                made.resume(self.open_edits)
            except CardiacError as error:
                log.warning("edits that were left open do not fit any more: %s", error)
        return made

    @cached_property
    def run(self) -> Session:
        """The masks of the run: its first state, whatever is edited since."""
        return self.session if self.masks is self.original else self.make(self.original)


class OpenCase:
    """One opened case.

    Every method may be called from any thread; they take turns.

    Args:
        run: The run.
        review: Who decided what.
        case: The case, which is not changed.
        editable: Whether edits are kept for the next time, and taken up again.
    """

    def __init__(
        self, run: RunFolder, review: Review, case: OpenedCase, *, editable: bool = True
    ) -> None:
        self.key = secrets.token_hex(8)
        self.run, self.review, self.case, self.editable = run, review, case, editable
        self.lock = threading.RLock()
        self.display = Display.of(case.sequence, 1)
        self.size = shape_within(self.display.shape, SIDE)
        self._images: dict[int, bytes] = {}
        self.standing = self._standing()

    def _standing(self) -> StandingMasks:
        """The masks that stand now."""
        name, original = self.case.id, self.case.masks
        path = self.review.mask_path(name)
        edited = path != self.run.mask_path(name)
        masks = self.run.open_masks(path) if edited else original
        if masks.shape != original.shape:
            raise OutputError("the edited masks are of another size", path=path)
        version = self.review.version(path) if self.editable else None
        kept: Mapping[int, Key] = {}
        self.restored = ""
        if version is not None:
            kept, self.restored = self.review.open_edits(name, version)
        return StandingMasks(masks, original, path, stamp(path), version, kept, self._session)

    @property
    def session(self) -> Session:
        """The edits, from the masks that stand now."""
        return self.standing.session

    def _session(self, masks: Mask) -> Session:
        run = self.run
        return Session(self.case.sequence, masks, profile=run.profile, convention=run.convention)

    @cached_property
    def _map(self) -> FloatArray | None:
        found = self.run.uncertainty(self.case.id)
        fits = found is not None and found.shape == self.case.masks.shape
        return found if fits else None

    def head(self) -> Data:
        """What the player needs before the first frame can be shown."""
        case, display = self.case, self.display
        sequence, count = case.sequence, len(case.sequence)
        pixel = display.pixel_mm
        times = sequence.times
        return {
            "key": self.key,
            "id": case.id,
            "row": case.row,
            "neighbours": self._neighbours(),
            "problem": " ".join(filter(None, [case.problem, case.detail])),
            "blank": case.problem is not None,
            "restored": self.restored,
            "frames": list(range(count)),
            "count": count,
            "size": self.size,
            "pixelMm": None if pixel is None else pixel * display.shape[1] / self.size[1],
            "times": None if times is None else (times - times[0]).round(6).tolist(),
            "ed": serialize.frames(case.row.get("ed_frames")),
            "es": serialize.frames(case.row.get("es_frames")),
            "structures": [
                {"key": key, "title": title, "color": "#{:02x}{:02x}{:02x}".format(*label.color)}
                for key, title, label, _ in STRUCTURES
            ],
            "network": layout.case_file(self.run.folder, case.id).is_file(),
            "map": layout.uncertainty_file(self.run.folder, case.id).is_file(),
        }

    def image(self, frame: int) -> bytes:
        """A frame as WebP."""
        self._check(frame)
        if frame not in self._images:
            grey = self.display.image(self.case.sequence.frames[frame])
            self._images[frame] = webp(small(grey, self.size), QUALITY)
        return self._images[frame]

    def map(self, frame: int) -> bytes:
        """The uncertainty of a frame in grey levels, as WebP.

        Raises:
            NotFoundError: There is none.
        """
        self._check(frame)
        with self.lock:
            planes = self._map
        if planes is None:
            raise NotFoundError("there is no uncertainty map", path=self.case.id)
        size = shape_within(self.display.shape, max(1, max(self.size) // QUARTER))
        return map_webp(planes[frame], self.display, size)

    def lines(self) -> Data:
        """Outlines of all frames: as they are now and, where they differ, the run's."""
        with self.lock:
            masks, original = self.session.masks, self.case.masks
        same = (masks == original).all(axis=(1, 2))
        now = [self._lines(mask) for mask in masks]
        network = serialize.network_lines(self.run.folder, self.case.id, len(masks), self.size)
        return {
            "now": now,
            "run": [
                None if unchanged else self._lines(mask)
                for mask, unchanged in zip(original, same, strict=True)
            ],
            "network": network,
        }

    def state(self, since: set[int] | None = None) -> Data:
        """Everything that an edit can change.

        Args:
            since: Frames whose outlines are wanted; none if None.
        """
        with self.lock:
            session = self.session
            found = serialize.state(session, self.standing.run, self.case)
            found["lines"] = {t: self._lines(session.mask(t)) for t in sorted(since or ())}
            return found

    def sliders(self, frame: int) -> list[Data]:
        """Sliders of a frame."""
        self._check(frame)
        with self.lock:
            return [serialize.slider(one) for one in self.session.sliders(frame)]

    def preview(self, frame: int, wanted: dict[str, float], *, alone: bool) -> Data:
        """What an edit would do."""
        self._check(frame)
        with self.lock:
            found: Preview = self.session.preview(frame, wanted, alone=alone)
        return serialize.preview(found) | {"lines": {frame: self._lines(found.mask)}}

    def change(self, action: str, asked: Data) -> Data:
        """Set, restore, clear, undo or redo; the state afterwards.

        What is set is kept in the run's folder until somebody decides: a page that is loaded
        again, or a server that was killed, loses no edit.

        Raises:
            NotFoundError: There is no such action.
        """
        with self.lock:
            session = self.session
            before = dict(session.state.drawn)
            if action == "set":
                wanted = {str(key): float(value) for key, value in asked["wanted"].items()}
                session.set(int(asked["frame"]), wanted, alone=bool(asked.get("alone")))
            elif action == "restore":
                session.restore(int(asked["frame"]))
            elif action in ("clear", "undo", "redo"):
                getattr(session, action)()
            else:
                raise NotFoundError(f"there is no action {action!r}")
            if self.standing.version is not None:
                with suppress(
                    OutputError
                ):  # a folder that cannot be written can still be looked at
                    self.review.keep_open(self.case.id, self.standing.version, session.state.keys)
            after = session.state.drawn
            touched = {t for t in {*before, *after} if before.get(t) is not after.get(t)}
            return self.state(touched)

    def decide(self, decision: str, note: str, who: str, *, uncertified: bool = False) -> Data:
        """Write a decision down and open the masks that stand from now on.

        Args:
            decision: What was decided; accepting edited masks saves the edit.
            note, who: In the reviewer's words, and the reviewer.
            uncertified: Whether the reviewer knows that the edited masks have no certificate.

        Raises:
            OutputError: The masks were changed by somebody else meanwhile.
            SettingsError: The edited masks have no certificate, and nobody was asked.
        """
        with self.lock:
            path = self.review.mask_path(self.case.id)
            if (self.standing.path, self.standing.stamp) != (path, stamp(path)):
                raise OutputError(
                    "the masks have changed since this page was loaded; nothing was decided.",
                    hint="Load it again.",
                )
            edited = self.session if self.session.changed.any() else None
            if decision == Decision.ACCEPT and edited is not None:
                decision = Decision.EDIT
                certificate = edited.state.certificate
                if not (certificate.certified or uncertified):
                    raise SettingsError(
                        f"the edited masks are not certified ({certificate.reason}).",
                        hint="Confirm that they are to be saved all the same.",
                    )
            self.review.decide(self.case, decision, note, edited, who)
            if decision in (Decision.EDIT, Decision.WITHDRAW):
                self.standing = self._standing()
            return {"decision": str(decision)}

    def history(self) -> list[Data]:
        """Decisions on the case, oldest first."""
        return [serialize.decision(entry) for entry in self.review.history(self.case.id)]

    def _neighbours(self) -> Data:
        """The cases before and after this one that have masks, in the order of the run."""
        names = [row["id"] for row in self.run.rows if row["status"] == Status.OK]
        at = names.index(self.case.id)
        return {
            "previous": names[at - 1] if at else None,
            "next": names[at + 1] if at + 1 < len(names) else None,
        }

    def _lines(self, mask: Mask) -> Any:
        return outlines(mask, self.display, self.size, STEP)

    def _check(self, frame: int) -> None:
        if not 0 <= frame < len(self.case.sequence):
            raise NotFoundError(f"there is no frame {frame}", path=self.case.id)


def stamp(path: Path) -> int:
    """When a file was written; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


class OpenCases:
    """The cases that are open, and those that were read for them.

    Args:
        run: The run.
        review: Who decided what.
        editable: Whether they are edited, or only looked at.
    """

    def __init__(self, run: RunFolder, review: Review, *, editable: bool = True) -> None:
        self.run, self.review, self._editable = run, review, editable
        self._open: OrderedDict[str, OpenCase] = OrderedDict()
        self._lock = threading.Lock()
        self._asked = -QUIET_S
        self._cases: OrderedDict[str, Future[OpenedCase]] = OrderedDict()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")

    @property
    def in_use(self) -> bool:
        """Whether somebody worked on a case a moment ago."""
        return time.monotonic() - self._asked < QUIET_S

    def warm_up(self) -> None:
        """Load what the first case would otherwise wait for."""
        with suppress(CardiacError, StopIteration):
            first = next(row["id"] for row in self.run.rows if row["status"] == Status.OK)
            case = OpenCase(self.run, self.review, self.read(first).result(), editable=False)
            case.sliders(0)

    def read(self, name: str) -> Future[OpenedCase]:
        """Begin to read a case, if it is not among the last that were."""
        key = name
        with suppress(NotFoundError):
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

    def open(self, name: str) -> OpenCase:
        """Open a case.

        Raises:
            CardiacError: It cannot be opened.
        """
        opened = self.read(name).result()
        case = OpenCase(self.run, self.review, opened, editable=self._editable)
        with self._lock:
            self._open[case.key] = case
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return case

    def __getitem__(self, key: str) -> OpenCase:
        with self._lock:
            self._asked = time.monotonic()
            case = self._open.get(key)
            if case is None:
                raise OutputError(
                    "this case was closed, because others were opened.", hint="Load the page again."
                )
            self._open.move_to_end(key)
            return case
