"""The small networks: image encoder, mask encoder and decoder, and the learned doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import torch

COARSE = 64
"""Side of the masks of encoder, decoder and bank."""
FUSED_CHANNELS = 8
"""Image, three probabilities, three written labels, and the bank's disagreement."""


class UncertaintyNetworkSettings(BaseModel):
    """Sizes of the networks.

    Attributes:
        image_features, mask_features: Length of the codes before they are projected.
        sphere: Dimensions of the common sphere.
        image_channels: Of the image encoder, one level a number.
        fused_channels: Of the learned doubt, one level a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_features: int = 64
    mask_features: int = 16
    sphere: int = 8
    image_channels: tuple[int, ...] = (12, 24, 48, 64)
    fused_channels: tuple[int, int, int] = (16, 24, 32)


def build_crisp(settings: UncertaintyNetworkSettings) -> torch.nn.ModuleDict:
    """Image encoder with its projection and its sense of strangeness, mask encoder and decoder.

    ``image`` takes (N, 1, 128, 128), ``mask`` takes labels in one-hot form (N, 3, 64, 64), and
    ``decoder`` gives logits (N, 4, 64, 64) of codes of masks.
    """
    from torch import nn

    s = settings
    trunk, width = _strided(1, s.image_channels)
    image = nn.Sequential(
        *trunk,
        nn.Conv2d(width, 16, 1),
        nn.LeakyReLU(0.01),
        nn.Flatten(),
        nn.Linear(16 * (2 * COARSE // 2 ** len(s.image_channels)) ** 2, s.image_features),
    )
    trunk, width = _strided(3, (12, 24, 32))
    mask = nn.Sequential(
        *trunk, nn.Conv2d(width, 8, 1), nn.Flatten(), nn.Linear(512, s.mask_features)
    )
    return nn.ModuleDict(
        {
            "image": image,
            "image_projection": nn.Linear(s.image_features, s.sphere, bias=False),
            "strange": nn.Sequential(nn.LeakyReLU(0.01), nn.Linear(s.image_features, 1)),
            "mask": mask,
            "mask_projection": nn.Linear(s.mask_features, s.sphere, bias=False),
            "decoder": _decoder(s.mask_features),
        }
    )


def build_fused(settings: UncertaintyNetworkSettings) -> torch.nn.Module:
    """The learned doubt: evidence (N, 8, h, w) and log odds (N, 1, h, w) to better log odds.

    A small U-Net corrects the odds that the network itself gives for its being wrong.
    """
    import torch
    from torch import nn

    first, second, third = settings.fused_channels

    class Fused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fine = nn.Sequential(*_strided(FUSED_CHANNELS, (first,))[0])
            self.middle = nn.Sequential(*_strided(first, (second,))[0])
            self.coarse = nn.Sequential(*_strided(second, (third, third))[0])
            self.up_middle = _joined(second + third, second)
            self.up_fine = _joined(first + second, first)
            self.head = nn.Sequential(nn.Conv2d(first, 4, 1), nn.PixelShuffle(2))
            self.trust = nn.Parameter(torch.tensor([1.0]))

        def forward(self, evidence: torch.Tensor, odds: torch.Tensor) -> torch.Tensor:
            fine = self.fine(evidence)
            middle = self.middle(fine)
            wide = nn.functional.interpolate(
                self.coarse(middle), scale_factor=4, mode="bilinear", align_corners=False
            )
            middle = self.up_middle(torch.cat([middle, wide], 1))
            wide = nn.functional.interpolate(
                middle, scale_factor=2, mode="bilinear", align_corners=False
            )
            fine = self.up_fine(torch.cat([fine, wide], 1))
            found: torch.Tensor = self.head(fine) + self.trust * odds
            return found

    return Fused()


def _joined(channels: int, width: int) -> torch.nn.Module:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.LeakyReLU(0.01),
    )


def _strided(channels: int, widths: tuple[int, ...]) -> tuple[list[torch.nn.Module], int]:
    from torch import nn

    layers: list[nn.Module] = []
    for width in widths:
        layers += [
            nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.01),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.01),
        ]
        channels = width
    return layers, channels


def _decoder(features: int) -> torch.nn.Module:
    from torch import nn

    layers: list[nn.Module] = [nn.Linear(features, 32 * 64), nn.Unflatten(1, (32, 8, 8))]
    channels = 32
    for width in (24, 16, 8):
        layers += [
            nn.LeakyReLU(0.01),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Conv2d(channels, width, 3, padding=1),
        ]
        channels = width
    return nn.Sequential(*layers, nn.LeakyReLU(0.01), nn.Conv2d(channels, 4, 3, padding=1))
