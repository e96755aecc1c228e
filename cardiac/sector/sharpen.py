"""Edges and arcs of a sector moved to where the picture falls off, to a fraction of a pixel.

Each border is looked at in short segments. A segment tells its place, where levels fall to half
on the way out; the border goes through the places that most segments agree on, so that dark
stretches, text and traces that cross it do not count.
"""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from cardiac.sector.geometry import SectorGeometry

Floats = npt.NDArray[np.float64]
_SEGMENTS = 12
_ALONG = 12
"""Samples along a segment."""
_RUN = 4
"""Samples in a row that are below half, for the border to be there."""
_STEEPEST = 0.25
_LEAST = 0.3
"""Part of the segments that agree at least, for a border to be moved."""


def sharpened(
    geometry: SectorGeometry,
    picture: npt.NDArray[np.uint8],
    reach: float,
    contrast: float = 2.0,
) -> SectorGeometry:
    """Move each border to the step between inside and outside, if it has one.

    Args:
        geometry: A sector, right to some pixels.
        picture: (H, W) uint8 that it lies in: how far each level is from the background.
        reach: How far a border may move, in pixels.
        contrast: Least level of the inside.
    """
    profiles = _Profiles(picture, reach, contrast)
    return _arcs(_edges(geometry, profiles), profiles)


def _edges(geometry: SectorGeometry, profiles: _Profiles) -> SectorGeometry:
    """Both edges moved, and the apex to where they meet."""
    assert geometry.apex is not None
    near, far = geometry.radii
    apex = np.array(geometry.apex)
    lines = []
    for side, angle in zip((-1.0, 1.0), geometry.edges, strict=True):
        ray = np.array([math.cos(angle), math.sin(angle)])
        normal = side * np.array([-ray[1], ray[0]])
        span = near + (far - near) * np.linspace(0.06, 0.97, _SEGMENTS * _ALONG)
        steps = profiles.steps(geometry, apex + span[:, None] * ray, normal[None])
        middle = span.reshape(_SEGMENTS, _ALONG).mean(axis=1)
        line = _line_through(middle, steps, profiles.tolerance)
        if line is None:
            lines.append((apex, ray))
            continue
        slope, offset = line
        direction = ray + slope * normal
        lines.append((apex + offset * normal, direction / np.hypot(*direction)))
    (p, u), (q, v) = lines
    cross = u[0] * v[1] - u[1] * v[0]
    if abs(cross) < 0.1:
        return geometry
    moved = p + u * ((q - p)[0] * v[1] - (q - p)[1] * v[0]) / cross
    left, right = math.atan2(u[1], u[0]), math.atan2(v[1], v[0])
    # The arcs stay where they are on the axis while the apex moves.
    axis = np.array([math.cos((left + right) / 2), math.sin((left + right) / 2)])
    shift = float((apex - moved) @ axis)
    radii = (max(0.0, near + shift) if near else 0.0, far + shift)
    if not left < right or radii[0] >= radii[1] or np.hypot(*(moved - apex)) > 0.5 * far:
        return geometry
    return replace(
        geometry, apex=(float(moved[0]), float(moved[1])), edges=(left, right), radii=radii
    )


def _line_through(at: Floats, steps: Floats, tolerance: float) -> tuple[float, float] | None:
    """Slope and offset at 0 of the line that most steps (NaN where there is none) lie on."""
    known = np.flatnonzero(np.isfinite(steps))
    if len(known) < _LEAST * len(steps):
        return None
    x, y = at[known], steps[known]
    i, j = np.triu_indices(len(x), 3)
    if not len(i):
        return None
    slope = (y[j] - y[i]) / (x[j] - x[i])
    i, slope = i[np.abs(slope) < _STEEPEST], slope[np.abs(slope) < _STEEPEST]
    if not len(i):
        return None
    misses = np.abs(y[i][:, None] + slope[:, None] * (x - x[i][:, None]) - y)
    votes = np.clip(1 - (misses / tolerance) ** 2, 0, None).sum(axis=1)
    near = misses[int(votes.argmax())] < tolerance
    if near.sum() < max(3, _LEAST * len(steps)):
        return None
    if np.ptp(x[near]) < 0.25 * np.ptp(at):
        return 0.0, float(y[near].mean())
    fitted = np.polyfit(x[near], y[near], 1)
    return float(fitted[0]), float(fitted[1])


def _arcs(geometry: SectorGeometry, profiles: _Profiles) -> SectorGeometry:
    """Each radius moved to where most segments of the arc have their step."""
    assert geometry.apex is not None
    radii = list(geometry.radii)
    left, right = geometry.edges
    angle = left + (right - left) * np.linspace(0.04, 0.96, _SEGMENTS * _ALONG)
    ray = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    for n, outward in ((0, -1.0), (1, 1.0)):
        if n == 0 and radii[0] == 0:
            continue
        steps = profiles.steps(geometry, np.array(geometry.apex) + radii[n] * ray, outward * ray)
        known = steps[np.isfinite(steps)]
        if len(known) < _LEAST * _SEGMENTS:
            continue
        misses = np.abs(known[:, None] - known)
        near = misses[int((misses < profiles.tolerance).sum(axis=1).argmax())] < profiles.tolerance
        if near.sum() >= max(3, _LEAST * _SEGMENTS):
            radii[n] += outward * float(known[near].mean())
    if not 0 <= radii[0] < radii[1]:
        return geometry
    return replace(geometry, radii=(radii[0], radii[1]))


class _Profiles:
    """Looks across borders of a picture."""

    def __init__(self, picture: npt.NDArray[np.uint8], reach: float, contrast: float) -> None:
        self.picture, self.reach, self.contrast = picture, reach, contrast
        self.pitch = max(0.5, reach / 12)
        self.offsets = np.arange(-2 * reach, 2 * reach + self.pitch / 2, self.pitch)

    @property
    def tolerance(self) -> float:
        """Distance within which two segments agree, in pixels."""
        return max(1.0, 0.25 * self.reach)

    def steps(self, geometry: SectorGeometry, line: Floats, normal: Floats) -> Floats:
        """(segments,) how far along the normal the picture falls off; NaN where it does not.

        Args:
            geometry: Gives the clip, beyond which nothing is seen.
            line: (segments · along, 2) points on the border.
            normal: (1 or segments · along, 2) unit vectors that point outwards.
        """
        clip = geometry.clip
        at = line[None] + self.offsets[:, None, None] * normal
        free = (
            (line[:, 0] >= clip.top + self.reach / 2)
            & (line[:, 0] <= clip.bottom - 1 - self.reach / 2)
            & (line[:, 1] >= clip.left + self.reach / 2)
            & (line[:, 1] <= clip.right - 1 - self.reach / 2)
        )
        at = at.astype(np.float32)
        values = cv2.remap(
            self.picture, at[..., 1], at[..., 0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        profile = values.reshape(len(self.offsets), _SEGMENTS, -1).mean(axis=2, dtype=np.float32)
        n = len(profile)
        level = np.median(profile[: n // 2], axis=0)
        below = (profile < 0.5 * level).astype(np.float32)
        # The first run below half, from the inside: what is drawn along a border comes later.
        total = np.concatenate([np.zeros((1, below.shape[1])), below.cumsum(axis=0)])
        run = total[_RUN:] - total[:-_RUN] >= _RUN
        run[: n // 4] = False
        steps = self.offsets[run.argmax(axis=0)] - self.pitch / 2
        good = run.any(axis=0) & (level >= self.contrast) & (np.abs(steps) <= self.reach)
        good &= free.reshape(_SEGMENTS, -1).mean(axis=1) > 0.7
        return np.where(good, steps, np.nan)
