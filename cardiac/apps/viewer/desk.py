"""A case on the desk: its images, outlines and edits, as the page asks for them."""

from __future__ import annotations

import secrets
import threading
from functools import cached_property
from pathlib import Path
from typing import Any

from cardiac.apps.viewer import words
from cardiac.apps.viewer.editing import Preview, Review, Session
from cardiac.apps.viewer.network import network_lines
from cardiac.errors import NotFoundError, OutputError
from cardiac.geometry import FloatArray, Mask
from cardiac.report.display import Display
from cardiac.report.page.images import QUARTER, map_webp, shape_within, small, webp
from cardiac.report.page.lines import STRUCTURES, outlines
from cardiac.results import OpenedCase, RunFolder, layout
from cardiac.types import Data

SIDE, QUALITY = 720, 82
"""Longest side of a frame on the page in pixels, and how well it is kept."""
STEP = 2.5
"""Pixels between points of an outline."""


class Desk:
    """One opened case.

    Every method may be called from any thread; they take turns.

    Args:
        run: The run.
        review: Who decided what.
        case: The case, which is not changed.
    """

    def __init__(self, run: RunFolder, review: Review, case: OpenedCase) -> None:
        self.key = secrets.token_hex(8)
        self.run, self.review, self.case = run, review, case
        self.lock = threading.RLock()
        self.display = Display.of(case.sequence, 1)
        self.size = shape_within(self.display.shape, SIDE)
        self._images: dict[int, bytes] = {}
        self._open()

    def _open(self) -> None:
        """Lay out the masks that hold now."""
        version = self.review.mask_path(self.case.id)
        self._shown = version, stamp(version)
        edited = version != self.run.mask_path(self.case.id)
        self.start: Mask = self.run.open_masks(version) if edited else self.case.masks
        if self.start.shape != self.case.masks.shape:
            raise OutputError("the edited masks are of another size", path=version)
        for made in ("session", "before"):
            self.__dict__.pop(made, None)

    @cached_property
    def session(self) -> Session:
        """The edits, from the masks that hold now."""
        return self._session(self.start)

    @cached_property
    def before(self) -> Session:
        """The masks of the run."""
        same = self.start is self.case.masks
        return self.session if same else self._session(self.case.masks)

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
            "desk": self.key,
            "id": case.id,
            "row": case.row,
            "neighbours": self._neighbours(),
            "problem": " ".join(filter(None, [case.problem, case.detail])),
            "blank": bool(case),
            "frames": list(range(count)),
            "count": count,
            "size": self.size,
            "pixelMm": None if pixel is None else pixel * display.shape[1] / self.size[1],
            "times": None if times is None else (times - times[0]).round(6).tolist(),
            "ed": words.frames(case.row.get("ed_frames")),
            "es": words.frames(case.row.get("es_frames")),
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
            OutputError: There is none.
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
        return {
            "now": now,
            "run": [
                None if unchanged else self._lines(mask)
                for mask, unchanged in zip(original, same, strict=True)
            ],
            "network": network_lines(self.run.folder, self.case.id, len(masks), self.size),
        }

    def state(self, since: set[int] | None = None) -> Data:
        """Everything that an edit can change.

        Args:
            since: Frames whose outlines are wanted; none if None.
        """
        with self.lock:
            session = self.session
            told = words.state(session, self.before, self.case)
            told["lines"] = {t: self._lines(session.mask(t)) for t in sorted(since or ())}
            return told

    def sliders(self, frame: int) -> list[Data]:
        """Sliders of a frame."""
        self._check(frame)
        with self.lock:
            return [words.slider(one) for one in self.session.sliders(frame)]

    def preview(self, frame: int, wanted: dict[str, float], *, alone: bool) -> Data:
        """What an edit would do."""
        self._check(frame)
        with self.lock:
            found: Preview = self.session.preview(frame, wanted, alone=alone)
        return words.preview(found) | {"lines": {frame: self._lines(found.mask)}}

    def change(self, action: str, told: Data) -> Data:
        """Set, restore, clear, undo or redo; the state afterwards.

        Raises:
            OutputError: There is no such action.
        """
        with self.lock:
            session = self.session
            before = dict(session.state.drawn)
            if action == "set":
                wanted = {str(key): float(value) for key, value in told["wanted"].items()}
                session.set(int(told["frame"]), wanted, alone=bool(told.get("alone")))
            elif action == "restore":
                session.restore(int(told["frame"]))
            elif action in ("clear", "undo", "redo"):
                getattr(session, action)()
            else:
                raise NotFoundError(f"there is no action {action!r}")
            after = session.state.drawn
            touched = {t for t in {*before, *after} if before.get(t) is not after.get(t)}
            return self.state(touched)

    def decide(self, decision: str, note: str, who: str) -> Data:
        """Write a decision down and open the masks that hold from now on."""
        with self.lock:
            version = self.review.mask_path(self.case.id)
            if self._shown != (version, stamp(version)):
                raise OutputError(
                    "the masks have changed since this page was loaded; nothing was decided.",
                    hint="Load it again.",
                )
            edited = self.session if self.session.changed.any() else None
            if decision == "accept" and edited is not None:
                decision = "edit"
            self.review.decide(self.case, decision, note, edited, who)
            if decision in ("edit", "withdraw"):
                self._open()
            return {"decision": decision}

    def history(self) -> list[Data]:
        """Decisions on the case, oldest first."""
        return [words.decision(entry) for entry in self.review.history(self.case.id)]

    def _neighbours(self) -> Data:
        """The cases before and after this one that have masks, in the order of the run."""
        names = [row["id"] for row in self.run.rows if row["status"] == "ok"]
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
