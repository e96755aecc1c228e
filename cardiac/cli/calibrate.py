"""``cardiac calibrate``: intervals and triage bounds for the cases of one's own laboratory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cardiac.settings import ProcessSettings

if TYPE_CHECKING:
    from rich.console import Console

    from cardiac.pipeline import Models
    from cardiac.research.training.local_calibration import CalibrationChange
    from cardiac.research.training.uncertainty_calibration import PatientErrors


def calibrate_command(
    *,
    data: Path,
    reference: Path | None = None,
    out: Path = Path("uncertainty_local.safetensors"),
    settings: Annotated[ProcessSettings, Parameter(name="*")] = ProcessSettings(),  # noqa: B008
) -> int:
    """Refit the intervals of the indices and the bounds of the triage to your own cases.

    Twenty cases of a view are the least, fifty are good. The weights that are written are used
    with: cardiac process ... --uncertainty.weights FILE.

    Args:
        data: Cines or a manifest, as cardiac process takes them, with a reference; without one a
            folder of patients in the layout of CAMUS, with an expert's masks at ED and ES.
        reference: CSV with the column id, as in indices.csv, and your own values in columns named
            as there, such as lv_ef_percent, lv_edv_ml, lv_esv_ml. The bounds of the triage need
            masks, and stay.
        out: File of the weights that are written.
        settings: How the cines are processed; see configs/process.yaml.
    """
    from rich.console import Console

    from cardiac.errors import SettingsError
    from cardiac.pipeline import Models
    from cardiac.research.training.local_calibration import refit
    from cardiac.uncertainty.weights import save

    console = Console(soft_wrap=True, highlight=False)
    models = Models.load(settings.segmentation)
    estimator = models.estimator(settings.uncertainty)
    if estimator.weights is None:
        raise SettingsError("these segmentation weights have no uncertainty to calibrate")
    if reference is None:
        errors = _from_masks(data, models, settings)
    else:
        errors = _from_values(data, reference, models, settings, console)
    level = settings.uncertainty.level
    weights, changes, bounds = refit(estimator.weights, errors, level)
    _print(changes, level, console)
    if bounds is None:
        console.print("The bounds of the triage stay: they need at least 40 frames with masks.")
    else:
        console.print(
            f"Triage: review above a score of {bounds[0]:.2f}, reject above {bounds[1]:.2f}."
        )
    console.print(f"weights: {save(weights, out)}")
    return 0


def _from_masks(data: Path, models: Models, settings: ProcessSettings) -> list[PatientErrors]:
    from cardiac.research.data import labelled_stills
    from cardiac.research.training.uncertainty_calibration import still_errors

    patients = sorted(folder.name for folder in data.iterdir() if folder.is_dir())
    estimator = models.estimator(settings.uncertainty)
    stills = labelled_stills(data, patients)
    return list(still_errors(stills, patients, models.segmenter, estimator))


def _from_values(
    data: Path, reference: Path, models: Models, settings: ProcessSettings, console: Console
) -> list[PatientErrors]:
    from cardiac.errors import CardiacError
    from cardiac.io.inputs import find_inputs
    from cardiac.research.training.local_calibration import case_errors, read_reference

    known = read_reference(reference)
    errors = []
    for found in case_errors(find_inputs([data]), known, models, settings):
        if isinstance(found, CardiacError):
            console.print(f"left out: {found}", markup=False)
        else:
            errors.append(found)
    return errors


def _print(changes: list[CalibrationChange], level: float, console: Console) -> None:
    from rich.table import Table

    from cardiac.clinical import INDEX

    table = Table("", "cases", "bias", "held", "now", "width", "now", box=None)
    for change in changes:
        points = change.index.endswith("percent")
        scale, unit = (1.0, "pt") if points else (100.0, "%")
        held, width = change.covered_before, change.width_before
        table.add_row(
            f"{change.view} {INDEX[change.index].title}",
            str(change.cases),
            f"{scale * change.bias:+.1f} {unit}" if change.bias else "none",
            "–" if held is None else f"{held:.2f}",
            f"{change.covered_after:.2f}",
            "–" if width is None else f"{scale * width:.0f} {unit}",
            f"{scale * change.width_after:.0f} {unit}",
        )
    console.print(f"{level:.0%} intervals, each case left out of its own calibration:")
    console.print(table)
