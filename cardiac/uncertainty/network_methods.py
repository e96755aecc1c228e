"""Methods that ask the segmentation network again: test-time augmentation, Monte-Carlo dropout."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiac.segmentation.predictors import Predictor
from cardiac.types import Array, Array32
from cardiac.uncertainty.method_input import MethodInput, softmax
from cardiac.uncertainty.methods import MethodModels, Need, entropy
from cardiac.uncertainty.settings import UncertaintySettings

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ROTATION_DEG, LOG_SCALE, SHIFT, LOG_GAMMA = 8.0, 0.08, 0.04, 0.35
"""Largest rotation, scaling, shift (of half the image) and change of contrast."""
DROPOUT_RATE = 0.1
_CHUNK = 16


class TestTimeAugmentation:
    """Entropy of the mean of the network's answers to the heart seen a little differently.

    Source: G. Wang et al., "Aleatoric uncertainty estimation with test-time augmentation",
    Neurocomputing 338, 2019.
    """

    __test__ = False  # no test class, whatever its name begins with
    needs = frozenset({Need.NETWORK})

    def __init__(self, settings: UncertaintySettings, models: MethodModels) -> None:
        self.samples, self.seed, self.models = settings.samples, settings.seed, models

    def map(self, x: MethodInput) -> Array32:
        """(T, h, w) of as many views as there are samples, and of the image itself."""
        rng = np.random.default_rng(self.seed)
        views = [rng.uniform(-1, 1, size=5) for _ in range(self.samples)]
        inputs, mean = x.network_inputs, x.probabilities.copy()
        for start in range(0, len(inputs), 2 * _CHUNK):
            part = slice(start, start + 2 * _CHUNK)
            for view in views:
                mean[part] += _seen(inputs[part], self.models.segmenter.predictor, view)
        mean /= self.samples + 1
        return x.transferred(entropy(mean))


class Dropout:
    """Entropy of the mean of the network's answers with channels left out at random.

    The network was trained without dropout layers; whole channels of the bottleneck and of the
    decoder are dropped at inference, and the others scaled up (Gal and Ghahramani, "Dropout as
    a Bayesian approximation", ICML 2016, put to use after training). It always runs in torch.
    """

    needs = frozenset({Need.NETWORK})

    def __init__(self, settings: UncertaintySettings, models: MethodModels) -> None:
        self.samples, self.seed, self.models = settings.samples, settings.seed, models

    @cached_property
    def _network(self) -> torch.nn.Module:
        from cardiac.segmentation.weights import load_network

        return load_network(self.models.segmenter.weights)

    def map(self, x: MethodInput) -> Array32:
        """(T, h, w); every frame is asked with the same channels."""
        import torch

        total = np.zeros(x.probabilities.shape, dtype=np.float32)
        with torch.inference_mode():
            for sample in range(self.samples):
                handles = _drop(self._network, DROPOUT_RATE, self.seed * 1_000_003 + sample)
                try:
                    for start in range(0, len(x), _CHUNK):
                        part = slice(start, start + _CHUNK)
                        inputs = torch.from_numpy(x.network_inputs[part])
                        total[part] += softmax(self._network(inputs).numpy())
                finally:
                    for handle in handles:
                        handle.remove()
        total /= self.samples
        return x.transferred(entropy(total))


def _seen(inputs: Array32, predictor: Predictor, view: Array) -> Array32:
    """Probabilities (T, 4, h, w) of one view, on the image's own grid."""
    import torch

    there = _transform(view)
    back = torch.linalg.inv(torch.cat([there, torch.tensor([[0.0, 0.0, 1.0]])]))[:2]
    tone = np.sign(inputs) * np.abs(inputs) ** math.exp(LOG_GAMMA * view[4])
    moved = _moved(torch.from_numpy(tone), there)
    found = torch.from_numpy(softmax(predictor(np.ascontiguousarray(moved.numpy()))))
    answer = _moved(found, back)
    # Beyond the edge of the moved image there is background.
    answer[:, 0] += 1 - answer.sum(dim=1)
    return np.asarray(answer.clamp(min=0).numpy(), dtype=np.float32)


def _transform(view: Array) -> Tensor:
    import torch

    angle, scale = math.radians(ROTATION_DEG) * view[0], math.exp(LOG_SCALE * view[1])
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    return torch.tensor([[cos, -sin, SHIFT * view[2]], [sin, cos, SHIFT * view[3]]]).float()


def _moved(planes: Tensor, matrix: Tensor) -> Tensor:
    import torch.nn.functional as F

    grid = F.affine_grid(matrix.expand(len(planes), 2, 3), list(planes.shape), align_corners=False)
    return F.grid_sample(planes, grid, mode="bilinear", align_corners=False)


def _drop(network: torch.nn.Module, rate: float, seed: int) -> list[Any]:
    """Hooks that leave out channels behind the bottleneck and every decoder block but the last."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    model: Any = network

    def hook(_: object, __: object, output: torch.Tensor, kept: dict[str, torch.Tensor]) -> Any:
        if "mask" not in kept:
            draw = torch.rand(1, output.shape[1], 1, 1, generator=generator)
            kept["mask"] = (draw >= rate).float() / (1 - rate)
        return output * kept["mask"]

    blocks = [model.bottleneck, *list(model.upsamples)[:-1]]
    return [
        block.register_forward_hook(lambda m, i, o, kept={}: hook(m, i, o, kept))
        for block in blocks
    ]
