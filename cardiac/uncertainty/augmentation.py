"""Test-time augmentation: the network's answers to the same heart seen a little differently.

Source: G. Wang et al., "Aleatoric uncertainty estimation with test-time augmentation",
Neurocomputing 338, 2019.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cardiac.geometry import FloatArray
from cardiac.segmentation.predictors import Predictor
from cardiac.types import Array
from cardiac.uncertainty.entropy import entropy
from cardiac.uncertainty.evidence import Evidence, softmax

if TYPE_CHECKING:
    from torch import Tensor

ROTATION_DEG, LOG_SCALE, SHIFT, LOG_GAMMA = 8.0, 0.08, 0.04, 0.35
_CHUNK = 32


def augmentation_map(
    evidence: Evidence, inputs: FloatArray, predictor: Predictor, samples: int = 6, seed: int = 0
) -> FloatArray:
    """(T, h, w) entropy of the mean of the answers, brought back to where the heart was.

    Args:
        evidence: The sequence.
        inputs: (T, 1, S, S) normalised images, as the network sees them.
        predictor: The network.
        samples: Views beside the image itself.
        seed: Source of their rotations, scales, shifts and grey levels.
    """
    rng = np.random.default_rng(seed)
    views = [rng.uniform(-1, 1, size=5) for _ in range(samples)]
    mean = evidence.probabilities.copy()
    for start in range(0, len(inputs), _CHUNK):
        part = slice(start, start + _CHUNK)
        for view in views:
            mean[part] += _seen(inputs[part], predictor, view)
    mean /= samples + 1
    return evidence.moved(entropy(mean))


def _seen(inputs: FloatArray, predictor: Predictor, view: Array) -> FloatArray:
    """Probabilities (T, 4, h, w) of one view, on the image's own grid."""
    import torch

    there = _transform(view)
    back = torch.linalg.inv(torch.cat([there, torch.tensor([[0.0, 0.0, 1.0]])]))[:2]
    tone = np.sign(inputs) * np.abs(inputs) ** math.exp(LOG_GAMMA * view[4])
    moved = _moved(torch.from_numpy(tone), there)
    found = torch.from_numpy(softmax(predictor(np.ascontiguousarray(moved.numpy()))))
    answer = _moved(found, back)
    # Beyond the edge of the moved image there is background.
    answer[:, 0] += 1 - answer.sum(dim=1)
    return np.asarray(answer.clamp(min=0).numpy(), dtype=np.float32)


def _transform(view: Array) -> Tensor:
    import torch

    angle, scale = math.radians(ROTATION_DEG) * view[0], math.exp(LOG_SCALE * view[1])
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    return torch.tensor([[cos, -sin, SHIFT * view[2]], [sin, cos, SHIFT * view[3]]]).float()


def _moved(planes: Tensor, matrix: Tensor) -> Tensor:
    import torch.nn.functional as F

    grid = F.affine_grid(matrix.expand(len(planes), 2, 3), list(planes.shape), align_corners=False)
    return F.grid_sample(planes, grid, mode="bilinear", align_corners=False)
