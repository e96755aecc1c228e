"""Settings of the benchmark: each method's, and how the scores are counted."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from cardiac.segmentation.segmenter import SegmentationSettings


class SmoothingSettings(BaseModel):
    """Gaussian smoothing in time.

    Attributes:
        sigma_ms: Standard deviation of the Gaussian in ms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sigma_ms: float = Field(default=40.0, gt=0)


class PcaSettings(BaseModel):
    """The linear shape model.

    Attributes:
        components: Principal components that are kept.
        limit_sd: Standard deviations to which each coefficient is limited.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    components: int = Field(default=64, ge=1)
    limit_sd: float = Field(default=3.0, gt=0)


class AutoencoderSettings(BaseModel):
    """The denoising autoencoder.

    Attributes:
        code: Length of its code.
        steps: Steps of training.
        batch_size: Masks a step.
        learning_rate: Highest rate of the one-cycle schedule.
        seed: Of the weights, the corruptions and the augmentation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: int = Field(default=256, ge=1)
    steps: int = Field(default=1000, ge=1)
    batch_size: int = Field(default=24, ge=2)
    learning_rate: float = Field(default=2e-3, gt=0)
    seed: int = 0


class ArVaeSettings(BaseModel):
    """The latent space of the methods that have one.

    Attributes:
        weights: Another weights file of the shape model than the shipped one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Path | None = None


class LagrangianSettings(BaseModel):
    """The published smoothing of latent trajectories.

    Attributes:
        most: Upper end of the bisection on the weight of smoothness; the lower one is 0.
        bisections: Steps of the bisection.
        iterations: Most steps of a descent.
        free_bound_sd: Bound on the second differences of the dimensions that are no attribute,
            in standard deviations of the code.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    most: float = Field(default=128.0, gt=0)
    bisections: int = Field(default=5, ge=1)
    iterations: int = Field(default=1000, ge=1)
    free_bound_sd: float = Field(default=0.25, gt=0)


class BenchmarkSettings(BaseModel):
    """Settings of a benchmark.

    Attributes:
        scale_with_interval: Let the temporal bound grow with the frame interval; switch it off
            to compare with literature that knows none.
        smoothing: Gaussian smoothing in time.
        pca: The linear shape model.
        autoencoder: The denoising autoencoder.
        arvae: The latent space of the AR-VAE.
        lagrangian: The published smoothing of its trajectories.
        segmentation: How the network runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale_with_interval: bool = True
    smoothing: SmoothingSettings = SmoothingSettings()
    pca: PcaSettings = PcaSettings()
    autoencoder: AutoencoderSettings = AutoencoderSettings()
    arvae: ArVaeSettings = ArVaeSettings()
    lagrangian: LagrangianSettings = LagrangianSettings()
    segmentation: SegmentationSettings = SegmentationSettings()
