"""Training of the segmentation network: one loop, resumable at every epoch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from cardiac.extras import needs
from cardiac.geometry import CANONICAL_SIZE, Mask
from cardiac.labels import STRUCTURES
from cardiac.research.data import canonical_arrays, labelled_stills, patients_of
from cardiac.research.training.augment import Augmenter, AugmentSettings, normalize
from cardiac.research.training.export_weights import export_weights
from cardiac.research.training.loop import held_out, learning_rate_share, log_row, save_checkpoint
from cardiac.research.training.losses import segmentation_loss
from cardiac.segmentation.network import NetworkSettings, build_network, unique_state
from cardiac.segmentation.weights import load_network, open_weights

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

RANGE_IMAGES = 64


class TrainSegmentationSettings(BaseModel):
    """Settings of ``cardiac train segmentation``.

    Attributes:
        data: Folder of CAMUS patients in NIfTI.
        manifest: CSV of patients and splits.
        out: Folder for checkpoint, log and weights. An unfinished run there is resumed.
        unlabelled: Folder of cines without masks, to learn from as far as our own masks of them
            can be believed; see `cardiac.research.training.pseudo_labels`.
        start: Weights to start from, to train further; random ones without.
        epochs: Passes over the training images.
        batch_size: Images per step.
        learning_rate: Peak learning rate; it rises over two epochs, stays, and falls to
            zero over the last ``decay`` share of the epochs.
        weight_decay: Of AdamW.
        ema: Share of the averaged weights kept at each step; the average is what is shipped.
        cache_size: Side of the square that images are kept at before augmentation.
        seed: Source of all randomness.
        threads: CPU threads for training; 0 leaves torch's choice.
        holdout: Share of the training patients kept out to watch the Dice on.
        validate_every: Epochs between two measurements on the held-out tenth of ``train``.
        network: Shape of the network.
        augment: Strength of the augmentation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    manifest: Path = Path("data_manifests/camus.csv")
    out: Path = Path("runs/segmentation")
    unlabelled: Path | None = None
    start: Path | None = None
    epochs: int = 120
    batch_size: int = 8
    learning_rate: float = 2e-3
    decay: float = 0.4
    weight_decay: float = 0.01
    ema: float = 0.996
    cache_size: int = 320
    seed: int = 0
    threads: int = 0
    validate_every: int = 5
    holdout: float = 0.0
    network: NetworkSettings = NetworkSettings()
    augment: AugmentSettings = AugmentSettings()


def train(
    settings: TrainSegmentationSettings, on_epoch: Callable[[dict[str, float]], None] | None = None
) -> Path:
    """Train and write ``weights.safetensors``; resumes an unfinished run in the same folder.

    Args:
        settings: What to train on and how.
        on_epoch: Called after every epoch with its number, losses and Dice.

    Returns:
        Path of the weights.
    """
    import torch

    with needs("train", "training"):
        from lightning_fabric import Fabric, seed_everything

    if settings.threads:
        torch.set_num_threads(settings.threads)
    seed_everything(settings.seed, verbose=False)
    settings.out.mkdir(parents=True, exist_ok=True)
    fabric = Fabric(accelerator="auto", devices=1)
    images, masks, tuning = _load(settings)
    run = _Run(settings, fabric, steps_per_epoch=max(1, len(images) // settings.batch_size))
    while run.epoch < settings.epochs:
        row = run.one_epoch(images, masks)
        if tuning and run.epoch % settings.validate_every == 0:
            row |= mean_dice(run.averaged, *tuning)
        run.save(row)
        if on_epoch:
            on_epoch(row)
    return run.export(images, masks)


def _load(
    settings: TrainSegmentationSettings,
) -> tuple[npt.NDArray[np.uint8], Mask, tuple[npt.NDArray[np.uint8], Mask] | None]:
    patients = patients_of("train", settings.manifest)
    out = held_out(patients, settings.holdout)
    held, kept = [p for p in patients if p in out], [p for p in patients if p not in out]
    stills = labelled_stills(settings.data, kept)
    if settings.unlabelled is not None:
        from cardiac.research.training.pseudo_labels import pseudo_labelled

        stills = chain(stills, pseudo_labelled(settings.unlabelled))
    images, masks = canonical_arrays(stills, settings.cache_size)
    if not held:
        return images, masks, None
    tuning = canonical_arrays(labelled_stills(settings.data, held), CANONICAL_SIZE)
    return images, masks, tuning


def _first_network(settings: TrainSegmentationSettings) -> torch.nn.Module:
    if settings.start is None:
        return build_network(settings.network)
    return load_network(open_weights(settings.start))


class _Run:
    """State of a training run: everything a checkpoint holds."""

    def __init__(
        self, settings: TrainSegmentationSettings, fabric: Any, steps_per_epoch: int
    ) -> None:
        import torch

        self.settings, self.fabric, self.steps = settings, fabric, steps_per_epoch
        network = _first_network(settings).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = build_network(settings.network).eval()
        self.averaged.load_state_dict(network.state_dict())
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.network, self.optimizer = fabric.setup(network, optimizer)
        self.averaged.to(fabric.device)
        self.epoch = 0
        self.generator = torch.Generator()
        self.augment = Augmenter(settings.augment, CANONICAL_SIZE, self.generator)
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.settings.out / "checkpoint.ckpt"

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
        }

    def _resume(self) -> None:
        import torch

        state = torch.load(self.checkpoint, map_location=self.fabric.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch = state["epoch"]
        log.info("resumed at epoch %d", self.epoch)

    def one_epoch(self, images: npt.NDArray[np.uint8], masks: Mask) -> dict[str, float]:
        import torch

        # Seeded by epoch, so that a resumed run draws what an unbroken one would have drawn.
        self.generator.manual_seed(self.settings.seed * 100_003 + self.epoch)
        order = torch.randperm(len(images), generator=self.generator).numpy()
        started, losses = time.perf_counter(), []
        self.network.train()
        for step in range(self.steps):
            chosen = order[step * self.settings.batch_size : (step + 1) * self.settings.batch_size]
            losses.append(self._step(images[chosen], masks[chosen], step))
        self.epoch += 1
        return {
            "epoch": self.epoch,
            "loss": float(np.mean(losses)),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "seconds": time.perf_counter() - started,
        }

    def _step(self, images: npt.NDArray[np.uint8], masks: Mask, step: int) -> float:
        import torch

        s = self.settings
        total = s.epochs * self.steps
        progress = (self.epoch * self.steps + step) / total
        share = learning_rate_share(progress, min(0.1, 2 * self.steps / total), s.decay)
        for group in self.optimizer.param_groups:
            group["lr"] = s.learning_rate * share
        x = torch.from_numpy(images)[:, None].float() / 255
        x, y = self.augment(x, torch.from_numpy(masks)[:, None].float())
        x = normalize(x).to(self.fabric.device, memory_format=torch.channels_last)
        loss = segmentation_loss(self.network(x), y.to(self.fabric.device))
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.network, self.optimizer, max_norm=1.0)
        self.optimizer.step()
        self._average()
        return float(loss.detach())

    def _average(self) -> None:
        import torch

        with torch.no_grad():
            source = unique_state(self.network.module)
            for name, value in unique_state(self.averaged).items():
                if value.is_floating_point():
                    value.lerp_(source[name], 1 - self.settings.ema)
                else:
                    value.copy_(source[name])

    def save(self, row: dict[str, float]) -> None:
        save_checkpoint(self._state(), self.checkpoint)
        columns = ["epoch", "loss", "learning_rate", "seconds"] + [
            f"dice_{s.name.lower()}" for s in STRUCTURES
        ]
        log_row(self.settings.out / "log.csv", columns, row)

    def export(self, images: npt.NDArray[np.uint8], masks: Mask) -> Path:
        """Write the averaged weights, with activation ranges from augmented training images."""
        import torch

        self.generator.manual_seed(self.settings.seed)
        order = torch.randperm(len(images), generator=self.generator).numpy()[:RANGE_IMAGES]
        batches = []
        for chosen in np.array_split(order, max(1, len(order) // self.settings.batch_size)):
            x = torch.from_numpy(images[chosen])[:, None].float() / 255
            x, _ = self.augment(x, torch.from_numpy(masks[chosen])[:, None].float())
            batches.append(normalize(x))
        path = self.settings.out / "weights.safetensors"
        return export_weights(self.averaged, self.settings.network, batches, path)


def mean_dice(
    network: torch.nn.Module, images: npt.NDArray[np.uint8], masks: Mask
) -> dict[str, float]:
    """Mean Dice of each structure at half the canonical resolution (a quick look, not a result)."""
    import torch

    scores = []
    with torch.inference_mode():
        for start in range(0, len(images), 8):
            x = torch.from_numpy(images[start : start + 8])[:, None].float() / 255
            predicted = network(normalize(x)).argmax(1).numpy()
            truth = masks[start : start + 8, ::2, ::2]
            for p, t in zip(predicted, truth, strict=True):
                scores.append(
                    [
                        2 * ((p == s) & (t == s)).sum() / max(1, (p == s).sum() + (t == s).sum())
                        for s in STRUCTURES
                    ]
                )
    return {
        f"dice_{s.name.lower()}": float(v)
        for s, v in zip(STRUCTURES, np.mean(scores, 0), strict=True)
    }
