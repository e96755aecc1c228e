"""CAMUS stills with expert masks on the canonical grid, split by patient."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiac.errors import SettingsError, UnreadableFileError
from cardiac.geometry import CanonicalGrid, Mask, Region, Spacing
from cardiac.labels import Label
from cardiac.resources import packaged
from cardiac.sequence import View
from cardiac.types import ByteArray

VIEWS = {"4CH": View.A4C, "2CH": View.A2C}
"""Views by their names in CAMUS."""
PHOTOGRAPHS = (
    "astronaut", "brick", "chelsea", "coffee", "coins", "grass", "gravel", "horse", "page",
    "rocket", "text", "clock_motion", "moon",
)  # fmt: skip
"""Of scikit-image; some others are left for the evaluation."""


@dataclass(frozen=True, slots=True)
class LabelledStill:
    """One image with a mask, both (H, W), on the file's own grid.

    Attributes:
        patient, view, phase: Whose heart, from where, and when.
        image: Grey levels.
        mask: Labels.
        spacing: (row, column) in mm; None where the file has none.
        region: Part of the image that holds the ultrasound sector; None for all of it.
    """

    patient: str
    view: str
    phase: str
    image: npt.NDArray[np.uint8]
    mask: Mask
    spacing: Spacing | None
    region: Region | None = None

    def mirrored(self) -> LabelledStill:
        """The same heart seen from the other side, left and right changed over."""
        return replace(
            self,
            region=self.region and self.region.mirrored(self.image.shape[1]),
            image=np.ascontiguousarray(self.image[:, ::-1]),
            mask=np.ascontiguousarray(self.mask[:, ::-1]),
        )


def patients_of(split: str, manifest: Path) -> list[str]:
    """Patients of a split, from a CSV with the columns ``patient`` and ``split``."""
    try:
        with packaged(manifest).open(newline="") as file:
            rows = list(csv.DictReader(file))
        found = [row["patient"] for row in rows if row["split"] == split]
    except (OSError, KeyError) as error:
        raise SettingsError(
            "this split manifest cannot be read",
            path=manifest,
            hint="It must be a CSV with the columns patient and split.",
        ) from error
    if not found:
        raise SettingsError(f"no patient belongs to the split {split!r}", path=manifest)
    return found


def labelled_stills(
    root: Path, patients: Iterable[str], views: Sequence[str] = ("4CH", "2CH")
) -> Iterator[LabelledStill]:
    """Every end-diastolic and end-systolic image with a mask, of the views that exist.

    Raises:
        UnreadableFileError: A patient has none.
    """
    import nibabel as nib

    for patient in patients:
        found = 0
        for view in views:
            for phase in ("ED", "ES"):
                path = root / patient / f"{patient}_{view}_{phase}.nii.gz"
                truth = path.with_name(f"{patient}_{view}_{phase}_gt.nii.gz")
                if not (path.exists() and truth.exists()):
                    continue
                image = nib.nifti1.load(path)
                width, height = image.header.get_zooms()[:2]
                yield LabelledStill(
                    patient,
                    view,
                    phase,
                    np.ascontiguousarray(np.asarray(image.dataobj).T.astype(np.uint8)),
                    np.ascontiguousarray(np.asarray(nib.nifti1.load(truth).dataobj).T),
                    (float(height), float(width)),
                )
                found += 1
        if not found:
            raise UnreadableFileError(
                f"no still image with a mask was found for {patient}",
                path=root / patient,
                hint="The data folder must follow the layout of CAMUS in NIfTI.",
            )


def canonical_arrays(
    stills: Iterable[LabelledStill], size: int
) -> tuple[npt.NDArray[np.uint8], Mask]:
    """Images and masks (N, size, size) on the canonical grid."""
    images, masks = [], []
    for still in stills:
        grid = CanonicalGrid.fit(still.image.shape, still.spacing, still.region, size)
        onehot = still.mask == np.arange(len(Label))[:, None, None]
        onehot[0] = False  # outside the square nothing is labelled: background wins ties at 0
        shares = grid.to_canonical(onehot)
        shares[0] = 0.5
        images.append(np.rint(grid.to_canonical(still.image)).astype(np.uint8))
        masks.append(shares.argmax(axis=0).astype(np.uint8))
    return np.stack(images), np.stack(masks)


def photographs(names: Sequence[str] = PHOTOGRAPHS) -> list[ByteArray]:
    """Grey photographs that come with scikit-image."""
    import skimage
    from skimage.color import rgb2gray
    from skimage.io import imread

    folder = Path(skimage.__file__).parent / "data"
    found = []
    for name in names:
        path = next((p for p in folder.glob(f"{name}.*") if p.suffix in (".png", ".jpg")), None)
        if path is None:
            continue
        image = imread(path)
        grey = rgb2gray(image[..., :3]) if image.ndim == 3 else image / max(1, image.max())
        found.append(np.asarray(np.rint(255 * grey), dtype=np.uint8))
    return found
