"""Losses of CRISP's encoders and of the error-detection network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cardiac.geometry import Mask
from cardiac.labels import STRUCTURES
from cardiac.uncertainty.networks import COARSE

if TYPE_CHECKING:
    import torch

CROSS_ENTROPY, OOD = 0.1, 0.3
"""Weights beside the contrast and the Dice of the redrawn mask."""
STRUCTURE, FEW = 0.2, 50.0
"""Weight of a structure's mean error probability, and pixels below which one counts less."""
MAX_LOG_TEMPERATURE = 4.0
"""Natural logarithm of the largest factor on the cosines."""


def crisp_loss(
    crisp: Any,
    temperature: torch.Tensor,
    images: torch.Tensor,
    labels: torch.Tensor,
    ood: torch.Tensor,
) -> torch.Tensor:
    """Symmetric InfoNCE + (1 − Dice) + 0.1 cross-entropy + detection of what is no apical echo.

    Args:
        crisp: The networks of `build_crisp`.
        temperature: Logarithm of the factor on the cosines.
        images: (N, 1, h, w) normalised echo.
        labels: (N, s, s) their masks.
        ood: (n, 1, h, w) normalised images that are no apical echo.
    """
    import torch
    import torch.nn.functional as F

    count = len(images)
    features = crisp["image"](torch.cat([images, ood]))
    seen = F.normalize(crisp["image_projection"](features[:count]), dim=1)
    shape = crisp["mask"](one_hot(labels))
    drawn = F.normalize(crisp["mask_projection"](shape), dim=1)
    cosine = seen @ drawn.T * temperature.clamp(max=MAX_LOG_TEMPERATURE).exp()
    target = torch.arange(count)
    contrast = (F.cross_entropy(cosine, target) + F.cross_entropy(cosine.T, target)) / 2
    logits = crisp["decoder"](shape)
    probability = logits.softmax(1)[:, 1:]
    truth = one_hot(labels)
    both = (probability * truth).sum((0, 2, 3))
    dice = (2 * both + 1) / (probability.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
    redrawn = 1 - dice.mean() + CROSS_ENTROPY * F.cross_entropy(logits, labels)
    odds = crisp["strange"](features)[:, 0]
    known = torch.cat([torch.zeros(count), torch.ones(len(ood))])
    detected: torch.Tensor = F.binary_cross_entropy_with_logits(odds, known)
    total: torch.Tensor = contrast + redrawn + OOD * detected
    return total


def error_loss(odds: torch.Tensor, wrong: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every pixel, and the distance of a structure's mean from its errors.

    Args:
        odds: (N, h, w) log odds of being wrong.
        wrong: (N, h, w) 1 where the label is wrong.
        labels: (N, h, w) written labels.
    """
    import torch.nn.functional as F

    total: torch.Tensor = F.binary_cross_entropy_with_logits(odds, wrong)
    off = odds.sigmoid() - wrong
    for label in STRUCTURES:
        inside = (labels == int(label)).float()
        gap = (off * inside).sum((1, 2)) / inside.sum((1, 2)).clamp(min=FEW)
        total = total + STRUCTURE * gap.abs().mean()
    return total


def one_hot(labels: torch.Tensor) -> torch.Tensor:
    """Labels (N, s, s) as three channels of 0 and 1, without the background."""
    import torch.nn.functional as F

    return F.one_hot(labels.long(), 4).permute(0, 3, 1, 2)[:, 1:].float()


def coarse_labels(labels: Mask) -> Mask:
    """(N, s, s) labels of the mask encoder and the references, of labels (N, h, w)."""
    step = labels.shape[-1] // COARSE
    return labels[:, step // 2 :: step, step // 2 :: step]
