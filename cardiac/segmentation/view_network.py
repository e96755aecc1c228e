"""The view network: which apical view a picture shows, and which way round."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import torch

VIEW_SIZE = 80
"""Side of the square that the network sees."""


class ViewClass(StrEnum):
    """What a picture shows. Mirrored is the other way round than in CAMUS."""

    A4C = "A4C"
    A4C_MIRRORED = "A4C mirrored"
    A2C = "A2C"
    A2C_MIRRORED = "A2C mirrored"
    OTHER = "other"


CLASSES = tuple(ViewClass)
FLIPPED = (1, 0, 3, 2, 4)
"""Class of the mirrored picture, by number."""


class ViewNetworkSettings(BaseModel):
    """Shape of the network.

    Attributes:
        channels: Channels of its convolutions; every second one, the first included, halves
            the resolution.
        dropout: Probability of dropping a feature during training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[int, ...] = (16, 32, 48, 64, 96, 128, 128)
    strides: tuple[int, ...] = (2, 2, 1, 2, 1, 2, 1)
    dropout: float = 0.3


def build_view_network(settings: ViewNetworkSettings | None = None) -> torch.nn.Module:
    """(N, 1, 80, 80) normalised grey levels to (N, 5) logits of :data:`CLASSES`."""
    from torch import nn

    s = settings or ViewNetworkSettings()
    layers: list[nn.Module] = []
    before = 1
    for channels, stride in zip(s.channels, s.strides, strict=True):
        layers += [
            nn.Conv2d(before, channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        ]
        before = channels
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(s.dropout)]
    return nn.Sequential(*layers, nn.Linear(before, len(CLASSES)))
