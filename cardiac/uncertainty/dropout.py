"""Monte-Carlo dropout: the network's answers with channels left out at random.

The network was trained without dropout layers; here whole channels of the bottleneck and of the
decoder are dropped at inference, and the others scaled up (Gal and Ghahramani, "Dropout as a
Bayesian approximation", ICML 2016, put to use after training). It always runs in torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cardiac.geometry import FloatArray
from cardiac.uncertainty.entropy import entropy
from cardiac.uncertainty.evidence import Evidence, softmax

if TYPE_CHECKING:
    import torch

RATE = 0.1
_CHUNK = 16


def dropout_map(
    evidence: Evidence,
    inputs: FloatArray,
    network: torch.nn.Module,
    *,
    samples: int = 8,
    rate: float = RATE,
    seed: int = 0,
) -> FloatArray:
    """(T, h, w) entropy of the mean of the answers; every frame is asked with the same channels.

    Args:
        evidence: The sequence.
        inputs: (T, 1, S, S) normalised images, as the network sees them.
        network: The segmentation network in torch.
        samples: Answers with channels left out.
        rate: Share of the channels that is left out.
        seed: Which ones.
    """
    import torch

    total = np.zeros(evidence.probabilities.shape, dtype=np.float32)
    with torch.inference_mode():
        for sample in range(samples):
            handles = _drop(network, rate, seed * 1_000_003 + sample)
            try:
                for start in range(0, len(inputs), _CHUNK):
                    part = slice(start, start + _CHUNK)
                    total[part] += softmax(network(torch.from_numpy(inputs[part])).numpy())
            finally:
                for handle in handles:
                    handle.remove()
    total /= samples
    return evidence.moved(entropy(total))


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
