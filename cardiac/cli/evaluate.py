"""``cardiac evaluate``: Dice, surface distances and EF errors against expert masks."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from cardiac.settings import ProcessSettings

app = cyclopts.App(name="evaluate")
app.command(
    "cardiac.cli.evaluate_uncertainty:evaluate_uncertainty",
    name="uncertainty",
    help="Judge uncertainty maps, scores and intervals.",
)


@app.default
def evaluate_command(
    *,
    data: Path,
    split: str = "valid",
    manifest: Path = Path("data_manifests/camus.csv"),
    out: Path = Path("out/evaluate"),
    mirrored: bool = False,
    settings: Annotated[ProcessSettings, Parameter(name="*")] = ProcessSettings(),  # noqa: B008
) -> int:
    """Compare with the expert masks of a CAMUS folder, patient split by manifest.

    Args:
        data: Folder of CAMUS patients in NIfTI.
        split: Which split of the manifest: train, valid or test.
        manifest: CSV with the columns patient and split.
        out: Folder for evaluate.json and evaluate.md.
        mirrored: Turn every image and its mask over, left to right.
        settings: See configs/process.yaml.
    """
    from rich.console import Console
    from rich.progress import track

    from cardiac.pipeline import Models, process
    from cardiac.research.data import labelled_stills, patients_of
    from cardiac.research.evaluation.segmentation import evaluate

    patients = patients_of(split, manifest)
    models = Models.load(settings.segmentation)
    segmenter = models.segmenter
    console = Console(stderr=True)
    shown = track(patients, "evaluating", console=console, disable=not console.is_terminal)
    stills = labelled_stills(data, shown)
    result = evaluate(
        stills,
        partial(process, models=models, settings=settings),
        settings.convention,
        mirrored=mirrored,
    )
    head = {
        "split": split,
        "mirrored": mirrored,
        "patients": result.patients,
        "weights_sha256": segmenter.weights.sha256,
        "engine": segmenter.predictor.name,
        "precision": str(segmenter.predictor.precision),
        "convention": str(settings.convention),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluate.json").write_text(json.dumps(head | asdict(result), indent=2) + "\n")
    text = markdown(head, result.summary, result.agreement)
    (out / "evaluate.md").write_text(text)
    Console().print(text, markup=False, highlight=False)
    return 0


def markdown(head: dict[str, Any], *tables: list[dict[str, Any]]) -> str:
    """The figures as Markdown tables under one line of provenance."""
    parts = [", ".join(f"{name} {value}" for name, value in head.items())]
    for rows in tables:
        names = [n for n in rows[0] if not n.endswith("_missing")]
        lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
        lines += ["| " + " | ".join(_cell(row[n]) for n in names) + " |" for row in rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
