"""Training of the uncertainty: CRISP, the error-detection network, their calibration."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from cardiac.geometry import CANONICAL_SIZE
from cardiac.research.data import (
    canonical_arrays,
    labelled_stills,
    patients_of,
    photographs,
)
from cardiac.research.training.augment import AugmentSettings
from cardiac.research.training.loop import held_out, learning_rate_share, log_row, save_checkpoint
from cardiac.research.training.ood_examples import ood_images
from cardiac.research.training.uncertainty_calibration import (
    calibrate,
    still_errors,
    with_conformal_scores,
)
from cardiac.research.training.uncertainty_examples import Examples, corrupted, make_examples
from cardiac.research.training.uncertainty_losses import (
    coarse_labels,
    crisp_loss,
    error_loss,
    one_hot,
)
from cardiac.segmentation.normalise import normalise_each
from cardiac.segmentation.segmenter import Segmenter
from cardiac.shape import load_shape_model
from cardiac.types import Array32, ByteArray
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.networks import (
    COARSE,
    UncertaintyNetworkSettings,
    build_crisp,
    build_error_detection,
)
from cardiac.uncertainty.ood import ReferenceEmbeddings, pack_labels, votes_of
from cardiac.uncertainty.weights import UncertaintyWeights, load_state, load_uncertainty, save

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
COLUMNS = ("stage", "epoch", "loss", "learning_rate", "seconds")
OOD_IMAGES = 3000
REFERENCES = 2400
"""Masks that are kept: a kilobyte each."""
MOVED = 0.15
"""Fraction of label maps that are moved a little: others may be written than the network's."""
Show = Callable[[dict[str, Any]], None]


class TrainUncertaintySettings(BaseModel):
    """Settings of ``cardiac train uncertainty``.

    Attributes:
        data: Folder of CAMUS patients in NIfTI, with the views that there are.
        manifest: CSV of patients and splits.
        out: Folder for checkpoints, log and weights. An unfinished run there is resumed.
        start: Weights whose networks the training goes on from; from random ones without.
        holdout: Fraction of the training patients that is kept for the calibration; they must be
            those that the segmentation network was not trained on either. The intervals are
            calibrated on all, those it knows made up for; see
            `cardiac.research.training.uncertainty_calibration`.
        augmented, hardened: Variants of every still: augmented, and made harder.
        crisp_epochs, fused_epochs: Passes over the stills, each in a variant drawn anew. None of
            either keeps the networks of ``start``, and calibrates them for this network.
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
    start: Path | None = None
    holdout: float = 0.05
    augmented: int = 2
    hardened: int = 2
    augment: AugmentSettings = AugmentSettings()
    crisp_epochs: int = 10
    fused_epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    seed: int = 0
    threads: int = 0
    network: UncertaintyNetworkSettings = UncertaintyNetworkSettings()


def train(settings: TrainUncertaintySettings, segmenter: Segmenter, show: Show) -> Path:
    """Examples, training, calibration; returns the file of the weights.

    Args:
        settings: How to train.
        segmenter: The network whose errors are learnt.
        show: Called after every epoch with its stage, number and loss.
    """
    if settings.threads:
        import torch

        torch.set_num_threads(settings.threads)
    s, shape = settings, load_shape_model()
    patients = patients_of("train", s.manifest)
    held = held_out(patients, s.holdout)
    if s.start is not None and not (s.crisp_epochs or s.fused_epochs):
        weights = load_uncertainty(s.start)
    else:
        learnt = _examples(s, segmenter, [p for p in patients if p not in held])
        ood = ood_images(learnt.images[learnt.variant == 0], OOD_IMAGES, photographs(), s.seed)
        weights = UncertaintyTraining(s, learnt, ood, show).run()
        del learnt
    weights = replace(
        weights, segmentation_sha256=segmenter.weights.sha256, shape_sha256=shape.sha256
    )
    s.out.mkdir(parents=True, exist_ok=True)
    kept = _examples(s, segmenter, held, whole=True)
    weights = calibrate(weights, kept, shape.model, ordinary=1 + s.augmented, segmenter=segmenter)
    weights = calibrate_intervals(weights, segmenter, s.data, patients, held)
    return save(weights, s.out / "uncertainty.safetensors")


def calibrate_intervals(
    weights: UncertaintyWeights,
    segmenter: Segmenter,
    data: Path,
    patients: Collection[str],
    held: Collection[str],
) -> UncertaintyWeights:
    """Weights whose intervals are calibrated on CAMUS patients, view by view.

    Args:
        weights: Calibrated otherwise.
        segmenter: The network.
        data: Folder of CAMUS patients.
        patients: All who count.
        held: Those among them whom no network has learnt from.
    """
    estimator = Estimator(weights=weights, fast=False)
    errors = still_errors(labelled_stills(data, patients), held, segmenter, estimator)
    return with_conformal_scores(weights, errors)


def _examples(
    s: TrainUncertaintySettings,
    segmenter: Segmenter,
    patients: Collection[str],
    *,
    whole: bool = False,
) -> Examples:
    stills = list(labelled_stills(s.data, sorted(patients)))
    images, masks = canonical_arrays(iter(stills), CANONICAL_SIZE)
    return make_examples(
        images, masks, [x.patient for x in stills], [x.view for x in stills],
        segmenter.predictor, harden=corrupted, augmented=s.augmented, hardened=s.hardened,
        augment=s.augment, whole=whole, seed=s.seed,
    )  # fmt: skip


class UncertaintyTraining:
    """State of a training run: everything a checkpoint holds.

    Args:
        settings: How to train.
        examples: The network's answers with the experts' labels, of patients to learn from.
        ood: (n, h, w) images that are no apical echo.
        on_epoch: Called after every epoch with its stage, number and loss.
    """

    def __init__(
        self,
        settings: TrainUncertaintySettings,
        examples: Examples,
        ood: ByteArray,
        on_epoch: Show | None = None,
    ) -> None:
        import torch

        self.settings, self.on_epoch = settings, on_epoch
        self.examples, self.ood = examples, ood
        self.stills = np.flatnonzero(examples.variant == 0)
        torch.manual_seed(settings.seed)
        self.crisp: Any = build_crisp(settings.network)
        self.temperature = torch.nn.Parameter(torch.tensor(2.5))
        self.errors = build_error_detection(settings.network)
        if settings.start is not None:
            state = load_uncertainty(settings.start).state
            load_state(self.crisp, state, "crisp.")
            load_state(self.errors, state, "fused.")
        settings.out.mkdir(parents=True, exist_ok=True)

    def run(self) -> UncertaintyWeights:
        """Train what is not trained yet; the calibration is still that of no patient."""
        s = self.settings
        crisp = [*self.crisp.parameters(), self.temperature]
        self._stage("crisp", s.crisp_epochs, self.crisp, crisp, self._crisp_step)
        references = self.references()
        self.votes = self._votes(references)
        self._stage(
            "fused", s.fused_epochs, self.errors, self.errors.parameters(), self._error_step
        )
        state = {f"crisp.{k}": v.numpy() for k, v in self.crisp.state_dict().items()}
        state |= {f"fused.{k}": v.numpy() for k, v in self.errors.state_dict().items()}
        return UncertaintyWeights(s.network, state, references, Calibration(), "", "")

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

        images, truth = self.examples.images[chosen], self.examples.truth[chosen]
        flip = rng.random(len(chosen)) < 0.5
        images[flip], truth[flip] = images[flip, :, ::-1], truth[flip, :, ::-1]
        labels = torch.from_numpy(coarse_labels(truth).astype(np.int64))
        other = self.ood[rng.integers(len(self.ood), size=len(chosen) // 2)]
        grey = [normalise_each(torch.from_numpy(x)[:, None], blank=True) for x in (images, other)]
        return crisp_loss(self.crisp, self.temperature, grey[0], labels, grey[1])

    def _error_step(self, chosen: npt.NDArray[np.intp], rng: np.random.Generator) -> torch.Tensor:
        import torch

        e = self.examples
        labels = e.labels_of(chosen)
        for index in np.flatnonzero(rng.random(len(chosen)) < MOVED):
            labels[index] = np.roll(labels[index], tuple(rng.integers(-4, 5, size=2)), (0, 1))
        votes = self.votes[chosen].astype(np.float32) / np.float32(255)
        inputs = e.images[chosen], e.logits[chosen], labels, 1 - votes_of(votes, labels)
        wrong = torch.from_numpy((labels != e.truth[chosen]).astype(np.float32))
        odds = self.errors(*(torch.from_numpy(i if i.ndim == 4 else i[:, None]) for i in inputs))
        return error_loss(odds[:, 0], wrong, torch.from_numpy(labels))

    def references(self) -> ReferenceEmbeddings:
        """Codes and masks of the stills as they are and, as far as there is room, of some as the
        augmentation moved them; and the codes of their mirror images."""
        import torch

        e = self.examples
        moved = np.flatnonzero(e.variant == 1) if self.settings.augmented else self.stills[:0]
        room = min(max(REFERENCES - len(self.stills), 0), len(moved))
        rows = np.concatenate(
            [self.stills, moved[np.linspace(0, len(moved), room, False, dtype=int)]]
        )
        masks = coarse_labels(e.truth[rows])
        rows, masks = rows[masks.any(axis=(1, 2))], masks[masks.any(axis=(1, 2))]
        both = np.concatenate([masks, masks[:, :, ::-1]]).astype(np.int64)
        with torch.inference_mode():
            codes = [
                self.crisp["mask_projection"](self.crisp["mask"](one_hot(torch.from_numpy(part))))
                for part in np.array_split(both, max(1, len(both) // 64))
            ]
        self.reference_patient = np.tile(e.patient[rows], 2)
        unit = torch.nn.functional.normalize(torch.cat(codes), dim=1)
        return ReferenceEmbeddings(unit.numpy(), pack_labels(masks), COARSE)

    def _votes(self, references: ReferenceEmbeddings) -> ByteArray:
        """(N, 4, s, s) votes of the references, each patient's own masks left out, times 255."""
        import torch

        e = self.examples
        votes = np.empty((len(e), 4, COARSE, COARSE), dtype=np.uint8)
        for start in range(0, len(e), 64):
            part = slice(start, start + 64)
            with torch.inference_mode():
                images = normalise_each(torch.from_numpy(e.images[part])[:, None], blank=True)
                codes = self.crisp["image_projection"](self.crisp["image"](images))
                unit = torch.nn.functional.normalize(codes, dim=1).numpy()
            cosine = references.cosine(unit)
            cosine = without_own(cosine, e.patient[part], self.reference_patient)
            votes[part] = np.rint(references.votes(cosine) * 255)
        return votes

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


def without_own(
    cosine: Array32,
    patient: npt.NDArray[np.intp],
    reference_patient: npt.NDArray[np.intp],
) -> Array32:
    """Cosines (N, M) with the references, −1 where image and mask are of one patient."""
    return np.where(patient[:, None] == reference_patient[None], np.float32(-1), cosine)
