"""Augmentation for other hands and other scanners, on whole batches in torch.

Every transform draws its own strength per image from one generator, so that a seed
repeats a run. Geometry moves images and labels alike; the rest changes grey levels only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from cardiac.labels import Label
from cardiac.research.training.furniture import Furniture
from cardiac.segmentation.normalise import normalise_each

if TYPE_CHECKING:
    from torch import Generator, Tensor


class AugmentSettings(BaseModel):
    """Strengths (largest or standard deviation) and probabilities of the augmentation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flip_probability: float = 0.5
    rotation_deg: float = 30.0
    log_scale: float = 0.3
    log_aspect: float = 0.12
    shift: float = 0.12
    elastic: float = 0.02
    zoom_probability: float = 0.25
    zoom: float = 0.65
    crop_probability: float = 0.2
    sector_probability: float = 0.2
    sector_tilt_rad: float = 0.35
    screen_probability: float = 0.3
    screen_shrink: float = 0.6
    screen_shift: float = 0.3
    log_gamma: float = 0.4
    log_gain: float = 0.3
    gain_field: float = 0.3
    speckle: float = 0.2
    blur_probability: float = 0.3
    low_resolution_probability: float = 0.3
    shadow_probability: float = 0.2
    haze_probability: float = 0.15


class Augmenter:
    """Random training batches from cached images.

    Args:
        settings: Strengths and probabilities.
        size: Side of the square that the network sees.
        generator: Source of all randomness.
    """

    def __init__(self, settings: AugmentSettings, size: int, generator: Generator) -> None:
        self.settings = settings
        self.size = size
        self.generator = generator
        self.furniture = Furniture(size, generator)

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Transform a batch.

        Args:
            images: (N, 1, s, s) float grey levels in [0, 1].
            labels: (N, 1, s, s) float label numbers.

        Returns:
            Images (N, 1, size, size) in [0, 1], and the share of each label in each
            pixel of the half-resolution grid, (N, 4, size/2, size/2).
        """
        import torch.nn.functional as F

        screen = self._chosen(len(images), self.settings.screen_probability)
        grid = self._grid(labels, screen)
        image = F.grid_sample(images, grid, mode="bilinear", align_corners=False)
        label = F.grid_sample(labels, grid, mode="nearest", align_corners=False)
        image, label = self._crop(image, label)
        image = self._sector(image, label)
        for change in (self._shadow, self._field, self._haze, self._speckle):
            image = change(image)
        image = self._resolution(self.furniture(image, screen))
        inside = (image > 0.004).float()
        image = self._tone(image) * inside
        return image, label_shares(label.squeeze(1))

    def _uniform(self, n: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        import torch

        return torch.rand(n, 1, 1, 1, generator=self.generator) * (high - low) + low

    def _chosen(self, n: int, probability: float) -> Tensor:
        return (self._uniform(n, 0, 1) < probability).float()

    def _noise(self, n: int, cells: int, channels: int = 1) -> Tensor:
        """A smooth random field (N, channels, size, size) from a coarse grid of normal draws."""
        import torch
        import torch.nn.functional as F

        coarse = torch.randn(n, channels, cells, cells, generator=self.generator)
        mode = "bicubic" if cells < 16 else "bilinear"
        return F.interpolate(coarse, (self.size, self.size), mode=mode, align_corners=False)

    def _coordinates(self) -> tuple[Tensor, Tensor]:
        import torch

        axis = (torch.arange(self.size) + 0.5) * 2 / self.size - 1
        return axis.view(1, 1, -1, 1), axis.view(1, 1, 1, -1)

    def _grid(self, labels: Tensor, screen: Tensor) -> Tensor:
        """Where every pixel of the result is taken from, (N, size, size, 2) as x, y.

        On a screen the sector is smaller, and anywhere.
        """
        import torch

        n, s = len(labels), self.settings
        ventricle = ventricle_center(labels)
        zoomed = self._chosen(n, s.zoom_probability) * (1 - screen)
        angle = self._uniform(n) * self._uniform(n).abs() * math.radians(s.rotation_deg)
        usual, close = self._uniform(n) * s.log_scale, -self._uniform(n, 0.25, s.zoom)
        smaller = screen * self._uniform(n, 0, s.screen_shrink)
        scale = (usual * (1 - zoomed) + close * zoomed + smaller).exp()
        aspect = (self._uniform(n) * s.log_aspect).exp()
        shift = s.shift + screen * s.screen_shift
        y, x = self._coordinates()
        y = (y + self._uniform(n) * shift) * scale * aspect
        x = (x + self._uniform(n) * shift) * scale / aspect
        wobble = self._noise(n, 5, 2) * self._uniform(n, 0, 1) * s.elastic
        rows = y * angle.cos() + x * angle.sin() + wobble[:, :1] + zoomed * ventricle[:, :1]
        columns = -y * angle.sin() + x * angle.cos() + wobble[:, 1:] + zoomed * ventricle[:, 1:]
        columns = columns * (1 - 2 * self._chosen(n, s.flip_probability))
        return torch.cat([columns, rows], dim=1).permute(0, 2, 3, 1)

    def _crop(self, image: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """Cut the field of view: atria and walls then end at a straight edge, labels too."""
        n = len(image)
        y, x = self._coordinates()
        keep = (y < self._uniform(n, 0.4, 1)) & (y > self._uniform(n, -1.3, -0.7))
        keep = keep & (x.abs() < self._uniform(n, 0.6, 1))
        keep = keep | (self._chosen(n, self.settings.crop_probability) == 0)
        return image * keep, label * keep

    def _sector(self, image: Tensor, label: Tensor) -> Tensor:
        """A narrower, tilted sector, unless most of the ventricle would be lost.

        Labels stay: the heart goes on where the beam does not.
        """
        import torch

        n = len(image)
        y, x = self._coordinates()
        dy, dx = y - self._uniform(n, -1.2, -0.85), x - self._uniform(n, -0.15, 0.15)
        angle = torch.atan2(dx, dy) - self._uniform(n) * self.settings.sector_tilt_rad
        radius = (dx**2 + dy**2).sqrt()
        keep = (angle.abs() < self._uniform(n, 0.45, 0.8)) & (radius < self._uniform(n, 1.7, 2.2))
        ventricle = label == Label.LV
        seen = (ventricle & keep).sum((2, 3), keepdim=True)
        chosen = self._chosen(n, self.settings.sector_probability) > 0
        chosen = chosen & (seen > 0.7 * ventricle.sum((2, 3), keepdim=True))
        return image * (keep | ~chosen)

    def _shadow(self, image: Tensor) -> Tensor:
        """A dark wedge from the transducer, as a rib or a lung edge throws it."""
        import torch

        n = len(image)
        y, x = self._coordinates()
        angle = torch.atan2(x - self._uniform(n, -0.1, 0.1), y + 1.05)
        width = self._uniform(n, 0.04, 0.2)
        wedge = torch.exp(-(((angle - self._uniform(n, -0.7, 0.7)) / width) ** 2))
        start = torch.sigmoid((y - self._uniform(n, -1, 0.3)) * 12)
        depth = self._chosen(n, self.settings.shadow_probability) * self._uniform(n, 0.4, 1)
        return image * (1 - depth * wedge * start)

    def _field(self, image: Tensor) -> Tensor:
        """Uneven gain: a smooth field and a slope in depth (time-gain compensation)."""
        n = len(image)
        y, _ = self._coordinates()
        s = self.settings.gain_field
        field = self._noise(n, 4) * self._uniform(n, 0, 1) * s + y * self._uniform(n) * s
        return image * field.exp()

    def _haze(self, image: Tensor) -> Tensor:
        """Near-field haze and stationary clutter."""
        import torch

        n = len(image)
        y, _ = self._coordinates()
        depth = self._uniform(n, -1, 0.2)
        veil = torch.sigmoid((depth - y) * 5) + self._noise(n, 6).clamp(0, 1) * 0.7
        strength = self._chosen(n, self.settings.haze_probability) * self._uniform(n, 0.05, 0.35)
        return image + veil * strength * (image > 0.004)

    def _speckle(self, image: Tensor) -> Tensor:
        """Multiplicative noise of a random grain, so that texture is no landmark."""
        n = len(image)
        fine, coarse = self._noise(n, self.size), self._noise(n, self.size // 4)
        mix = self._uniform(n, 0, 1)
        noise = fine * (1 - mix) + coarse * mix
        return image * (1 + noise * self._uniform(n, 0, 1) * self.settings.speckle).clamp(0, 3)

    def _resolution(self, image: Tensor) -> Tensor:
        """Blur, or sample down and up again, as old scanners and video exports do."""
        import torch
        import torch.nn.functional as F

        n, s = len(image), self.settings
        axis = torch.arange(-4, 5).float()
        sigma = self._uniform(n, 0.4, 2.0).view(n, 1)
        kernel = torch.exp(-(axis**2) / (2 * sigma**2))
        kernel = kernel / kernel.sum(1, keepdim=True)
        flat = image.transpose(0, 1)
        blurred = F.conv2d(flat, kernel.view(n, 1, 9, 1), padding=(4, 0), groups=n)
        blurred = F.conv2d(blurred, kernel.view(n, 1, 1, 9), padding=(0, 4), groups=n)
        use = self._chosen(n, s.blur_probability)
        image = image * (1 - use) + blurred.transpose(0, 1) * use
        small = int(self.size * float(self._uniform(1, 0.3, 0.75)))
        coarse = F.interpolate(image, (small, small), mode="bilinear", align_corners=False)
        coarse = F.interpolate(coarse, image.shape[-2:], mode="bilinear", align_corners=False)
        use = self._chosen(n, s.low_resolution_probability)
        return image * (1 - use) + coarse * use

    def _tone(self, image: Tensor) -> Tensor:
        """Gain, dynamic range and gamma."""
        n, s = len(image), self.settings
        image = image * (self._uniform(n) * s.log_gain).exp() + self._uniform(n, -0.08, 0.04)
        gamma = (self._uniform(n) * s.log_gamma).exp()
        return image.clamp(1e-3, 1) ** gamma


def ventricle_center(labels: Tensor) -> Tensor:
    """Centre (row, column) of the LV in normalised coordinates [-1, 1].

    Args:
        labels: (N, 1, s, s) label numbers.

    Returns:
        (N, 2, 1, 1); the middle where there is no ventricle.
    """
    import torch

    axis = (torch.arange(labels.shape[-1]) + 0.5) * 2 / labels.shape[-1] - 1
    share = (labels == Label.LV).float()
    share = share / share.sum((2, 3), keepdim=True).clamp(min=1)
    grids = (axis.view(1, 1, -1, 1), axis.view(1, 1, 1, -1))
    return torch.cat([(share * g).sum((2, 3), keepdim=True) for g in grids], dim=1)


def label_shares(labels: Tensor) -> Tensor:
    """Share of each label in each 2×2 block: (N, S, S) numbers to (N, 4, S/2, S/2)."""
    import torch.nn.functional as F

    onehot = F.one_hot(labels.long(), len(Label)).permute(0, 3, 1, 2).float()
    return F.avg_pool2d(onehot, 2)


def normalize(images: Tensor) -> Tensor:
    """Zero mean and unit variance inside the sector, per image (N, 1, S, S) from 0 to 1."""
    return normalise_each(images, white=1.0)
