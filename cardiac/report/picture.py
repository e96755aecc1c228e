"""The one-page picture of a sequence: ED and ES with outlines, and the curve between them."""

from __future__ import annotations

from collections.abc import Sequence as Row
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError
from cardiac.geometry import Mask
from cardiac.io.files import replacing
from cardiac.report.curve import draw_curve
from cardiac.report.display import Display, check_masks
from cardiac.report.sheet import Page
from cardiac.report.still import captions, make_still
from cardiac.sequence import EchoSequence

Floats = npt.NDArray[np.floating[Any]]


def draw_picture(
    path: str | Path,
    sequence: EchoSequence,
    masks: Mask,
    *,
    title: str,
    subtitle: Row[str] = (),
    curve: Floats | None = None,
    curve_label: str = "",
    ed_frames: Row[int] = (),
    es_frames: Row[int] = (),
    landmarks: Floats | None = None,
    uncertainty: npt.NDArray[Any] | None = None,
) -> None:
    """Write a PNG with the ED frame, the ES frame and the curve of one index.

    The first ED frame is shown with the first ES frame after it; a missing phase is left out,
    and without either the first frame is shown. The same input gives the same bytes.

    Args:
        path: Where to write; an existing file is replaced only by a whole one.
        sequence: T frames of (H, W).
        masks: (T, H, W) label maps on the frames' grid.
        title: First line, such as the id and the view.
        subtitle: Lines below it, such as indices with units and convention.
        curve: (T,) values, NaN where missing, or None for no curve.
        curve_label: Name and unit of the curve's values.
        ed_frames, es_frames: Frames of each phase, counted from 0.
        landmarks: (T, 3, 2) row and column of left annulus point, right annulus point and
            apex in pixels, NaN where unknown; or None.
        uncertainty: (T, H, W) from 0 to 1, or in 256 levels, drawn as a purple tint; or None.

    Raises:
        GeometryError: Arrays or frame numbers do not fit the sequence.
        OutputError: The file cannot be written.
    """
    check_masks(sequence, masks)
    _check(sequence, curve, landmarks, (*ed_frames, *es_frames))
    if uncertainty is not None:
        check_masks(sequence, uncertainty)
    display = Display.of(sequence)
    shown = _shown(ed_frames, es_frames)
    stills = [
        make_still(
            display,
            sequence.frames[frame],
            masks[frame],
            caption,
            landmarks=None if landmarks is None else landmarks[frame],
            uncertainty=None if uncertainty is None else uncertainty[frame],
        )
        for caption, (_, frame) in zip(captions(sequence.times, shown), shown, strict=True)
    ]
    page = Page(stills, title, subtitle, with_curve=curve is not None)
    if curve is not None:
        draw_curve(page.axes(), curve, sequence.times, curve_label, (ed_frames, es_frames))
    page.legend(calibrated=display.pixel_mm is not None, tinted=uncertainty is not None)
    with replacing(path) as temporary:
        # Speckle hardly compresses: a higher level costs time and saves little.
        page.image().save(temporary, format="PNG", compress_level=2)


def _check(
    sequence: EchoSequence, curve: Floats | None, landmarks: Floats | None, frames: Row[int]
) -> None:
    count = len(sequence)
    for name, values, shape in (
        ("curve", curve, (count,)),
        ("landmarks", landmarks, (count, 3, 2)),
    ):
        if values is not None and np.shape(values) != shape:
            raise GeometryError(
                f"{name} of shape {np.shape(values)} instead of {shape}", path=sequence.source
            )
    for frame in frames:
        if not 0 <= frame < count:
            raise GeometryError(f"frame {frame} is not one of {count}", path=sequence.source)


def _shown(ed_frames: Row[int], es_frames: Row[int]) -> list[tuple[str, int]]:
    if not ed_frames and not es_frames:
        return [("", 0)]
    shown = [("ED", ed_frames[0])] if ed_frames else []
    if es_frames:
        later = [f for f in es_frames if ed_frames and f > ed_frames[0]]
        shown.append(("ES", (later or list(es_frames))[0]))
    return shown
