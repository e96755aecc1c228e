"""Hearts drawn around the masks of a beat, as far off as the network is known to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from cardiac.clinical import Indices
from cardiac.geometry import CanonicalGrid, Mask
from cardiac.shape.arvae import ArVae
from cardiac.types import Array
from cardiac.uncertainty.calibration import Calibration, ErrorLaw
from cardiac.uncertainty.drawn import Drawn, measure_outlines


@dataclass(frozen=True, eq=False, slots=True)
class PhaseDraws:
    """One frame: its own outline measured, and the draws around it, in canonical pixels."""

    own: Drawn
    drawn: Drawn


@dataclass(frozen=True, eq=False, slots=True)
class BeatDraws:
    """End-diastole and end-systole of one beat, drawn together.

    Attributes:
        ed, es: The two frames.
        scale: Mean deviation of their errors relative to an ordinary frame's, by the law.
    """

    ed: PhaseDraws
    es: PhaseDraws
    scale: float = 1.0


def draw_beats(
    masks: Mask,
    grid: CanonicalGrid,
    scores: Array,
    beats: Sequence[tuple[int, int]],
    *,
    model: ArVae,
    calibration: Calibration,
    law: ErrorLaw,
    draws: int,
    seed: int,
    stream: int = 0,
) -> list[BeatDraws]:
    """Draw hearts for every beat whose two masks have a code.

    The error of a frame is one part common to the sequence and one part its own: so ED goes
    with ES. The common part depends on the seed alone: so view goes with view, as far as ED
    goes with ES; what is a frame's own differs between the views by their ``stream``.

    Args:
        masks: (T, H, W) written labels.
        grid: The canonical grid over the image.
        scores: (T,) of the frames.
        beats: Frames (ED, ES).
        model: The latent space.
        calibration: Covariance and coupling of the errors.
        law: How the errors grow with the score.
        draws: Hearts a frame, an even number.
        seed: Source of the draws.
        stream: Number of the view.
    """
    frames = sorted({frame for beat in beats for frame in beat})
    if not frames:
        return []
    codes = model.encode(grid.nearest_labels(masks[frames]))
    shape = (max(1, draws // 2), model.dimensions)
    common = np.random.default_rng(seed).standard_normal(shape)
    share = calibration.coupling
    found: dict[int, PhaseDraws] = {}
    for index, frame in enumerate(frames):
        if codes.found[index]:
            own = np.random.default_rng((seed, 1 + index, stream)).standard_normal(shape)
            noise = np.sqrt(share) * common + np.sqrt(1 - share) * own
            error = float(law.scale(scores[frame])) * noise @ calibration.error_factor.T
            found[frame] = _phase(codes.mean[index], error, model)
    return [
        BeatDraws(found[ed], found[es], float(law.scale(scores[[ed, es]]).mean()))
        for ed, es in beats
        if ed in found and es in found
    ]


def _phase(code: Array, error: Array, model: ArVae) -> PhaseDraws:
    """Draws in pairs of opposite sign: their middle is then the mask itself, nearly."""
    around = code + np.concatenate([np.zeros_like(error[:1]), error, -error])
    measured = measure_outlines(model.outlines(around))
    parts = {f.name: getattr(measured, f.name) for f in fields(Drawn)}
    return PhaseDraws(
        Drawn(**{k: v[:1] for k, v in parts.items()}),
        Drawn(**{k: v[1:] for k, v in parts.items()}),
    )


def beats_of(indices: Indices) -> list[tuple[int, int]]:
    """Frames (ED, ES) of the beats that were averaged."""
    return list(zip(indices.ed_frames, indices.es_frames, strict=True))
