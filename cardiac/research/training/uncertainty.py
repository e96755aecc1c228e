"""Training of the encoders and of the learned doubt, and their calibration: resumable by epoch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from cardiac.research.training.augment import AugmentSettings
from cardiac.research.training.loop import learning_rate_share, log_row, save_checkpoint
from cardiac.research.training.uncertainty_examples import Examples
from cardiac.research.training.uncertainty_fit import (
    coarse_labels,
    crisp_loss,
    doubt_loss,
    one_hot,
    without_own,
)
from cardiac.uncertainty.bank import Bank, pack
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.crisp import shares_of
from cardiac.uncertainty.networks import (
    COARSE,
    UncertaintyNetworkSettings,
    build_crisp,
    build_fused,
    normalized,
)
from cardiac.uncertainty.weights import UncertaintyWeights

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
COLUMNS = ("stage", "epoch", "loss", "learning_rate", "seconds")
_BANK_VARIANTS = 3


class TrainUncertaintySettings(BaseModel):
    """Settings of ``cardiac train uncertainty``.

    Attributes:
        data: Folder of CAMUS patients in NIfTI.
        manifest: CSV of patients and splits.
        out: Folder for checkpoint, log and weights. An unfinished run there is resumed.
        holdout: Share of the training patients that is kept for the calibration; they must be
            those that the segmentation network was not trained on either. The intervals are
            calibrated on all, those it knows made up for; see
            `cardiac.research.training.conformal`.
        augmented, hardened, both: Variants of every still: augmented, made harder, and both.
        crisp_epochs, fused_epochs: Passes over the stills, each in a variant drawn anew.
        augment: Strength of the augmentation.
        batch_size: Examples a step.
        learning_rate: Peak; it rises, stays and falls to zero.
        weight_decay: Of AdamW.
        seed: Source of all randomness.
        threads: CPU threads; 0 leaves torch's choice.
        network: Sizes of the networks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    manifest: Path = Path("data_manifests/camus.csv")
    out: Path = Path("runs/uncertainty")
    holdout: float = 0.05
    augmented: int = 3
    hardened: int = 4
    both: int = 0
    augment: AugmentSettings = AugmentSettings()
    crisp_epochs: int = 24
    fused_epochs: int = 24
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    seed: int = 0
    threads: int = 0
    network: UncertaintyNetworkSettings = UncertaintyNetworkSettings()


class Training:
    """State of a training run: everything a checkpoint holds.

    Args:
        settings: How to train.
        examples: The network's answers with the experts' labels; those of held-out patients
            are not learnt from.
        strangers: (n, h, w) images that are no apical echo.
        on_epoch: Called after every epoch with its stage, number and loss.
    """

    def __init__(
        self,
        settings: TrainUncertaintySettings,
        examples: Examples,
        strangers: npt.NDArray[np.uint8],
        on_epoch: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        import torch

        self.settings, self.on_epoch = settings, on_epoch
        self.examples = examples
        self.learnt = np.flatnonzero(~examples.held)
        self.stills = np.flatnonzero(~examples.held & (examples.variant == 0))
        self.strangers = strangers
        torch.manual_seed(settings.seed)
        self.crisp: Any = build_crisp(settings.network)
        self.temperature = torch.nn.Parameter(torch.tensor(2.5))
        self.fused = build_fused(settings.network)
        settings.out.mkdir(parents=True, exist_ok=True)

    def run(self) -> UncertaintyWeights:
        """Train what is not trained yet; the calibration is still that of no patient."""
        s = self.settings
        crisp = [*self.crisp.parameters(), self.temperature]
        self._stage("crisp", s.crisp_epochs, self.crisp, crisp, self._crisp_step)
        bank = self.bank()
        self.odd = self._disagreement(bank)
        self._stage("fused", s.fused_epochs, self.fused, self.fused.parameters(), self._fused_step)
        state = {f"crisp.{k}": v.numpy() for k, v in self.crisp.state_dict().items()}
        state |= {f"fused.{k}": v.numpy() for k, v in self.fused.state_dict().items()}
        return UncertaintyWeights(s.network, state, bank, Calibration(), "", "")

    def _stage(
        self,
        name: str,
        epochs: int,
        network: torch.nn.Module,
        parameters: Any,
        step: Callable[[npt.NDArray[np.intp], np.random.Generator], torch.Tensor],
    ) -> None:
        import torch

        s = self.settings
        chosen = list(parameters)
        optimizer = torch.optim.AdamW(chosen, lr=s.learning_rate, weight_decay=s.weight_decay)
        path = s.out / f"{name}.ckpt"
        done = self._resume(path, network, optimizer) if path.exists() else 0
        steps = max(1, len(self.stills) // s.batch_size)
        for epoch in range(done, epochs):
            # Seeded by epoch, so that a resumed run draws what an unbroken one would have drawn.
            rng = np.random.default_rng((s.seed, epoch, len(name)))
            order, started, losses = self._order(rng), time.perf_counter(), []
            network.train()
            for number in range(steps):
                progress = (epoch * steps + number) / (epochs * steps)
                rate = s.learning_rate * learning_rate_share(progress, 0.05, 0.6)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                loss = step(order[number * s.batch_size : (number + 1) * s.batch_size], rng)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(chosen, 1.0)
                optimizer.step()
                losses.append(float(loss.detach()))
            row = {"stage": name, "epoch": epoch + 1, "loss": float(np.mean(losses))}
            row |= {"learning_rate": rate, "seconds": time.perf_counter() - started}
            self._save(path, network, optimizer, epoch + 1, row)
        network.eval()

    def _order(self, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        """Every still once, in a variant of its own; variants follow each other in the examples."""
        variants = int(self.examples.variant.max()) + 1
        count = len(self.examples) // variants
        order = rng.permutation(self.stills)
        return order + count * rng.integers(variants, size=len(order))

    def _crisp_step(self, chosen: npt.NDArray[np.intp], rng: np.random.Generator) -> torch.Tensor:
        import torch

        images = normalized(torch.from_numpy(self.examples.images[chosen])[:, None])
        labels = torch.from_numpy(coarse_labels(self.examples.truth[chosen]).astype(np.int64))
        odd = self.strangers[rng.integers(len(self.strangers), size=len(chosen) // 2)]
        strange = normalized(torch.from_numpy(odd)[:, None])
        return crisp_loss(self.crisp, self.temperature, images, labels, strange)

    def _fused_step(self, chosen: npt.NDArray[np.intp], rng: np.random.Generator) -> torch.Tensor:
        import torch

        e = self.examples
        labels = e.labels_of(chosen)
        for index in np.flatnonzero(rng.random(len(chosen)) < 0.15):
            # Other labels may be written than the network's: here they are moved a little.
            labels[index] = np.roll(labels[index], tuple(rng.integers(-4, 5, size=2)), (0, 1))
        shares = self.odd[chosen].astype(np.float32) / np.float32(255)
        inputs = e.images[chosen], e.logits[chosen], labels, 1 - shares_of(shares, labels)
        wrong = torch.from_numpy((labels != e.truth[chosen]).astype(np.float32))
        found = self.fused(*(torch.from_numpy(i if i.ndim == 4 else i[:, None]) for i in inputs))
        found = found[:, 0]
        return doubt_loss(found, wrong, torch.from_numpy(labels))

    def bank(self) -> Bank:
        """Codes and masks of the stills as they are, and of some as the augmentation moved them."""
        import torch

        e = self.examples
        rows = self.learnt[
            e.variant[self.learnt] < min(_BANK_VARIANTS, 1 + self.settings.augmented)
        ]
        masks = coarse_labels(e.truth[rows])
        rows, masks = rows[masks.any(axis=(1, 2))], masks[masks.any(axis=(1, 2))]
        with torch.inference_mode():
            codes = [
                self.crisp["mask_projection"](self.crisp["mask"](one_hot(torch.from_numpy(part))))
                for part in np.array_split(masks.astype(np.int64), max(1, len(masks) // 64))
            ]
        self.bank_patient = e.patient[rows]
        unit = torch.nn.functional.normalize(torch.cat(codes), dim=1)
        return Bank(unit.numpy(), pack(masks), COARSE)

    def _disagreement(self, bank: Bank) -> npt.NDArray[np.uint8]:
        """(N, 4, s, s) shares of the labels in the bank, each patient's own masks left out."""
        import torch

        e = self.examples
        shares = np.empty((len(e), 4, COARSE, COARSE), dtype=np.uint8)
        for start in range(0, len(e), 64):
            part = slice(start, start + 64)
            with torch.inference_mode():
                images = normalized(torch.from_numpy(e.images[part])[:, None])
                codes = self.crisp["image_projection"](self.crisp["image"](images))
                unit = torch.nn.functional.normalize(codes, dim=1).numpy()
            cosine = without_own(bank.cosine(unit), e.patient[part], self.bank_patient)
            shares[part] = np.rint(bank.shares(cosine) * 255)
        return shares

    def _resume(self, path: Path, network: torch.nn.Module, optimizer: Any) -> int:
        import torch

        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        self.temperature.data.copy_(state["temperature"])
        log.info("%s resumed at epoch %d", path.stem, state["epoch"])
        return int(state["epoch"])

    def _save(
        self,
        path: Path,
        network: torch.nn.Module,
        optimizer: Any,
        epoch: int,
        row: dict[str, Any],
    ) -> None:
        state = {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "temperature": self.temperature.data,
            "epoch": epoch,
        }
        save_checkpoint(state, path)
        log_row(self.settings.out / "log.csv", COLUMNS, row)
        if self.on_epoch:
            self.on_epoch(row)
