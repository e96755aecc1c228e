"""Runs the small networks frame by frame, in OpenVINO where it is installed, otherwise in torch."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from cardiac.geometry import FloatArray
from cardiac.segmentation.predictors import cache_folder
from cardiac.uncertainty.grid import SIDE
from cardiac.uncertainty.networks import FUSED_CHANNELS, build_crisp, build_fused
from cardiac.uncertainty.weights import UncertaintyWeights, load_state

log = logging.getLogger(__name__)
BATCH = 4


class Runner:
    """Image encoder and learned doubt, loaded once.

    Args:
        weights: Trained networks.
        openvino: Whether to try OpenVINO.
    """

    def __init__(self, weights: UncertaintyWeights, *, openvino: bool = True) -> None:
        self._weights = weights
        self._encode = self._build("encoder", [(BATCH, 1, SIDE, SIDE)], openvino)
        self._doubt = self._build(
            "doubt", [(BATCH, FUSED_CHANNELS, SIDE, SIDE), (BATCH, 1, SIDE, SIDE)], openvino
        )

    def encode(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Unit codes (N, p) and strangeness (N,) of normalised images (N, h, w)."""
        found = _in_batches(self._encode, images[:, None])
        codes, odds = found[:, :-1], found[:, -1]
        codes = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-9)
        return codes, np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)

    def doubt(self, evidence: FloatArray, odds: FloatArray) -> FloatArray:
        """Log odds (N, h, w) of what `fused_inputs` gave."""
        return _in_batches(self._doubt, evidence, odds)[:, 0]

    def _build(
        self, part: str, shapes: list[tuple[int, ...]], openvino: bool
    ) -> Callable[..., FloatArray]:
        if openvino:
            try:
                return _in_openvino(self._weights, part, shapes)
            except ImportError:
                log.info("OpenVINO is not installed; torch runs the uncertainty")
        return _in_torch(module(self._weights, part))


def module(weights: UncertaintyWeights, part: str) -> Any:
    """The ``encoder`` or the ``doubt`` as one torch module with its weights."""
    import torch

    if part == "doubt":
        return load_state(build_fused(weights.network), weights.state, "fused.")
    crisp: Any = load_state(build_crisp(weights.network), weights.state, "crisp.")

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image, self.projection = crisp["image"], crisp["image_projection"]
            self.strange = crisp["strange"]

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = self.image(images)
            return torch.cat([self.projection(features), self.strange(features)], dim=1)

    return Encoder().eval()


def _in_torch(network: Any) -> Callable[..., FloatArray]:
    import torch

    def run(*inputs: FloatArray) -> FloatArray:
        with torch.inference_mode():
            found = network(*(torch.from_numpy(i) for i in inputs))
        return np.asarray(found.numpy(), dtype=np.float32)

    return run


def _in_openvino(
    weights: UncertaintyWeights, part: str, shapes: list[tuple[int, ...]]
) -> Callable[..., FloatArray]:
    """The part compiled, from the cache of converted models or converted and put there."""
    import openvino

    core = openvino.Core()
    path = cache_folder() / f"{weights.sha256[:16]}-{openvino.__version__}-{part}.xml"
    model = None
    if weights.sha256 and path.exists() and path.with_suffix(".bin").exists():
        try:
            model = core.read_model(path)
        except RuntimeError:
            log.warning("the cached model %s is damaged and is made again", path)
    if model is None:
        import torch

        example = tuple(torch.zeros(shape) for shape in shapes)
        model = openvino.convert_model(module(weights, part), example_input=example)
        model.reshape({index: list(shape) for index, shape in enumerate(shapes)})
        _keep(model, path if weights.sha256 else None)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(*inputs: FloatArray) -> FloatArray:
        return np.array(compiled(list(inputs))[0], dtype=np.float32)

    return run


def _keep(model: Any, path: Any) -> None:
    import openvino

    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{os.getpid()}-{path.name}")
        openvino.save_model(model, aside, compress_to_fp16=False)
        aside.with_suffix(".bin").replace(path.with_suffix(".bin"))
        aside.replace(path)
    except (OSError, RuntimeError) as error:
        log.info("the converted model could not be cached in %s: %s", path.parent, error)


def _in_batches(run: Callable[..., FloatArray], *inputs: FloatArray) -> FloatArray:
    """Batches of one fixed size, the last filled up: a frame's answer is then always the same."""
    count = len(inputs[0])
    found = []
    for start in range(0, count, BATCH):
        parts = [np.ascontiguousarray(i[start : start + BATCH]) for i in inputs]
        missing = BATCH - len(parts[0])
        if missing:
            parts = [np.concatenate([p, np.repeat(p[-1:], missing, axis=0)]) for p in parts]
        found.append(run(*parts)[: BATCH - missing])
    return np.concatenate(found)
