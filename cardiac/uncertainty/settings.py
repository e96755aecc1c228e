"""Settings of the uncertainty: which method, how it samples, what the intervals hold."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt


class MethodName(StrEnum):
    """How uncertainty is estimated.

    ``fused`` is the error-detection network: it joins the segmentation network's answer, the
    image and CRISP.
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
        level: Fraction of experts' values that the intervals are to hold, between 0 and 1.
        seed: Source of all randomness.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: MethodName = MethodName.FUSED
    weights: Path | None = None
    samples: PositiveInt = 8
    level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    seed: Annotated[int, Field(ge=0)] = 0
