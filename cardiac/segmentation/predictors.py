"""Engines that run the network: OpenVINO on processors, torch on GPUs and as the fallback.

Every engine is a callable from normalised images (N, 1, S, S) float32 to logits
(N, 4, S/2, S/2) float32, with a name and the precision it really runs in.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cardiac.errors import SettingsError
from cardiac.geometry import CANONICAL_SIZE, FloatArray
from cardiac.segmentation.weights import WeightsFile, load_network

log = logging.getLogger(__name__)


class Precision(StrEnum):
    """Arithmetic of the network.

    ``auto`` takes the fastest that the parity test allows on this machine: bfloat16 where the
    processor multiplies it natively, otherwise eight bits where the weights carry ranges.
    """

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"


class Engine(StrEnum):
    """What runs the network."""

    AUTO = "auto"
    OPENVINO = "openvino"
    TORCH = "torch"


class Predictor(Protocol):
    """An engine with the network loaded."""

    name: str
    precision: Precision

    def __call__(self, images: FloatArray) -> FloatArray:
        """Logits (N, 4, S/2, S/2) of images (N, 1, S, S)."""


class TorchPredictor:
    """The network in torch, on the GPU if there is one."""

    name = "torch"

    def __init__(self, weights: WeightsFile, precision: Precision = Precision.FLOAT32) -> None:
        import torch

        self.precision = (
            Precision.BFLOAT16 if precision == Precision.BFLOAT16 else Precision.FLOAT32
        )
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = load_network(weights).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, images: FloatArray) -> FloatArray:
        """Logits (N, 4, S/2, S/2) of images (N, 1, S, S)."""
        import torch

        half = self.precision == Precision.BFLOAT16
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            logits = self.network(torch.from_numpy(images).to(self.device))
        return np.asarray(logits.float().cpu().numpy(), dtype=np.float32)


class OpenVINOPredictor:
    """The network compiled by OpenVINO, converted once and cached by the hash of the weights."""

    name = "openvino"
    batch = 4

    def __init__(self, weights: WeightsFile, precision: Precision, threads: int = 0) -> None:
        import openvino

        core = openvino.Core()
        self.precision = _choose(precision, weights, core)
        int8 = self.precision == Precision.INT8
        kind = "int8" if int8 else "float"
        model = converted(weights.sha256, kind, core, lambda: _convert(weights, int8=int8))
        model.reshape([self.batch, 1, CANONICAL_SIZE, CANONICAL_SIZE])
        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "INFERENCE_PRECISION_HINT": "bf16" if self.precision == Precision.BFLOAT16 else "f32",
        }
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        compiled = core.compile_model(model, "CPU", options)
        self._queue = openvino.AsyncInferQueue(compiled)
        self._queue.set_callback(_store)

    def __call__(self, images: FloatArray) -> FloatArray:
        """Logits (N, 4, S/2, S/2) of images (N, 1, S, S)."""
        size = CANONICAL_SIZE // 2
        logits = np.empty((len(images), 4, size, size), dtype=np.float32)
        for start in range(0, len(images), self.batch):
            part = images[start : start + self.batch]
            if (
                len(part) < self.batch
            ):  # the graph has a fixed shape, and a frame never sees its neighbours
                part = np.concatenate([part, np.repeat(part[-1:], self.batch - len(part), axis=0)])
            self._queue.start_async([part], logits[start : start + self.batch])
        self._queue.wait_all()
        return logits


def _store(request: Any, target: FloatArray) -> None:
    target[:] = request.get_output_tensor().data[: len(target)]


def _choose(precision: Precision, weights: WeightsFile, core: Any) -> Precision:
    if precision == Precision.INT8 and not weights.activation_ranges:
        raise SettingsError(
            "these weights carry no ranges for eight-bit inference",
            path=weights.path,
            hint="Choose another precision.",
        )
    if precision != Precision.AUTO:
        return precision
    if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return Precision.BFLOAT16
    return Precision.INT8 if weights.activation_ranges else Precision.FLOAT32


def cache_folder() -> Path:
    """Folder for converted models: CARDIAC_CACHE, or the user's cache folder."""
    if folder := os.environ.get("CARDIAC_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "cardiac"


def converted(sha256: str, kind: str, core: Any, convert: Callable[[], Any]) -> Any:
    """A model of OpenVINO, from the cache of converted models or converted and put there.

    Args:
        sha256: Hash of its weights; "" for weights that have no file, which are not cached.
        kind: What was made of them.
        core: OpenVINO's core.
        convert: Makes the model.
    """
    import openvino

    if not sha256:
        return convert()
    path = cache_folder() / f"{sha256[:16]}-{openvino.__version__}-{kind}.xml"
    if path.exists() and path.with_suffix(".bin").exists():
        try:
            return core.read_model(path)
        except RuntimeError:
            log.warning("the cached model %s is damaged and is made again", path)
    model = convert()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{os.getpid()}-{path.name}")
        openvino.save_model(model, aside, compress_to_fp16=False)
        aside.with_suffix(".bin").replace(path.with_suffix(".bin"))
        aside.replace(path)
    except (OSError, RuntimeError) as error:
        log.info("the converted model could not be cached in %s: %s", path.parent, error)
    return model


def _convert(weights: WeightsFile, *, int8: bool) -> Any:
    import openvino
    import torch

    from cardiac.segmentation.quantize import fold_batch_norm, mark_for_int8

    network = fold_batch_norm(load_network(weights))
    example = torch.zeros(1, 1, CANONICAL_SIZE, CANONICAL_SIZE)
    model = openvino.convert_model(network, example_input=example)
    model.reshape([-1, 1, CANONICAL_SIZE, CANONICAL_SIZE])
    if int8:
        mark_for_int8(model, weights.activation_ranges)
    return model


def load_predictor(
    weights: WeightsFile,
    engine: Engine = Engine.AUTO,
    precision: Precision = Precision.AUTO,
    threads: int = 0,
) -> Predictor:
    """The fastest engine that this machine has, or the one that is asked for."""
    builders: dict[Engine, Callable[[], Predictor]] = {
        Engine.OPENVINO: lambda: OpenVINOPredictor(weights, precision, threads),
        Engine.TORCH: lambda: TorchPredictor(weights, precision),
    }
    if engine != Engine.AUTO:
        return builders[engine]()
    try:
        return builders[Engine.OPENVINO]()
    except ImportError:
        log.info("OpenVINO is not installed; torch runs the network")
        return builders[Engine.TORCH]()
