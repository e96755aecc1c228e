"""Doubtful masks replaced by the heart that is most likely behind what can be trusted of them.

    z* = argmin ‖√(1 − U) · (p − D(z))‖² + λ ‖z‖²

p are the network's probabilities, U the uncertainty, D the decoder and ‖z‖ the distance to the
experts' codes: where the image hides a wall, the latent space fills it in (a deep generative
prior). Source: A. Bora et al., "Compressed sensing using generative models", ICML 2017.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from cardiac.correction.certificate import Certificate
from cardiac.correction.changes import changes_between
from cardiac.geometry import CANONICAL_SIZE, Mask
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence
from cardiac.shape.arvae import ArVae
from cardiac.types import Array, Array32, BoolArray
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.method_input import MethodInput

WIDTH = 2.0
"""Canonical pixels over which a decoded boundary turns from one label to the other."""
STEPS, STEP = 6, 0.25
COARSE = 64


def fill_in(
    sequence: EchoSequence, segmentation: Segmentation, estimator: Estimator
) -> tuple[Mask, BoolArray]:
    """Masks (T, H, W) in which doubtful frames are drawn anew, and which frames (T,) those are.

    A frame is doubtful where its score asks for a review. Its heart is the one of the latent
    space that agrees best with the network where that is to be trusted; see `likely_hearts`.

    Args:
        sequence: What was read.
        segmentation: What the network said of it.
        estimator: Says where the network is to be trusted; one with trained weights.
    """
    masks = segmentation.masks.copy()
    x = MethodInput.of(sequence, segmentation, masks)
    found = estimator.judge(x)
    bound = estimator.calibration.review.get(found.method, 1.0)
    doubtful = (found.scores > bound) & x.labels.any(axis=(1, 2))
    if doubtful.any():
        hearts = likely_hearts(
            x.probabilities[doubtful],
            found.planes[doubtful].astype(np.float32),
            x.labels[doubtful],
            estimator.models.shape,
            size=segmentation.grid.size,
        )
        kept = np.isfinite(hearts.codes).all(axis=1)
        doubtful[doubtful] = kept
        masks[doubtful] = segmentation.grid.labels_to_image(hearts.labels[kept])
    return masks, doubtful


def certificate_against_network(
    certificate: Certificate, network: Mask, written: Mask, drawn: BoolArray, sequence: EchoSequence
) -> Certificate:
    """A certificate whose changes count from the network's masks, not from those filled in.

    Args:
        certificate: Of the written masks, with what the correction did.
        network, written: (T, H, W) masks before everything and after it.
        drawn: (T,) frames that were drawn anew.
        sequence: What was read.
    """
    if certificate.changes is None:
        return certificate
    pairs = zip(certificate.changes.actions, drawn.tolist(), strict=True)
    actions = ["replaced" if anew else action for action, anew in pairs]
    changes = changes_between(network, written, actions, sequence.spacing)
    return replace(certificate, changes=changes)


@dataclass(frozen=True, eq=False, slots=True)
class LikelyHearts:
    """What the latent space makes of a sequence.

    Attributes:
        codes: (T, D) z*; NaN where a frame showed nothing to start from.
        labels: (T, S, S) masks on the canonical grid; a frame without code keeps its own.
        loss: (T,) value of the objective, relative to that of the starting code.
    """

    codes: Array
    labels: Mask
    loss: Array


def likely_hearts(
    probabilities: Array32,
    uncertainty: Array32,
    labels: Mask,
    model: ArVae,
    *,
    strength: float = 1.0,
    size: int = CANONICAL_SIZE,
) -> LikelyHearts:
    """Most likely hearts given what can be trusted of the network's answer.

    Damped Gauss-Newton steps in the latent space, whitened by the covariance of the experts'
    codes, with numerical derivatives of the decoded maps.

    Args:
        probabilities: (T, 4, h, w) of the network on the canonical grid.
        uncertainty: (T, h, w) in [0, 1] on the same grid.
        labels: (T, h, w) masks to start from, on the same grid.
        model: The latent space.
        strength: λ, in squared samples that one deviation of the experts' codes costs.
        size: Side of the labels that are drawn.
    """
    codes = model.encode(labels)
    spaces = [_Space(model, mirrored=side) for side in (False, True)]
    result = codes.mean.copy()
    places = np.arange(size) * labels.shape[1] // size
    drawn = labels[:, places][:, :, places].copy()
    loss = np.full(len(labels), np.nan)
    for t in np.flatnonzero(codes.found):
        target, weight = _observed(probabilities[t], uncertainty[t])
        # The experts of one side: those of both together would allow what is neither.
        space = min(spaces, key=lambda one: float(np.square(one.white(result[t])).sum()))
        white, loss[t] = space.minimise(space.white(result[t]), target, weight, strength)
        result[t] = space.code(white)
        drawn[t] = model.labels(result[t], size)[0]
    return LikelyHearts(result, drawn, loss)


class _Space:
    """The latent space in coordinates in which the experts' codes of one side are N(0, 1)."""

    def __init__(self, model: ArVae, *, mirrored: bool) -> None:
        codes = model.mirror(model.density.codes) if mirrored else model.density.codes
        self.model = model
        self.centre = codes.mean(axis=0)
        self.factor = np.linalg.cholesky(np.cov(codes.T) + 1e-6 * np.eye(codes.shape[1]))

    def white(self, code: Array) -> Array:
        return np.asarray(np.linalg.solve(self.factor, code - self.centre))

    def code(self, white: Array) -> Array:
        return np.asarray(self.centre + white @ self.factor.T)

    def soft(self, white: Array) -> Array:
        """Decoded probabilities (N, 3 n) of cavity, epicardium and atrium."""
        maps = self.model.decode(self.code(white), COARSE)
        decoded = 1 / (1 + np.exp(-np.clip(maps / WIDTH, -30, 30)))
        return np.asarray(decoded.reshape(len(white), -1), dtype=float)

    def minimise(
        self, white: Array, target: Array, weight: Array, strength: float
    ) -> tuple[Array, float]:
        """Coordinates of the least objective, and that objective relative to the start's."""
        rest = (self.soft(white[None])[0] - target) * weight
        start = best = float(rest @ rest + strength * white @ white)
        eye = np.eye(len(white))
        damping = strength
        for _ in range(STEPS):
            slope = ((self.soft(white + STEP * eye) - target) * weight - rest) / STEP
            normal = slope @ slope.T + (strength + damping) * eye
            trial = white - cho_solve(cho_factor(normal), slope @ rest + strength * white)
            new = (self.soft(trial[None])[0] - target) * weight
            reached = float(new @ new + strength * trial @ trial)
            if reached >= best:
                damping = 10 * damping + 1.0
                continue
            gained, best, rest, white = best - reached, reached, new, trial
            damping *= 0.3
            if gained < 1e-3 * best:
                break
        return white, best / start if start > 0 else 1.0


def _observed(probabilities: Array32, uncertainty: Array32) -> tuple[Array, Array]:
    """Probabilities (3 n,) of cavity, epicardium and atrium, and √(1 − U), coarsely."""
    step = probabilities.shape[-1] // COARSE
    p = probabilities.reshape(4, COARSE, step, COARSE, step).mean(axis=(2, 4))
    reliable = 1 - uncertainty.reshape(COARSE, step, COARSE, step).mean(axis=(1, 3))
    target = np.stack([p[1], p[1] + p[2], p[3]])
    weight = np.sqrt(np.clip(reliable, 0, 1))
    return target.ravel().astype(float), np.tile(weight.ravel(), 3).astype(float)
