"""Training of the view network: one loop, resumable at every epoch, calibrated at its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from cardiac.io.files import write_tensors
from cardiac.labels import Label
from cardiac.research.data import canonical_arrays, labelled_stills, patients_of
from cardiac.research.training.loop import held_out, learning_rate_share, log_row, save_checkpoint
from cardiac.research.training.view_examples import ViewExamples, ViewExampleSettings, ViewPictures
from cardiac.segmentation.view import ViewClassifier, normalized
from cardiac.segmentation.view_network import (
    CLASSES,
    FLIPPED,
    ViewClass,
    ViewNetworkSettings,
    build_view_network,
)
from cardiac.types import Array, ByteArray

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
_SIDE = 128
_PHOTOGRAPHS = (
    "astronaut", "brick", "camera", "cat", "cell", "coffee", "coins", "colorwheel", "grass",
    "gravel", "horse", "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina",
    "rocket", "text", "clock", "microaneurysms",
)  # fmt: skip
_VIEWS = {"4CH": ViewClass.A4C, "2CH": ViewClass.A2C}


class TrainViewSettings(BaseModel):
    """Settings of ``cardiac train view``.

    Attributes:
        data: Folder of CAMUS patients in NIfTI, both views.
        manifest: CSV of patients and splits.
        others: Files of echo that is no apical view; some of their frames are shown, too.
        out: Folder for checkpoint, log and weights. An unfinished run there is resumed.
        epochs: Passes over the training pictures.
        batch_size: Pictures per step.
        learning_rate: Peak learning rate.
        weight_decay: Of AdamW.
        smoothing: Probability given to the other classes.
        ema: Share of the averaged weights kept at each step; the average is what is shipped.
        holdout: Share of the training patients kept out to set the temperature on.
        seed: Source of all randomness.
        threads: CPU threads; 0 leaves torch's choice.
        network: Shape of the network.
        examples: What is done to the pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    manifest: Path = Path("data_manifests/camus.csv")
    others: tuple[Path, ...] = ()
    out: Path = Path("runs/view")
    epochs: int = 60
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    smoothing: float = 0.02
    ema: float = 0.99
    holdout: float = 0.1
    seed: int = 0
    threads: int = 0
    network: ViewNetworkSettings = ViewNetworkSettings()
    examples: ViewExampleSettings = ViewExampleSettings()


def train(
    settings: TrainViewSettings, on_epoch: Callable[[dict[str, float]], None] | None = None
) -> Path:
    """Train and write ``view.safetensors``; resumes an unfinished run in the same folder."""
    import torch

    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    settings.out.mkdir(parents=True, exist_ok=True)
    patients = patients_of("train", settings.manifest)
    out = held_out(patients, settings.holdout)
    others = _others(settings.others)
    seen = _pictures(settings.data, [p for p in patients if p not in out], others)
    held = _pictures(settings.data, [p for p in patients if p in out], others)
    run = _Run(settings, seen)
    while run.epoch < settings.epochs:
        row = run.one_epoch()
        if run.epoch % 5 == 0 or run.epoch == settings.epochs:
            row["accuracy"] = _accuracy(*_judged(run.averaged, settings, held))
        run.save(row)
        if on_epoch:
            on_epoch(row)
    logits, labels = _judged(run.averaged, settings, held)
    return _export(run.averaged, settings, best_temperature(logits, labels))


def _pictures(data: Path, patients: Sequence[str], others: ByteArray) -> ViewPictures:
    stills = list(labelled_stills(data, patients))
    images, masks = canonical_arrays(iter(stills), _SIDE)
    hearts = np.array(
        [
            np.argwhere(mask == Label.LV).mean(axis=0) / _SIDE
            if (mask == Label.LV).any()
            else (0.5, 0.5)
            for mask in masks
        ]
    )
    views = np.array([CLASSES.index(_VIEWS[still.view]) for still in stills])
    return ViewPictures(images, hearts, views, others)


def _others(files: Sequence[Path]) -> ByteArray:
    """(M, S, S) photographs, and frames of echo that is no apical view."""
    import skimage.data

    from cardiac.io import read
    from cardiac.io.color import luma

    images = []
    for name in _PHOTOGRAPHS:
        picture = np.asarray(getattr(skimage.data, name)())
        if picture.dtype == bool:
            picture = picture.astype(np.uint8) * 255
        images.append(_square(luma(picture[..., :3]) if picture.ndim == 3 else picture))
    for path in files:
        sequence = read(path)
        chosen = np.linspace(0, len(sequence) - 1, 6).astype(int)
        planes = sequence.grid.to_canonical(sequence.frames[chosen])
        images += list(np.rint(planes).astype(np.uint8))
    return np.stack(
        [np.asarray(cv2.resize(i, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)) for i in images]
    )


def _square(picture: ByteArray) -> ByteArray:
    side = min(picture.shape)
    top, left = (n - side for n in picture.shape)
    return np.ascontiguousarray(picture[top // 2 : top // 2 + side, left // 2 : left // 2 + side])


class _Run:
    """State of a training run: everything a checkpoint holds."""

    def __init__(self, settings: TrainViewSettings, pictures: ViewPictures) -> None:
        import torch

        self.settings, self.pictures, self.epoch = settings, pictures, 0
        self.network = build_view_network(settings.network)
        self.averaged = build_view_network(settings.network).eval()
        self.averaged.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.epoch = state["epoch"]
            log.info("resumed at epoch %d", self.epoch)

    @property
    def checkpoint(self) -> Path:
        return self.settings.out / "checkpoint.ckpt"

    def one_epoch(self) -> dict[str, float]:
        import torch
        from torch.nn.functional import cross_entropy

        s = self.settings
        # Seeded by epoch, so that a resumed run draws what an unbroken one would have drawn.
        rng = np.random.default_rng([s.seed, self.epoch])
        examples = ViewExamples(self.pictures, s.examples, rng)
        order = rng.permutation(len(self.pictures.images))
        steps = max(1, len(order) // s.batch_size)
        started, losses = time.perf_counter(), []
        self.network.train()
        for step in range(steps):
            progress = (self.epoch * steps + step) / (s.epochs * steps)
            for group in self.optimizer.param_groups:
                group["lr"] = s.learning_rate * learning_rate_share(progress, 0.05, 0.6)
            chosen = order[step * s.batch_size : (step + 1) * s.batch_size]
            images, labels = examples.batch(chosen)
            logits = self.network(torch.from_numpy(normalized(images))[:, None])
            loss = cross_entropy(logits, torch.from_numpy(labels), label_smoothing=s.smoothing)
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
            self.optimizer.step()
            self._average(min(s.ema, (1 + self.epoch * steps + step) / 20))
            losses.append(float(loss.detach()))
        self.epoch += 1
        return {
            "epoch": self.epoch,
            "loss": float(np.mean(losses)),
            "seconds": time.perf_counter() - started,
        }

    def _average(self, kept: float) -> None:
        import torch

        with torch.no_grad():
            source = self.network.state_dict()
            for name, value in self.averaged.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(source[name], 1 - kept)
                else:
                    value.copy_(source[name])

    def save(self, row: dict[str, float]) -> None:
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
        }
        save_checkpoint(state, self.checkpoint)
        log_row(self.settings.out / "log.csv", ["epoch", "loss", "seconds", "accuracy"], row)


def _judged(
    network: torch.nn.Module, settings: TrainViewSettings, held: ViewPictures
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Logits and classes of four random examples of each held-out picture, others among them."""
    rng = np.random.default_rng([settings.seed, 10**6])
    examples = ViewExamples(held, settings.examples, rng)
    images, labels = examples.batch(np.tile(np.arange(len(held.images)), 4))
    network.eval()
    return ViewClassifier(network, 1.0).logits(images), labels


def _accuracy(logits: Array, labels: npt.NDArray[np.intp]) -> float:
    return float((logits.argmax(axis=1) == labels).mean())


def best_temperature(logits: Array, labels: npt.NDArray[np.intp]) -> float:
    """Temperature that the logits (N, C) are divided by for the least cross-entropy.

    Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(log_temperature: float) -> float:
        scores = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scores[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x))


def _export(network: torch.nn.Module, settings: TrainViewSettings, temperature: float) -> Path:
    state = {
        name: (value.half() if value.is_floating_point() else value).numpy()
        for name, value in network.state_dict().items()
    }
    metadata = {
        "view_network": settings.network.model_dump_json(),
        "temperature": f"{temperature:.4f}",
        "classes": ",".join(CLASSES),
        "flipped": ",".join(map(str, FLIPPED)),
    }
    return write_tensors(settings.out / "view.safetensors", state, metadata)
