"""Size of the AR-VAE, which its weights carry along."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ShapeSettings(BaseModel):
    """Size of the AR-VAE.

    Attributes:
        dimensions: Length of a code; the first seven are the attributes.
        components: Principal components of normal forms that go in and come out.
        width: Of the two hidden layers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dimensions: int = 32
    components: int = 64
    width: int = 96
