"""The segmentation loss: cross-entropy plus soft Dice against area-averaged labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def segmentation_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy plus (1 - soft Dice of the three structures over the batch).

    Args:
        logits: (N, C, h, w).
        target: (N, C, h, w) share of each label in each pixel, summing to one.

    Returns:
        A scalar.
    """
    import torch.nn.functional as F

    log_probability = F.log_softmax(logits, dim=1)
    cross_entropy = -(target * log_probability).sum(dim=1).mean()
    probability = log_probability.exp()
    axes = (0, 2, 3)
    overlap = (probability * target).sum(axes)
    dice = (2 * overlap + 1) / ((probability**2).sum(axes) + (target**2).sum(axes) + 1)
    return cross_entropy + 1 - dice[1:].mean()
