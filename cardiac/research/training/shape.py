"""Training of the AR-VAE: outlines of experts' masks in, one file of weights out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiac.errors import SettingsError
from cardiac.extras import needs
from cardiac.research.training.loop import learning_rate_share, log_row, save_checkpoint
from cardiac.research.training.shape_build import build_model, principal_components
from cardiac.research.training.shape_data import TrainingShapes, expert_shapes
from cardiac.research.training.shape_losses import attribute_loss, divergence
from cardiac.research.training.shape_network import build_network
from cardiac.research.training.shape_settings import TrainShapeSettings
from cardiac.shape.weights import write_shape_model

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

COLUMNS = ("epoch", "loss", "distance", "divergence", "order", "phase", "learning_rate", "seconds")


def train(
    settings: TrainShapeSettings,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Path:
    """Train on the experts' masks of a CAMUS folder; see `fit`."""
    shapes = expert_shapes(settings.data, settings.manifest, settings.holdout)
    return fit(settings, shapes, on_epoch)


def fit(
    settings: TrainShapeSettings,
    shapes: TrainingShapes,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Path:
    """Train and write ``shape.safetensors``; resumes an unfinished run in the same folder.

    Args:
        settings: How to train.
        shapes: Experts' shapes: what is learnt, and whose codes make density and bank.
        on_epoch: Called after every epoch with its number and losses.

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
    run = _Run(settings, Fabric(accelerator="auto", devices=1), shapes)
    while run.epoch < settings.epochs:
        row = run.one_epoch()
        if on_epoch:
            on_epoch(row)
    state = {k: v.detach().cpu().numpy() for k, v in run.averaged.state_dict().items()}
    bundle = build_model(
        state, shapes, run.basis, settings.network, draws=settings.draws, seed=settings.seed
    )
    path = settings.out / "shape.safetensors"
    return write_shape_model(bundle, path, settings.network)


class _Run:
    """State of a training run: everything a checkpoint holds."""

    def __init__(self, settings: TrainShapeSettings, fabric: Any, shapes: TrainingShapes) -> None:
        import torch

        self.settings, self.fabric, self.shapes = settings, fabric, shapes
        self.basis = principal_components(shapes, settings.network.components)
        if len(self.basis.components) < settings.network.components:
            raise SettingsError(
                f"{len(shapes)} shapes do not give {settings.network.components} components.",
                hint="Train on more masks, or lower network.components.",
            )
        self.lengths = torch.from_numpy((self.basis.components**2).sum(axis=1)).float()
        self.steps = max(1, len(shapes) // settings.batch_size)
        network = build_network(settings.network, self.basis.signs)
        self.averaged = build_network(settings.network, self.basis.signs).eval()
        self.averaged.load_state_dict(network.state_dict())
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.network, self.optimizer = fabric.setup(network, optimizer)
        self.averaged.to(fabric.device)
        self.epoch = 0
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.settings.out / "checkpoint.ckpt"

    def _resume(self) -> None:
        import torch

        state = torch.load(self.checkpoint, map_location=self.fabric.device, weights_only=True)
        try:
            self.network.load_state_dict(state["network"])
            self.averaged.load_state_dict(state["averaged"])
        except RuntimeError as error:
            raise SettingsError(
                "the unfinished run is of a network of another size.",
                path=self.checkpoint,
                hint="Choose another folder with --out.",
            ) from error
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch = state["epoch"]
        log.info("resumed at epoch %d", self.epoch)

    def one_epoch(self) -> dict[str, float]:
        import torch

        # Seeded by epoch, so that a resumed run draws what an unbroken one would have drawn.
        rng = np.random.default_rng((self.settings.seed, self.epoch))
        torch.manual_seed(self.settings.seed * 100_003 + self.epoch)
        started = time.perf_counter()
        losses = [self._step(rng, step) for step in range(self.steps)]
        self.epoch += 1
        row = {"epoch": self.epoch, **dict(zip(COLUMNS[1:6], np.mean(losses, 0), strict=True))}
        row |= {
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "seconds": time.perf_counter() - started,
        }
        self._save(row)
        return row

    def _step(self, rng: np.random.Generator, step: int) -> list[float]:
        import torch

        s = self.settings
        progress = (self.epoch * self.steps + step) / (s.epochs * self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = s.learning_rate * learning_rate_share(progress, 0.05, s.decay)
        batch = self.shapes.draw(s.batch_size, s.mix, rng)
        tied, components, phase = (
            torch.from_numpy(a).float().to(self.fabric.device) for a in self.basis.inputs(*batch)
        )
        terms = self._terms(tied, components, phase)
        loss = terms[0] + s.beta * terms[1] + s.gamma * terms[2] + s.phase_weight * terms[3]
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.network, self.optimizer, max_norm=1.0)
        self.optimizer.step()
        self._average()
        return [float(loss.detach()), *(float(t.detach()) for t in terms)]

    def _terms(
        self, tied: torch.Tensor, components: torch.Tensor, phase: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Mean squared distance of a point in pixels², divergence, order, phase error."""
        import torch

        network = self.network.module
        mean, log_variance = self.network(tied, components)
        noise = torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        codes = mean + noise
        points = self.basis.mean.size // 2
        off = ((network.decode(codes) - components) ** 2 * self.lengths).sum(1) / points
        # A tied dimension moves the outline by itself, outside the network.
        moved = (noise[:, : tied.shape[1]] ** 2).sum(1) * self.basis.attribute_reach
        known = torch.isfinite(phase)
        guess = network.guess_phase(codes)
        return (
            (off + moved).mean(),
            divergence(mean[:, tied.shape[1] :], log_variance[:, tied.shape[1] :]),
            attribute_loss(codes[:, : tied.shape[1]], tied, self.settings.delta),
            ((guess - phase)[known] ** 2).mean() if known.any() else guess.sum() * 0,
        )

    def _average(self) -> None:
        import torch

        with torch.no_grad():
            source = self.network.module.state_dict()
            for name, value in self.averaged.state_dict().items():
                value.lerp_(source[name], 1 - self.settings.ema)

    def _save(self, row: dict[str, float]) -> None:
        log_row(self.settings.out / "log.csv", COLUMNS, row)
        if self.epoch % 50 and self.epoch < self.settings.epochs:
            return
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
        }
        save_checkpoint(state, self.checkpoint)
