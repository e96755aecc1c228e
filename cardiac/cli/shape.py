"""``cardiac shape``: walks through the latent space of hearts, as sheets that one can look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts
from cyclopts import Parameter

from cardiac.errors import MeasurementError, SettingsError

if TYPE_CHECKING:
    from cardiac.geometry import Mask
    from cardiac.research.evaluation.shape_montage import MontageRow
    from cardiac.shape import ArVae, ShapeBundle, Walk

app = cyclopts.App(name="shape", help="Look at the latent space of hearts.")

COLUMNS = 9


@app.command
def traverse(
    *,
    dimension: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = (),
    out: Path = Path("out/shape_traverse.png"),
    masks: Path | None = None,
    alone: Annotated[bool, Parameter(negative="")] = False,
    steps: int = COLUMNS,
    pixel_mm: float | None = None,
    weights: Path | None = None,
) -> int:
    """Draw each tied dimension from low to high, with the attribute measured on every shape.

    The ends are those of 95 % of the experts' masks, or before that the last from where on
    every shape is valid; the sheet says which.

    Args:
        dimension: Attribute, or number of a dimension; all seven attributes if not given.
        out: PNG to write.
        masks: NIfTI to write the label maps to as well.
        alone: Leave the other dimensions as they are. Otherwise they follow as they do in
            experts' hearts: a small ventricle has a short axis as well.
        steps: Shapes in a row.
        pixel_mm: Size of a canonical pixel, to give sizes in mm. They are in pixels otherwise.
        weights: Another shape model than the one that is shipped.
    """
    if pixel_mm is not None and not 0 < pixel_mm < 100:
        raise SettingsError(f"a pixel of {pixel_mm:g} mm is not possible")
    rows, walks = _traversals(_load(weights).model, dimension, alone, steps, pixel_mm)
    kept = "stay as they are" if alone else "follow as in experts' hearts"
    footer = [
        f"One dimension changes, the others {kept}.",
        "Ends: 95 % of the experts' masks; * nearer, where a shape beyond is not valid.",
        _units(pixel_mm),
    ]
    _write(rows, footer, walks, out, masks)
    return 0


@app.command
def interpolate(
    first: Path,
    second: Path,
    *,
    out: Path = Path("out/shape_interpolate.png"),
    masks: Path | None = None,
    frames: tuple[int, int] = (0, 0),
    steps: int = COLUMNS,
    weights: Path | None = None,
) -> int:
    """Draw the shapes between the hearts of two masks, on the straight line between their codes.

    Args:
        first: NIfTI or MetaImage mask.
        second: The mask to go to.
        out: PNG to write.
        masks: NIfTI to write the label maps to as well.
        frames: Frame of the first and of the second file, from 0.
        steps: Number of shapes, the two hearts included.
        weights: Another shape model than the one that is shipped.
    """
    from cardiac import shape

    start, start_mm = _read(first, frames[0])
    stop, stop_mm = _read(second, frames[1])
    found = shape.interpolate(_load(weights).model, start, stop, steps=steps)
    rows = _grid(found, [f"{i / (steps - 1):.0%}" for i in range(steps)])
    footer = [
        f"From {first.name} (0%) to {second.name} (100%).",
        f"In pixels of the canonical grid: {start_mm} in the first mask, {stop_mm} in the second.",
    ]
    _write(rows, footer, [found], out, masks)
    _say(f"{int(found.valid.sum())} of {steps} shapes are valid")
    return 0


@app.command
def sample(
    *,
    n: int = 18,
    seed: int = 0,
    out: Path = Path("out/shape_sample.png"),
    masks: Path | None = None,
    weights: Path | None = None,
) -> int:
    """Draw new valid shapes from the density of the experts' codes.

    Args:
        n: Number of shapes.
        seed: Source of the draws.
        out: PNG to write.
        masks: NIfTI to write the label maps to as well.
        weights: Another shape model than the one that is shipped.
    """
    from cardiac import shape

    model = _load(weights).model
    draws = shape.sample_valid(model, n, seed)
    said = f"{n} valid shapes of {draws.tried} draws: {draws.acceptance:.1%} accepted"
    found = shape.walk(model, draws.codes)
    footer = [f"{said}, seed {seed}.", _units(None)]
    _write(_grid(found, [f"{i + 1}" for i in range(n)]), footer, [found], out, masks)
    _say(said)
    return 0


@app.command
def evaluate(
    *,
    data: Path,
    split: str = "valid",
    manifest: Path = Path("data_manifests/camus.csv"),
    draws: int = 500,
    seed: int = 0,
    baseline: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    weights: Path | None = None,
) -> int:
    """Measure a shape model on expert masks: overlap, validity and the five figures of its card.

    Args:
        data: Folder of CAMUS patients in NIfTI.
        split: Which split of the manifest.
        manifest: CSV with the columns patient and split.
        draws: Draws from the density to check.
        seed: Source of the draws.
        baseline: Fit principal components to the training masks as well, and compare.
        out: Markdown file to write.
        weights: Another shape model than the one that is shipped.
    """
    from cardiac import shape
    from cardiac.io import write_atomically
    from cardiac.research.evaluation.shape import evaluate as measured_of
    from cardiac.research.evaluation.shape import markdown
    from cardiac.research.training.shape_data import expert_masks

    truth = expert_masks(data, manifest, split)
    shipped = _load(weights)
    size = shipped.model.dimensions
    models: dict[str, shape.ShapeModel] = {"AR-VAE": shipped.model}
    if baseline:
        models["PCA"] = shape.fit_pca(expert_masks(data, manifest, "train"), size)
    figures = {name: measured_of(each, truth, draws, seed) for name, each in models.items()}
    head = f"{len(truth)} masks of {split}, {draws} draws, {size} dimensions, sha256 "
    text = f"{head}{shipped.sha256[:12]}\n\n{markdown(figures)}"
    _say(text)
    if out is not None:
        write_atomically(out, text.encode())
    return 0


def _load(weights: Path | None) -> ShapeBundle:
    from cardiac import shape

    return shape.load_shape_model() if weights is None else shape.load_shape_model(weights)


def _read(path: Path, frame: int) -> tuple[Mask, str]:
    """One frame of a mask file on the canonical grid, and the size of a pixel there.

    Raises:
        SettingsError: The file has no such frame.
        MeasurementError: It shows no ventricle.
        CardiacError: See `cardiac.io.read_mask`.
    """
    from cardiac.geometry import CanonicalGrid
    from cardiac.io import read_mask
    from cardiac.labels import Label
    from cardiac.research.training.shape_data import canonical_mask

    labels, geometry = read_mask(path)
    if not 0 <= frame < len(labels):
        raise SettingsError(
            f"there is no frame {frame} in a mask of {len(labels)}.",
            path=path,
            hint="See --frames.",
        )
    if not (labels[frame] == Label.LV).any():
        raise MeasurementError("the mask has no left ventricle", path=path)
    size = "of unknown size"
    if geometry.spacing is not None:
        grid = CanonicalGrid.fit(geometry.shape, geometry.spacing)
        size = f"{grid.pitch[1] * geometry.spacing[1]:.2f} mm"
    return canonical_mask(labels[frame], geometry.spacing), size


def _traversals(
    model: ArVae, names: Sequence[str], alone: bool, steps: int, pixel_mm: float | None
) -> tuple[list[MontageRow], list[Walk]]:
    from cardiac import shape
    from cardiac.anatomy import ATTRIBUTES

    centre = model.density.codes.mean(axis=0) if alone else None
    rows, walks = [], []
    for name in names or ATTRIBUTES:
        at = shape.dimension_index(model, name)
        found = shape.traverse(model, at, centre, steps=steps)
        low, high = shape.expert_range(model, at)
        cut = found.codes[0, at] > low + 1e-6, found.codes[-1, at] < high - 1e-6
        walks.append(found)
        rows.append(_traversal_row(at, found, cut, pixel_mm))
    return rows, walks


def _traversal_row(
    at: int, found: Walk, cut: tuple[bool, bool], pixel_mm: float | None
) -> MontageRow:
    from cardiac.anatomy import ATTRIBUTES
    from cardiac.research.evaluation.shape_montage import MontageRow

    name = ATTRIBUTES[at] if at < len(ATTRIBUTES) else f"dimension {at}"
    if at < len(ATTRIBUTES):
        scale, unit = _unit(name, pixel_mm)
        captions = [
            f"{value * scale:.{0 if 'area' in name else 1}f}" for value in found.attributes[:, at]
        ]
    else:
        unit, captions = "code units", [f"{value:+.2f}" for value in found.codes[:, at]]
    captions[0] += "*" if cut[0] else ""
    captions[-1] += "*" if cut[1] else ""
    return MontageRow((name, unit), found.masks, captions, found.valid)


def _unit(name: str, pixel_mm: float | None) -> tuple[float, str]:
    """What to multiply a measured attribute with, and its unit."""
    if name == "lv_orientation":
        return 1.0, "degrees"
    power = 2 if name.endswith("area") else 1
    unit = "pixels" if pixel_mm is None else "mm"
    return (pixel_mm or 1.0) ** power, unit + ("²" if power == 2 else "")


def _units(pixel_mm: float | None) -> str:
    if pixel_mm is not None:
        return f"Measured on each mask, a canonical pixel taken as {pixel_mm:g} mm."
    return (
        "Measured on each mask in pixels of the canonical grid (256 across the image; "
        "0.71 mm in the median of CAMUS, 0.52 to 0.90 mm in nine of ten)."
    )


def _grid(found: Walk, names: Sequence[str]) -> list[MontageRow]:
    """Rows of shapes, each with its name and the ventricle's area under it."""
    from cardiac.research.evaluation.shape_montage import MontageRow

    captions = [f"{n}  {area:.0f}" for n, area in zip(names, found.attributes[:, 0], strict=True)]
    return [
        MontageRow(
            ("lv_area", "pixels²") if start == 0 else (),
            found.masks[start : start + COLUMNS],
            captions[start : start + COLUMNS],
            found.valid[start : start + COLUMNS],
        )
        for start in range(0, len(found.masks), COLUMNS)
    ]


def _write(
    rows: Sequence[MontageRow],
    footer: Sequence[str],
    walks: Sequence[Walk],
    out: Path,
    masks: Path | None,
) -> None:
    """Write the sheet and, if wanted, the label maps as one NIfTI, one after the other."""
    import numpy as np

    from cardiac.io import write_mask
    from cardiac.research.evaluation.shape_montage import write_sheet
    from cardiac.sequence import EchoSequence

    write_sheet(out, rows, footer)
    _say(f"sheet: {out}")
    if masks is not None:
        labels = np.concatenate([found.masks for found in walks])
        write_mask(masks, labels, EchoSequence(labels))
        _say(f"masks: {masks}")


def _say(text: str) -> None:
    from rich.console import Console

    Console().print(text, markup=False, highlight=False, soft_wrap=True)
