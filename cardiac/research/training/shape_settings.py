"""What may be chosen in the training of the shape model."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from cardiac.shape.settings import ShapeSettings


class TrainShapeSettings(BaseModel):
    """Settings of ``cardiac train shape``.

    Attributes:
        data: Folder of CAMUS patients in NIfTI.
        manifest: CSV of patients and splits.
        out: Folder for checkpoint, log and weights. An unfinished run there is resumed.
        epochs: Passes over as many shapes as there are training masks.
        batch_size: Shapes per step.
        learning_rate: Peak learning rate; it rises over the first twentieth, stays, and
            falls to zero over the last ``decay`` share of the epochs.
        weight_decay: Of AdamW.
        ema: Share of the averaged weights that is kept at each step; the average is shipped.
        beta: Weight of the divergence from N(0, 1), against squared pixels.
        gamma: Weight of the order of the seven attributes.
        delta: Steepness of that order.
        phase_weight: Weight of the phase neuron's squared error.
        mix: Share of shapes that are a mixture of two patients'.
        holdout: Share of the training patients that is left out, to tune on.
        draws: Codes to try for the bank of valid codes.
        seed: Source of all randomness.
        threads: CPU threads; 0 leaves torch's choice.
        network: Size of the network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    manifest: Path = Path("data_manifests/camus.csv")
    out: Path = Path("runs/shape")
    epochs: int = 250
    batch_size: int = 128
    learning_rate: float = 1e-3
    decay: float = 0.5
    weight_decay: float = 0.01
    ema: float = 0.998
    beta: float = 0.004
    gamma: float = 0.01
    delta: float = 16.0
    phase_weight: float = 0.02
    mix: float = 0.5
    holdout: float = 0.0
    draws: int = 3000
    seed: int = 0
    threads: int = 0
    network: ShapeSettings = ShapeSettings()
