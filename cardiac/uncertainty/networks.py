"""The small networks: image encoder, mask encoder and decoder, error-detection network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from cardiac.segmentation.normalise import normalise_each

if TYPE_CHECKING:
    import torch

COARSE = 64
"""Side of the masks of encoder, decoder and reference embeddings."""
LEAST = 1e-4
"""Probability of an error that the segmentation network is at least granted."""
FUSED_CHANNELS = 8
"""Image, three probabilities, three written labels, and CRISP's disagreement."""


class UncertaintyNetworkSettings(BaseModel):
    """Sizes of the networks.

    Attributes:
        image_features, mask_features: Length of the codes before they are projected.
        sphere: Dimensions of the common sphere.
        image_channels: Of the image encoder, one level a number.
        fused_channels: Of the error-detection network, one level a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_features: int = 64
    mask_features: int = 16
    sphere: int = 8
    image_channels: tuple[int, ...] = (12, 24, 48, 64)
    fused_channels: tuple[int, int, int] = (12, 24, 32)


def build_crisp(settings: UncertaintyNetworkSettings) -> torch.nn.ModuleDict:
    """Image encoder with its projection and its OOD score, mask encoder and decoder.

    ``image`` takes normalised (N, 1, 128, 128), ``mask`` one-hot labels (N, 3, 64, 64), and
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


def build_error_detection(settings: UncertaintyNetworkSettings) -> torch.nn.Module:
    """The error-detection network: log odds (N, 1, h, w) that the written label is wrong.

    Takes grey levels (N, 1, h, w) from 0 to 255, the network's logits (N, 4, h, w), the written
    labels (N, 1, h, w) and CRISP's disagreement with them (N, 1, h, w). A small U-Net
    corrects the odds that the segmentation network itself gives.
    """
    import torch
    from torch import nn

    first, second, third = settings.fused_channels

    class ErrorDetectionNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            fine = nn.Conv2d(FUSED_CHANNELS, first, 3, stride=2, padding=1, bias=False)
            self.fine = nn.Sequential(fine, nn.BatchNorm2d(first), nn.LeakyReLU(0.01))
            self.middle = nn.Sequential(*_strided(first, (second,))[0])
            self.coarse = nn.Sequential(*_strided(second, (third, third))[0])
            self.up_middle = _joined(second + third, second)
            self.narrow = nn.Conv2d(second, first, 1)
            self.up_fine = _joined(2 * first, first)
            self.head = nn.Sequential(nn.Conv2d(first, 4, 1), nn.PixelShuffle(2))
            self.trust = nn.Parameter(torch.tensor([1.0]))

        def forward(
            self,
            images: torch.Tensor,
            logits: torch.Tensor,
            labels: torch.Tensor,
            disagreement: torch.Tensor,
        ) -> torch.Tensor:
            probabilities = logits.float().softmax(1)
            written = torch.cat([(labels == label).float() for label in range(4)], 1)
            wrong = (1 - (probabilities * written).sum(1, keepdim=True)).clamp(LEAST, 1 - LEAST)
            grey = normalise_each(images, blank=True)
            found = [grey, probabilities[:, 1:], written[:, 1:], disagreement]
            fine = self.fine(torch.cat(found, 1))
            middle = self.middle(fine)
            middle = self.up_middle(torch.cat([middle, _wider(self.coarse(middle), 4)], 1))
            fine = self.up_fine(torch.cat([fine, _wider(self.narrow(middle), 2)], 1))
            odds: torch.Tensor = self.head(fine) + self.trust * (wrong / (1 - wrong)).log()
            return odds

    return ErrorDetectionNetwork()


def build_encoder(crisp: torch.nn.ModuleDict) -> torch.nn.Module:
    """What of CRISP is needed at work: grey levels (N, 1, h, w) to (N, p + 1).

    The first p numbers are the code before it is brought to length one, the last are the log
    odds of being no apical echo.
    """
    import torch

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image, self.projection = crisp["image"], crisp["image_projection"]
            self.strange = crisp["strange"]

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = self.image(normalise_each(images, blank=True))
            return torch.cat([self.projection(features), self.strange(features)], dim=1)

    return Encoder()


def _wider(planes: torch.Tensor, times: int) -> torch.Tensor:
    from torch import nn

    return nn.functional.interpolate(
        planes, scale_factor=times, mode="bilinear", align_corners=False
    )


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
