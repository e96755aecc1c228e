"""Writing trained weights as they are shipped: half precision, with ranges for eight bits."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.io.files import write_tensors
from cardiac.segmentation.network import NetworkSettings, unique_state
from cardiac.segmentation.quantize import fold_batch_norm, measure_ranges

if TYPE_CHECKING:
    import torch


def export_weights(
    network: torch.nn.Module,
    settings: NetworkSettings,
    batches: Iterable[torch.Tensor],
    path: Path,
) -> Path:
    """Write weights, network settings and activation ranges as one safetensors file.

    Args:
        network: Trained, in evaluation mode.
        settings: Its shape.
        batches: Normalised training images (N, 1, S, S) to measure the ranges on.
        path: File to write.
    """
    state = {
        name: (value.detach().half() if value.is_floating_point() else value.detach()).cpu().numpy()
        for name, value in unique_state(network).items()
    }
    folded = copy.deepcopy(network).cpu()
    ranges = measure_ranges(fold_batch_norm(folded.eval()), batches)
    metadata = {"network": settings.model_dump_json(), "ranges": json.dumps(ranges)}
    return write_tensors(path, state, metadata)
