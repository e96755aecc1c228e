"""Masks in, certified masks out: three strategies tried in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cardiac.anatomy import PUBLISHED, Profile
from cardiac.anatomy.frame import LA, LV, MYO, as_masks
from cardiac.anatomy.overlap import REGIONS, dice, region
from cardiac.correction.certificate import Certificate
from cardiac.correction.certify import Constraints, Measured, certify
from cardiac.correction.changes import Changes, changes_between
from cardiac.correction.fit import OutlineGrid, fit_outlines, reconstructible
from cardiac.correction.motion import fit_motion, smoothness_at
from cardiac.correction.redraw import Drawing, Drawn, redraw_all, redraw_some
from cardiac.correction.repair import repair_frame
from cardiac.errors import SettingsError
from cardiac.geometry import Mask, Spacing
from cardiac.labels import Label
from cardiac.reasons import Reason
from cardiac.shape.outline import ATRIUM, WALL
from cardiac.shape.weights import ShapeBundle, load_shape_model
from cardiac.states import Action
from cardiac.types import Array, BoolArray

NO_HEART = Reason("no_heart", "no heart can be made out")
LEAST_SEEN = 0.25
"""Fraction of the frames in which each structure must be seen for the others to be filled in."""
REPLACED = 0.5
"""Robust weight of a frame below which what is drawn is not its own outline any more."""
LEAST_KEPT = 0.4
"""Fraction of frames below which it is not worth keeping their pixels."""
IMPLAUSIBLE_WEIGHT = 0.1
"""Weight of a frame whose shape experts do not draw."""
FAR, ELSEWHERE, MOSTLY = 0.75, 0.5, 0.5
"""Dice with the masks that came in below which a frame is another, Dice of one structure below
which it lies elsewhere, and the fraction of such frames above which the result is not what was
seen."""


@dataclass(frozen=True, eq=False, slots=True)
class Correction:
    """Corrected masks and how they came about.

    Attributes:
        masks: (T, H, W) labels; the input itself, bit by bit, where it was certified.
        before: Certificate of the input.
        after: Certificate of ``masks``, with what was done to every frame.
    """

    masks: Mask
    before: Certificate
    after: Certificate

    @property
    def changed(self) -> bool:
        """Whether any pixel is another."""
        return self.after.changes is not None and set(self.after.changes.actions) != {Action.KEPT}


def correct_masks(
    masks: npt.ArrayLike,
    spacing: Spacing | None = None,
    frame_interval_s: float | None = None,
    *,
    shapes: ShapeBundle | None = None,
    weights: npt.ArrayLike | None = None,
    profile: Profile = PUBLISHED,
    atrium: bool = True,
    view: str | None = None,
    mirrored: bool | None = None,
) -> Correction:
    """Make masks anatomically valid, plausible and temporally consistent, and certify them.

    Masks that are certified as they are come back bit-identical. Otherwise the labels of
    invalid frames are repaired where a small change will do. If that is not enough, the
    outlines of all frames are brought to a smooth motion in which outliers in time and shapes
    that are no heart's weigh little, its attributes are held within the temporal bounds
    exactly, and frames are drawn anew. What would no longer resemble the masks that came in is
    not certified. The result depends on nothing but the arguments.

    Args:
        masks: (H, W) or (T, H, W) labels from any source.
        spacing: (row, column) pixel size in mm, or None.
        frame_interval_s: Seconds between frames, or None: the temporal bounds are then
            those at 20 ms. They do not apply to fewer than three frames.
        shapes: Shape model and bank; the shipped ones if None.
        weights: (T,) from 0 to 1, how much each frame counts, such as 1 less its uncertainty.
        profile: Bounds of the criteria. What keeps ``published`` keeps ``camus`` too.
        atrium: Whether an atrium is expected; False for masks of a tool that draws none.
        view: "A4C" or "A2C" where it is known.
        mirrored: Whether the picture is mirrored, where it is known.

    Returns:
        Masks and certificates. Masks that cannot be certified are returned with the reason
        in ``after.reason``.

    Raises:
        GeometryError, InvalidPixelsError: The masks are no label maps.
        SettingsError: The weights are not one per frame from 0 to 1.
        WeightsError: There is no shape model.
    """
    frames = as_masks(masks)
    before = certify(
        frames, spacing, frame_interval_s, profile, atrium=atrium, view=view, mirrored=mirrored
    )
    constraints = Constraints(spacing, frame_interval_s, profile, atrium, view, mirrored)
    case = _Case(frames, before, constraints, _checked(weights, len(frames)), shapes)
    if before.certified:
        return case.finished(frames, before)
    for strategy in STRATEGIES:
        attempt = strategy(case)
        if attempt is None:
            continue
        done = case.finished(attempt.masks, attempt.certificate, attempt.actions)
        if done.after.certified:
            return done
    return case.uncertified(done)


class Attempt(NamedTuple):
    """What a strategy made of the masks.

    Attributes:
        masks: (T, H, W) labels.
        certificate: Of them.
        actions: (T,) what was done to frames that changed.
    """

    masks: Mask
    certificate: Certificate
    actions: npt.NDArray[np.str_]


class _Case:
    """Masks to be corrected, and what is known of them once somebody asks.

    Args:
        frames: (T, H, W) as they came.
        before: Their certificate.
        constraints: What to keep to.
        weights: (T,) how much each frame counts.
        shapes: Shape model and bank; the shipped ones if None.
    """

    def __init__(
        self,
        frames: Mask,
        before: Certificate,
        constraints: Constraints,
        weights: Array,
        shapes: ShapeBundle | None,
    ) -> None:
        self.frames, self.before, self.constraints = frames, before, constraints
        self.weights = weights
        self.drawing = Drawing(
            OutlineGrid((frames.shape[1], frames.shape[2]), constraints.spacing),
            constraints,
            shapes or load_shape_model(),
        )

    @cached_property
    def invalid(self) -> BoolArray:
        """(T,) frames that break a criterion other than that of plausible shape."""
        return np.asarray(~self.before.criteria.valid.all(axis=1))

    @cached_property
    def repaired(self) -> Drawn:
        """The masks with the labels of invalid frames repaired."""
        masks, constraints = self.frames.copy(), self.constraints
        for t in np.flatnonzero(self.invalid):
            masks[t] = repair_frame(masks[t], constraints.profile, constraints.spacing)
        before = self.before
        measured = Measured(
            before.criteria.values, before.attributes, before.shape_distance, before.grid
        )
        measured = constraints.measured(masks, measured, self.invalid)
        return Drawn(masks, measured, constraints.certificate(measured))

    @cached_property
    def seen(self) -> dict[str, float]:
        """Fraction of the frames that show each structure that is expected."""
        labels = (LV, MYO, LA) if self.constraints.atrium else (LV, MYO)
        return {
            Label(label).title: float((self.frames == label).any(axis=(1, 2)).mean())
            for label in labels
        }

    @cached_property
    def fitted(self) -> tuple[Array, Array]:
        """Smooth motion (T, POINTS, 2) of the outlines, and the robust weight (T,) of each."""
        drawing, constraints = self.drawing, self.constraints
        found = fit_outlines(drawing.grid, self.frames, self.repaired.masks, drawing.shapes.model)
        # What breaks other criteria has been weighed by its repair and its fit already.
        implausible = self.before.implausible & ~self.invalid
        if implausible.all():
            implausible = np.zeros_like(implausible)  # none is better than the others
        weights = found.weights * self.weights * np.where(implausible, IMPLAUSIBLE_WEIGHT, 1.0)
        points = np.repeat(weights[:, None], found.outlines.shape[1], axis=1)
        smoothness = smoothness_at(constraints.frame_interval_s)
        motion, robust = fit_motion(found.outlines, points, smoothness)
        if not constraints.atrium:
            # Inside the cavity, where nothing of it is drawn.
            motion[:, ATRIUM] = motion[:, WALL].mean(axis=1, keepdims=True)
            robust = robust[:, : ATRIUM.start]
        return motion, (points[:, :1] * robust).mean(axis=1)

    @cached_property
    def drawable(self) -> bool:
        """Whether every structure was seen, and a heart can be made out in all frames."""
        return all(self.seen.values()) and bool(reconstructible(self.fitted[0]).all())

    def outliers(self, changed: BoolArray) -> BoolArray:
        """(T,) frames to change beside others, so that each inconsistency has one of them in it.

        Of three frames in a row the middle one of the largest inconsistency is taken first.
        """
        held, found = self.before.consistency, np.zeros_like(changed)
        with np.errstate(invalid="ignore"):
            excess = np.nan_to_num(np.abs(held.deviation) / held.bound).max(axis=1)
        while True:
            near = np.pad(changed | found, 1)
            near = near[:-2] | near[1:-1] | near[2:]
            open_ = ~(self.before.consistent | near)
            if not open_.any():
                return found
            found[np.where(open_, excess, -1.0).argmax()] = True

    def finished(
        self,
        masks: Mask,
        certificate: Certificate,
        actions: npt.NDArray[np.str_] | Action = Action.KEPT,
    ) -> Correction:
        """Masks with their certificates; ``actions`` is what was done to frames that changed."""
        same = (masks == self.frames).all(axis=(1, 2))
        done = np.where(same, Action.KEPT, actions).tolist()
        changes = changes_between(self.frames, masks, done, self.constraints.spacing)
        rewritten = _rewritten(self.frames, masks, changes)
        objections = (*certificate.objections, *self._seldom_seen(), *rewritten)
        return Correction(
            masks, self.before, replace(certificate, changes=changes, objections=objections)
        )

    def uncertified(self, last: Correction) -> Correction:
        """What to write where no strategy succeeded, with the reasons."""
        if not self.drawable and all(self.seen.values()):
            objections = (*last.after.objections, NO_HEART)
            return replace(last, after=replace(last.after, objections=objections))
        return last

    def _seldom_seen(self) -> list[Reason]:
        """Structures that were seen too seldom to be filled in."""
        return [
            Reason("structure_seldom_seen", f"only {seen:.0%} of the frames show the {name}")
            if seen
            else Reason("structure_never_seen", f"no {name} in any frame")
            for name, seen in self.seen.items()
            if seen < LEAST_SEEN
        ]


def repair(case: _Case) -> Attempt:
    """Strategy 1: labels of invalid frames repaired in place."""
    masks, _, certificate = case.repaired
    return Attempt(masks, certificate, np.full(len(masks), Action.REPAIRED))


def patch(case: _Case) -> Attempt | None:
    """Strategy 2: some frames drawn anew between others that keep their pixels."""
    if not case.drawable:
        return None
    motion, weight = case.fitted
    replaced = weight < REPLACED
    replaced |= case.outliers(replaced | ~case.before.valid)
    keep = ~replaced & case.repaired.certificate.valid
    if np.count_nonzero(keep) < LEAST_KEPT * len(keep):
        return None
    drawn = redraw_some(motion, case.repaired, keep, case.drawing)
    return drawn and _attempt(drawn, keep, replaced)


def redraw(case: _Case) -> Attempt | None:
    """Strategy 3: all frames drawn along the smooth motion."""
    if not case.drawable:
        return None
    motion, weight = case.fitted
    drawn = redraw_all(motion, weight, case.drawing)
    return _attempt(case.drawing.complete(drawn), np.zeros(len(motion), bool), weight < REPLACED)


STRATEGIES: tuple[Callable[[_Case], Attempt | None], ...] = (repair, patch, redraw)


def _attempt(drawn: Drawn, keep: BoolArray, replaced: BoolArray) -> Attempt:
    actions = np.select([keep, replaced], [Action.REPAIRED, Action.REPLACED], Action.MOVED)
    return Attempt(drawn.masks, drawn.certificate, actions)


def _rewritten(before: Mask, after: Mask, changes: Changes) -> list[Reason]:
    """The reason against masks of which most are no longer what was seen."""
    other = np.asarray(changes.dice < FAR)
    for t in np.flatnonzero(~other & (changes.dice < 1)):
        # A structure that was seen nowhere contradicts nothing.
        seen = [name for name in REGIONS if region(before[t], name).any()]
        overlaps = [dice(region(before[t], name), region(after[t], name)) for name in seen]
        other[t] = min(overlap or 0.0 for overlap in overlaps) < ELSEWHERE
    if other.mean() <= MOSTLY:
        return []
    text = f"{other.mean():.0%} of the frames had to be drawn unlike what was seen in them"
    return [Reason("mostly_rewritten", text)]


def _checked(weights: npt.ArrayLike | None, count: int) -> Array:
    if weights is None:
        return np.ones(count)
    array = np.asarray(weights, dtype=float)
    if array.shape != (count,) or not ((array >= 0) & (array <= 1)).all():
        raise SettingsError(f"weights must be {count} numbers from 0 to 1, one for each frame")
    return array
