"""The segmentation network: a small U-Net that predicts at half the canonical resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from cardiac.labels import Label

if TYPE_CHECKING:
    import torch


class NetworkSettings(BaseModel):
    """Shape of the network.

    Attributes:
        channels: Feature channels of every level, finest first. Every level halves the
            resolution, the first included: boundaries of the heart are smooth, so the
            finest level of a plain U-Net, its dearest, buys nothing that a linear
            upsampling of the class probabilities does not.
        dropout: Probability of dropping a channel during training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[int, ...] = (16, 32, 64, 96, 128, 160)
    dropout: float = 0.0


def build_network(settings: NetworkSettings | None = None) -> torch.nn.Module:
    """MONAI's DynUNet: (N, 1, S, S) normalised grey levels to (N, 4, S/2, S/2) logits.

    Source: F. Isensee et al., "nnU-Net", Nature Methods 18, 2021 (the network's family).
    """
    from monai.networks.nets.dynunet import DynUNet

    settings = settings or NetworkSettings()
    levels = len(settings.channels)
    network: torch.nn.Module = DynUNet(
        spatial_dims=2,
        in_channels=1,
        out_channels=len(Label),
        kernel_size=[3] * levels,
        strides=[2] * levels,
        upsample_kernel_size=[2] * (levels - 1),
        filters=list(settings.channels),
        dropout=settings.dropout or None,
        norm_name=("BATCH", {"affine": True}),
        act_name=("leakyrelu", {"negative_slope": 0.01, "inplace": True}),
    )
    return network


def unique_state(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers, each once: DynUNet also lists its blocks as skip layers."""
    return dict(network.named_parameters()) | dict(network.named_buffers())
