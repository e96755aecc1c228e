"""Losses of the AR-VAE."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def attribute_loss(codes: torch.Tensor, attributes: torch.Tensor, delta: float) -> torch.Tensor:
    """Disagreement in order between dimensions (N, r) and the attributes (N, r) they are tied to.

    Source: Pati and Lerch, "Attribute-based regularization of latent spaces for variational
    auto-encoders", Neural Computing and Applications 33, 2021. Ties are left out, which
    the source pulls together.
    """
    import torch

    difference = codes[:, None] - codes[None]
    order = torch.sign(attributes[:, None] - attributes[None])
    wrong = (torch.tanh(delta * difference) - order).abs() * (order != 0)
    return wrong.mean(dim=(0, 1)).sum()


def divergence(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of N(mean, variance) from N(0, 1), summed over dimensions."""
    each = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    return each.sum(dim=1).mean()
