"""Runs the small networks frame by frame, in OpenVINO where it is installed, otherwise in torch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiac.geometry import Mask
from cardiac.segmentation.predictors import converted
from cardiac.types import Array32, ByteArray
from cardiac.uncertainty.method_input import SIDE
from cardiac.uncertainty.networks import build_crisp, build_encoder, build_error_detection
from cardiac.uncertainty.weights import UncertaintyWeights, load_state

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
BATCH = 4
ENCODER, ERRORS = "image-encoder", "error-detection"
"""The two networks, also in the names of converted models."""


class Runner:
    """Image encoder and error-detection network, loaded once.

    Args:
        weights: Trained networks.
        openvino: Whether to try OpenVINO.
    """

    def __init__(self, weights: UncertaintyWeights, *, openvino: bool = True) -> None:
        self._weights = weights
        self._openvino = openvino
        self._encode = self._build(ENCODER)
        self._detect = self._build(ERRORS)

    def encode(self, images: ByteArray) -> tuple[Array32, Array32]:
        """Unit codes (N, p) and OOD scores (N,) of grey levels (N, h, w)."""
        found = self._encode(images[:, None])
        codes, odds = found[:, :-1], found[:, -1]
        codes = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-9)
        return codes, np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)

    def detect_errors(
        self,
        images: ByteArray,
        logits: npt.NDArray[np.float16],
        labels: Mask,
        disagreement: Array32,
    ) -> Array32:
        """Log odds (N, h, w) that labels are wrong; see `build_error_detection`."""
        found = self._detect(images[:, None], logits, labels[:, None], disagreement[:, None])
        return found[:, 0]

    def _build(self, part: str) -> Callable[..., Array32]:
        if self._openvino:
            try:
                return _in_openvino(self._weights, part)
            except ImportError:
                log.info("OpenVINO is not installed; torch runs the uncertainty")
        return _in_torch(module(self._weights, part))


def module(weights: UncertaintyWeights, part: str) -> Any:
    """The image encoder or the error-detection network in torch, with its weights."""
    if part == ERRORS:
        return load_state(build_error_detection(weights.network), weights.state, "fused.")
    crisp: Any = load_state(build_crisp(weights.network), weights.state, "crisp.")
    return build_encoder(crisp).eval()


def _examples(part: str) -> tuple[torch.Tensor, ...]:
    """Inputs of the types and shapes that a part is run with."""
    import torch

    image = torch.zeros(BATCH, 1, SIDE, SIDE, dtype=torch.uint8)
    if part == ENCODER:
        return (image,)
    return image, torch.zeros(BATCH, 4, SIDE, SIDE, dtype=torch.float16), image, image.float()


def _in_torch(network: Any) -> Callable[..., Array32]:
    import torch

    def run(*inputs: npt.NDArray[np.generic]) -> Array32:
        found = []
        with torch.inference_mode():
            for parts, count in _batches(inputs):
                found.append(network(*(torch.from_numpy(p) for p in parts)).numpy()[:count])
        return np.concatenate(found)

    return run


def _in_openvino(weights: UncertaintyWeights, part: str) -> Callable[..., Array32]:
    """The part compiled, from the cache of converted models or converted and put there."""
    import openvino

    core = openvino.Core()

    def convert() -> Any:
        examples = _examples(part)
        model = openvino.convert_model(module(weights, part), example_input=examples)
        model.reshape({index: list(e.shape) for index, e in enumerate(examples)})
        return model

    model = converted(weights.sha256, part, core, convert)
    options = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(model, "CPU", options)
    queue = openvino.AsyncInferQueue(compiled)

    def run(*inputs: npt.NDArray[np.generic]) -> Array32:
        shape = list(compiled.output(0).shape)[1:]
        found = np.empty((len(inputs[0]), *shape), dtype=np.float32)

        def store(request: Any, place: tuple[int, int]) -> None:
            start, count = place
            found[start : start + count] = request.get_output_tensor().data[:count]

        queue.set_callback(store)
        start = 0
        for parts, count in _batches(inputs):
            queue.start_async(dict(enumerate(parts)), (start, count))
            start += count
        queue.wait_all()
        return found

    return run


def _batches(
    inputs: tuple[npt.NDArray[np.generic], ...],
) -> Iterator[tuple[list[npt.NDArray[np.generic]], int]]:
    """Batches of one fixed size, the last filled up: a frame's answer is then always the same."""
    for start in range(0, len(inputs[0]), BATCH):
        parts = [np.ascontiguousarray(i[start : start + BATCH]) for i in inputs]
        count = len(parts[0])
        if count < BATCH:
            parts = [np.concatenate([p, np.repeat(p[-1:], BATCH - count, axis=0)]) for p in parts]
        yield parts, count
