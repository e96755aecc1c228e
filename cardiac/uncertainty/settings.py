"""Which method estimates the uncertainty, and how."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Method(StrEnum):
    """How uncertainty is estimated.

    ``fused`` is the learned doubt made of the network's answer, the image and CRISP.
    """

    FUSED = "fused"
    CRISP = "crisp"
    ENTROPY = "entropy"
    AUGMENTATION = "augmentation"
    DROPOUT = "dropout"
    LATENT = "latent"
    EDGE = "edge"


class UncertaintySettings(BaseModel):
    """Settings of the uncertainty.

    Attributes:
        method: fused, crisp, entropy, augmentation, dropout, latent or edge.
        weights: Another weights file than the shipped one.
        samples: Answers or draws of the methods that sample.
        draws: Hearts drawn for the intervals of the indices.
        level: Share of the true values that the intervals are to hold.
        seed: Source of all randomness.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = Method.FUSED
    weights: Path | None = None
    samples: int = 8
    draws: int = 100
    level: float = 0.9
    seed: int = 0
