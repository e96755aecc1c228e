"""The masks that shape models are fitted to: the training experts', or synthetic ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cardiac.geometry import CanonicalGrid, Mask
from cardiac.research.benchmark.store import kept

SIZE = 128
"""Side of the canonical masks that shape models are fitted to."""
_HEARTS = 200


@dataclass(frozen=True)
class Experts:
    """Where masks to learn from come from.

    Attributes:
        camus: Folder of CAMUS, or None: the masks are then those of synthetic hearts.
        manifest: CSV with the columns patient and split; only ``train`` is used.
        cache: Folder for what is made of them, outside the project.
    """

    camus: Path | None
    manifest: Path
    cache: Path

    @cached_property
    def patients(self) -> tuple[str, ...]:
        """Training patients; empty without CAMUS."""
        from cardiac.research.data import patients_of

        return () if self.camus is None else tuple(patients_of("train", self.manifest))

    @property
    def source(self) -> str:
        """What the table says of them."""
        if self.camus is None:
            return f"{2 * _HEARTS} masks of synthetic hearts"
        digest = hashlib.sha256("\n".join(self.patients).encode()).hexdigest()[:6]
        return f"expert masks of {len(self.patients)} CAMUS train patients ({digest})"

    @cached_property
    def masks(self) -> Mask:
        """(N, SIZE, SIZE) label maps on the canonical grid; kept on disk once made."""
        name = hashlib.sha256(f"1 {self.source}".encode()).hexdigest()[:16]
        path = self.cache / "benchmark" / f"masks-{name}.npz"
        return np.asarray(kept(path, lambda: {"masks": self._made()})["masks"], np.uint8)

    def _made(self) -> Mask:
        if self.camus is None:
            return synthetic_masks(_HEARTS)
        from cardiac.research.data import labelled_stills

        stills = labelled_stills(self.camus, self.patients)
        return np.stack([canonical(still.mask, still.spacing or (1.0, 1.0)) for still in stills])


def canonical(mask: Mask, spacing: tuple[float, float]) -> Mask:
    """A label map (SIZE, SIZE) on the canonical grid."""
    return CanonicalGrid.fit(mask.shape, spacing, size=SIZE).majority_labels(mask)


def synthetic_masks(hearts: int, seed: int = 700_000) -> Mask:
    """(2 hearts, SIZE, SIZE) label maps at end-diastole and end-systole, both views in turn."""
    from cardiac.research.phantom.contraction import Contraction
    from cardiac.research.phantom.heart import draw_heart
    from cardiac.research.phantom.scan import Sector
    from cardiac.research.phantom.truth import paint

    masks = []
    for k in range(hearts):
        rng = np.random.default_rng([seed, k])
        ef, depth = rng.uniform((32, 132), (68, 168))
        widest = 2 * np.sin(Sector.half_angle) * 1.01
        pitch = depth / min(SIZE * 0.99, SIZE / widest)
        sector = Sector((SIZE, SIZE), (pitch, pitch), depth, step=depth / 300)
        four = k % 2 == 0
        motion = Contraction.solve(draw_heart(rng, depth, four), ef, four)
        for g in motion.degree(np.array([0.0, 1.0])).tolist():
            outlines = {n: sector.to_pixels(v) for n, v in motion.outlines(g).items()}
            masks.append(paint(outlines, (SIZE, SIZE)))
    return np.stack(masks)
