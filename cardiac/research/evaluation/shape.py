"""How good a shape model is, on masks that it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cardiac.anatomy import ATTRIBUTES, PUBLISHED, Profile, check, measure
from cardiac.anatomy.overlap import region_dice
from cardiac.errors import MeasurementError
from cardiac.geometry import Mask
from cardiac.research.evaluation.disentangle import Disentanglement, disentanglement
from cardiac.shape.bank import valid_codes
from cardiac.shape.model import ShapeModel
from cardiac.types import Array


@dataclass(frozen=True, eq=False, slots=True)
class ShapeFigures:
    """What a card says of a shape model.

    Attributes:
        dice: (n, 3) overlap of cavity, epicardium and atrium of every mask with what its code
            decodes to.
        valid: Share of the decoded masks that meet all twelve criteria.
        draws_valid: Share of draws from the model's density that do.
        figures: The five disentanglement figures.
    """

    dice: Array
    valid: float
    draws_valid: float
    figures: Disentanglement

    def table(self) -> dict[str, float]:
        """Numbers by name, as a card shows them."""
        parts = ("lv", "epi", "la")
        named = {f"dice_{p}": v for p, v in zip(parts, self.dice.mean(axis=0), strict=True)}
        named |= {f"lowest_{p}": v for p, v in zip(parts, self.dice.min(axis=0), strict=True)}
        named |= {"decoded_valid": self.valid, "draws_valid": self.draws_valid}
        named |= {"modularity": self.figures.modularity}
        for figure in ("interpretability", "scc", "mig", "sap"):
            values = getattr(self.figures, figure)
            named |= {f"{figure}_{a}": v for a, v in zip(ATTRIBUTES, values, strict=True)}
        return {name: float(value) for name, value in named.items()}


def markdown(figures: Mapping[str, ShapeFigures]) -> str:
    """Figures of several models, by name, as the two tables of a card."""
    head = "| | " + " | ".join(figures) + " |\n|---|" + "---|" * len(figures)
    titles = {
        "dice_lv": "encode→decode Dice, LV",
        "dice_epi": "encode→decode Dice, epicardium",
        "dice_la": "encode→decode Dice, LA",
        "lowest_lv": "lowest of a mask, LV",
        "lowest_epi": "lowest of a mask, epicardium",
        "lowest_la": "lowest of a mask, LA",
        "decoded_valid": "decoded masks that are valid",
        "draws_valid": "draws that are valid",
        "modularity": "modularity",
    }
    tables = {name: each.table() for name, each in figures.items()}
    lines = [head]
    for key, title in titles.items():
        cells = [f"{table[key]:.4f}" for table in tables.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    columns = ("interpretability", "scc", "mig", "sap")
    lines += ["", "| attribute | model | " + " | ".join(columns) + " |", "|---|---|" + "---|" * 4]
    for attribute in ATTRIBUTES:
        for name, table in tables.items():
            cells = [f"{table[f'{column}_{attribute}']:.4f}" for column in columns]
            lines.append(f"| {attribute} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def evaluate(
    model: ShapeModel, masks: Mask, draws: int = 500, seed: int = 0, profile: Profile = PUBLISHED
) -> ShapeFigures:
    """Encode and decode expert masks (n, 256, 256) on the canonical grid, and draw new ones.

    Raises:
        MeasurementError: A mask has no code.
    """
    codes = model.encode(masks)
    if not codes.found.all():
        first = int(np.flatnonzero(~codes.found)[0])
        raise MeasurementError(f"mask {first} has no code: {codes.reasons[first]}")
    decoded = model.labels(codes.mean)
    return ShapeFigures(
        np.array([region_dice(a, b, empty=0.0) for a, b in zip(decoded, masks, strict=True)]),
        float(check(decoded, profile).valid.all(axis=1).mean()),
        float(valid_codes(model, model.sample(draws, seed), profile).mean()),
        disentanglement(codes.mean, measure(masks).values),
    )
