"""Masks in, certified masks out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from cardiac.anatomy import PUBLISHED, Profile
from cardiac.anatomy.frame import LA, LV, MYO, as_masks
from cardiac.correction.canvas import Canvas
from cardiac.correction.certificate import Certificate, Measured, certify, changes_between
from cardiac.correction.observe import Observations, observe
from cardiac.correction.plausible import drawable
from cardiac.correction.redraw import Redrawn, patch, redraw
from cardiac.correction.repair import repair_frame
from cardiac.correction.robust import fit_motion, smoothness_at
from cardiac.correction.terms import Terms
from cardiac.errors import SettingsError
from cardiac.geometry import Mask, Spacing
from cardiac.labels import Label
from cardiac.reasons import Reason
from cardiac.shape.outline import ATRIUM, WALL
from cardiac.shape.weights import ShapeBundle, load_shape_model
from cardiac.types import Array, BoolArray

NO_HEART = Reason("no_heart", "no heart can be made out")
LEAST_SEEN = 0.25
"""Share of the frames in which each structure must be seen for the others to be filled in."""
REPLACED = 0.5
"""Belief in a frame below which what is drawn is not its own outline any more."""


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
        return self.after.changes is not None and set(self.after.changes.actions) != {"kept"}


def correct_masks(
    masks: npt.ArrayLike,
    spacing: Spacing | None = None,
    frame_interval_s: float | None = None,
    *,
    shapes: ShapeBundle | None = None,
    weights: npt.ArrayLike | None = None,
    profile: Profile = PUBLISHED,
    atrium: bool | None = None,
) -> Correction:
    """Make masks anatomically valid and steady in time, and certify them.

    Masks that are certified as they are come back bit-identical. Otherwise the labels of
    invalid frames are repaired where a small change will do. If that is not enough, the
    outlines of all frames are brought to a smooth motion that outliers in time and shapes
    that are no heart's have little say in, its attributes are held within the temporal
    bounds exactly, and frames are drawn anew. The result depends on nothing but the arguments.

    Args:
        masks: (H, W) or (T, H, W) labels from any source.
        spacing: (row, column) pixel size in mm, or None.
        frame_interval_s: Seconds between frames, or None: the temporal bounds are then
            those at 20 ms. They do not apply to fewer than three frames.
        shapes: Shape model and bank; the shipped ones if None.
        weights: (T,) from 0 to 1, how far each frame is to be believed, such as 1 less its
            uncertainty.
        profile: Bounds of the criteria. What keeps ``published`` keeps ``camus`` too.
        atrium: Whether an atrium is expected; None: if any frame has one.

    Returns:
        Masks and certificates. Masks that cannot be certified are returned with the reason
        in ``after.reason``.

    Raises:
        GeometryError, InvalidPixelsError: The masks are no label maps.
        SettingsError: The weights are not one per frame from 0 to 1.
        WeightsError: There is no shape model.
    """
    frames = as_masks(masks)
    before = certify(frames, spacing, frame_interval_s, profile, atrium=atrium)
    terms = Terms(spacing, frame_interval_s, profile, before.atrium)
    given = _checked(weights, len(frames))
    if before.certified:
        return _finished(frames, frames, before, before, terms)
    shares = _shares(frames, atrium=before.atrium)
    repaired = _repaired(frames, before, profile)
    mended = _Mended(repaired, before, terms)
    if mended.may_do(~before.valid) or not all(shares.values()):
        after = mended.redrawn.certificate
        if after.certified or not all(shares.values()):
            after = _objecting(after, shares)
            return _finished(frames, repaired, before, after, terms, action="repaired")
    shapes = shapes or _shipped()
    canvas = Canvas((frames.shape[1], frames.shape[2]), spacing)
    seen = observe(canvas, frames, repaired, shapes.model)
    motion, belief = _motion(seen, given, frame_interval_s, atrium=before.atrium)
    if not drawable(motion).all():
        after = replace(mended.redrawn.certificate, objections=(NO_HEART,))
        return _finished(frames, repaired, before, after, terms, action="repaired")
    replaced = belief < REPLACED
    drawn, keep = None, np.zeros(len(frames), dtype=bool)
    if mended.may_do(replaced | ~before.valid):
        keep = ~replaced & mended.redrawn.certificate.valid
        drawn = patch(motion, mended.redrawn, keep, canvas=canvas, terms=terms, shapes=shapes)
    if drawn is None:
        drawn, keep = redraw(motion, belief, canvas, terms, shapes), ~np.ones_like(keep)
    after = _objecting(drawn.certificate, shares)
    action = np.select([keep, replaced], ["repaired", "replaced"], "moved")
    return _finished(frames, drawn.masks, before, after, terms, action=action)


class _Mended:
    """Repaired masks, measured when somebody asks."""

    def __init__(self, masks: Mask, before: Certificate, terms: Terms) -> None:
        self.masks, self.before, self.terms = masks, before, terms

    @cached_property
    def redrawn(self) -> Redrawn:
        """The masks and their certificate."""
        before = self.before
        measured = Measured(before.criteria.values, before.attributes, before.atrium)
        measured = self.terms.measured(self.masks, measured, ~before.valid)
        return Redrawn(self.masks, measured, self.terms.certificate(measured))

    def may_do(self, changed: BoolArray) -> bool:
        """Whether changing some frames (T,) can be enough: each bad bend has one of them in it."""
        near = np.pad(changed, 1)
        near = near[:-2] | near[1:-1] | near[2:]
        return bool((self.before.consistent | near).all())


def _motion(
    seen: Observations, given: Array, frame_interval_s: float | None, *, atrium: bool
) -> tuple[Array, Array]:
    """Smooth motion of the outlines, and how far each frame (T,) was believed."""
    trust = np.repeat((seen.trust * given)[:, None], seen.outlines.shape[1], axis=1)
    motion, belief = fit_motion(seen.outlines, trust, smoothness_at(frame_interval_s))
    if not atrium:
        # Inside the cavity, where nothing of it is drawn.
        motion[:, ATRIUM] = motion[:, WALL].mean(axis=1, keepdims=True)
        belief = belief[:, : ATRIUM.start]
    return motion, (trust[:, :1] * belief).mean(axis=1)


@cache
def _shipped() -> ShapeBundle:
    return load_shape_model()


def _checked(weights: npt.ArrayLike | None, count: int) -> Array:
    if weights is None:
        return np.ones(count)
    array = np.asarray(weights, dtype=float)
    if array.shape != (count,) or not ((array >= 0) & (array <= 1)).all():
        raise SettingsError(f"weights must be {count} numbers from 0 to 1, one for each frame")
    return array


def _repaired(frames: Mask, before: Certificate, profile: Profile) -> Mask:
    """Masks with the labels of invalid frames repaired."""
    repaired = frames.copy()
    for t in np.flatnonzero(~before.valid):
        repaired[t] = repair_frame(frames[t], profile)
    return repaired


def _shares(frames: Mask, *, atrium: bool) -> dict[str, float]:
    """Share of the frames that show each structure that is expected."""
    labels = (LV, MYO, LA) if atrium else (LV, MYO)
    return {
        Label(label).title: float((frames == label).any(axis=(1, 2)).mean()) for label in labels
    }


def _objecting(after: Certificate, shares: dict[str, float]) -> Certificate:
    """The certificate, refused where a structure was seen too seldom to be filled in."""
    objections = [
        Reason(
            "structure_seldom_seen" if share else "structure_never_seen",
            f"only {share:.0%} of the frames show the {name}"
            if share
            else f"no {name} in any frame",
        )
        for name, share in shares.items()
        if share < LEAST_SEEN
    ]
    return replace(after, objections=tuple(objections))


def _finished(
    frames: Mask,
    masks: Mask,
    before: Certificate,
    after: Certificate,
    terms: Terms,
    *,
    action: str | npt.NDArray[np.str_] = "kept",
) -> Correction:
    """Masks with their certificates; ``action`` is what was done to frames that changed."""
    same = (masks == frames).all(axis=(1, 2))
    actions = np.where(same, "kept", action).tolist()
    changes = changes_between(frames, masks, actions, terms.spacing)
    return Correction(masks, before, replace(after, changes=changes))
