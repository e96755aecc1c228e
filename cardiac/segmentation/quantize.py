"""Eight-bit inference from float weights: batch norm folded, ranges measured, graph marked.

Weights are shipped as floats with the largest input of every convolution beside them.
OpenVINO's own low-precision passes do the rest once the graph carries FakeQuantize marks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

_SIGNED_LEVELS = 256


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
    network: torch.nn.Module, batches: Iterable[torch.Tensor], quantile: float = 0.9999
) -> dict[str, float]:
    """Largest absolute input of every convolution, by name, over images (N, 1, S, S).

    Args:
        network: With its batch norms folded.
        batches: Normalised images.
        quantile: Share of the values that must fit; the mean over the batches is returned.
    """
    import torch
    from torch import nn

    seen: dict[str, list[float]] = {}

    def watch(name: str) -> Any:
        def hook(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            values = inputs[0].abs().flatten()
            k = max(1, round(values.numel() * (1 - quantile)))
            seen.setdefault(name, []).append(float(values.topk(k).values[-1]))

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
    return {name: float(np.mean(values)) for name, values in seen.items()}


def mark_for_int8(model: Any, ranges: dict[str, float]) -> None:
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
    for node, limit in zip(nodes, ranges.values(), strict=True):
        _mark(node.input(0), np.float32(limit), _SIGNED_LEVELS)
        weights = node.input(1).get_source_output().get_node()
        axis = 0 if node.get_type_name() == "Convolution" else 1
        others = tuple(i for i in range(4) if i != axis)
        _mark(node.input(1), np.abs(_constant(weights)).max(axis=others, keepdims=True), 255)


def _constant(node: Any) -> Any:
    # Weights stored as half precision reach the convolution through a conversion.
    while node.get_type_name() != "Constant":
        node = node.input(0).get_source_output().get_node()
    return np.asarray(node.get_data(), dtype=np.float32)


def _mark(target: Any, limit: Any, levels: int) -> None:
    from openvino import opset13 as ops

    high = np.maximum(np.asarray(limit, dtype=np.float32), 1e-8)
    low = -high * (levels / 2) / (levels / 2 - 1) if levels % 2 == 0 else -high
    source = target.get_source_output()
    bounds = [ops.constant(value) for value in (low, high, low, high)]
    target.replace_source_output(ops.fake_quantize(source, *bounds, levels).output(0))
