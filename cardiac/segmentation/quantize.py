"""Eight-bit inference from float weights: batch norm folded, ranges measured, graph marked.

Weights are shipped as floats with the range of every convolution's input beside them. Ranges are
not symmetric: behind a leaky ReLU nearly all values are positive, and a symmetric scale would
leave seven bits to them. OpenVINO's own low-precision passes do the rest once the graph carries
FakeQuantize marks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import torch

_LEVELS = 256
Range: TypeAlias = tuple[float, float]


def fold_batch_norm(network: torch.nn.Module) -> torch.nn.Module:
    """Fold every batch norm of a MONAI block into the convolution before it, in place."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for block in network.modules():
        for i in ("1", "2", "3"):
            convolution, norm = getattr(block, f"conv{i}", None), getattr(block, f"norm{i}", None)
            if convolution is None or not isinstance(norm, nn.BatchNorm2d):
                continue
            convolution.conv = fuse_conv_bn_eval(convolution.conv, norm)
            setattr(block, f"norm{i}", nn.Identity())
    return network


def measure_ranges(
    network: torch.nn.Module, batches: Iterable[torch.Tensor], tail: float = 1e-4
) -> dict[str, Range]:
    """Least and largest input of every convolution, by name, over images (N, 1, S, S).

    Args:
        network: With its batch norms folded.
        batches: Normalised images.
        tail: Share of the values that may lie beyond at each end; the mean over the batches
            is returned.
    """
    import torch
    from torch import nn

    seen: dict[str, list[Range]] = {}

    def watch(name: str) -> Any:
        def hook(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            values = inputs[0].flatten()
            k = max(1, round(values.numel() * tail))
            low, high = -(-values).topk(k).values[-1], values.topk(k).values[-1]
            seen.setdefault(name, []).append((float(low), float(high)))

        return hook

    handles = [
        module.register_forward_pre_hook(watch(name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    ]
    with torch.inference_mode():
        for batch in batches:
            network(batch)
    for handle in handles:
        handle.remove()
    means = {name: np.mean(values, axis=0) for name, values in seen.items()}
    return {name: (float(low), float(high)) for name, (low, high) in means.items()}


def mark_for_int8(model: Any, ranges: dict[str, Range]) -> None:
    """Put FakeQuantize on the input and the weights of every convolution of an OpenVINO model.

    Args:
        model: ``openvino.Model``, changed in place.
        ranges: From ``measure_ranges``; in order of execution, which is the graph's order,
            because convolutions of a U-Net follow one another.
    """
    kinds = ("Convolution", "ConvolutionBackpropData")
    nodes = [op for op in model.get_ordered_ops() if op.get_type_name() in kinds]
    if len(nodes) != len(ranges):
        raise ValueError(f"{len(nodes)} convolutions, but {len(ranges)} ranges")
    for node, limits in zip(nodes, ranges.values(), strict=True):
        _mark(node.input(0), *with_zero(*limits), _LEVELS)
        weights = node.input(1).get_source_output().get_node()
        axis = 0 if node.get_type_name() == "Convolution" else 1
        others = tuple(i for i in range(4) if i != axis)
        limit = np.maximum(np.abs(_constant(weights)).max(axis=others, keepdims=True), 1e-8)
        _mark(node.input(1), -limit, limit, _LEVELS - 1)


def with_zero(low: float, high: float) -> Range:
    """The smallest range of 256 levels that holds both ends and has a level at zero exactly.

    Padding is zero, so that a shifted zero would draw an edge round every feature map.
    """
    low, high = min(low, -1e-6), max(high, 1e-6)
    steps = _LEVELS - 1
    below = min(max(round(-low / (high - low) * steps), 1), steps - 1)
    step = max(-low / below, high / (steps - below))
    return -below * step, (steps - below) * step


def _constant(node: Any) -> Any:
    # Weights stored as half precision reach the convolution through a conversion.
    while node.get_type_name() != "Constant":
        node = node.input(0).get_source_output().get_node()
    return np.asarray(node.get_data(), dtype=np.float32)


def _mark(target: Any, low: Any, high: Any, levels: int) -> None:
    from openvino import opset13 as ops

    source = target.get_source_output()
    bounds = [ops.constant(np.asarray(value, dtype=np.float32)) for value in (low, high) * 2]
    target.replace_source_output(ops.fake_quantize(source, *bounds, levels).output(0))
