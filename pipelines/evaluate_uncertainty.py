"""``cardiac evaluate uncertainty``: every method against experts' masks and known truth."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from cardiac.segmentation.segmenter import SegmentationSettings
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.settings import Method, UncertaintySettings

if TYPE_CHECKING:
    from cardiac.geometry import Mask
    from cardiac.segmentation.segmenter import Segmentation, Segmenter
    from cardiac.sequence import EchoSequence
    from cardiac.uncertainty.evaluate import Case, Record

INDICES = (
    "lv_ef_percent", "lv_edv_ml", "lv_esv_ml", "lv_area_ed_cm2", "lv_area_es_cm2",
    "lv_length_ed_mm", "lv_length_es_mm", "la_area_es_cm2", "myo_area_ed_cm2",
)  # fmt: skip
STRANGE = ("camera", "motorcycle_left", "retina", "ihc", "cell", "hubble_deep_field")
"""Pictures of scikit-image that no training has seen."""


def evaluate_uncertainty(
    *,
    data: Path,
    split: str = "valid",
    manifest: Path = Path("data_manifests/camus.csv"),
    cines: Path | None = Path("data_manifests/benchmark_valid.csv"),
    cache: Path | None = None,
    out: Path = Path("out/evaluate_uncertainty"),
    methods: Annotated[list[Method] | None, Parameter(consume_multiple=True, negative="")] = None,
    stride: int = 6,
    settings: Annotated[UncertaintySettings, Parameter(name="*")] = UncertaintySettings(),  # noqa: B008
    segmentation: Annotated[SegmentationSettings, Parameter(name="segmentation")] = (
        SegmentationSettings()  # noqa: B008
    ),
) -> int:
    """Judge the maps, scores and intervals on stills of a split and on cines with known truth.

    Args:
        data: Folder of CAMUS patients in NIfTI.
        split: Which split of the manifest the stills are from.
        manifest: CSV with the columns patient and split.
        cines: List of cines with known truth; an empty value leaves them out.
        cache: Folder where made cines are kept.
        out: Folder for uncertainty.json, uncertainty.md and the plots.
        methods: Which methods; all by default.
        stride: Of a cine every so many frames are looked at.
        settings: See configs/process.yaml.
        segmentation: How the network runs.
    """
    from rich.console import Console

    from cardiac.segmentation.segmenter import Segmenter
    from cardiac.uncertainty.evaluate import measure_cases
    from cardiac.uncertainty.plots import draw_plots
    from cardiac.uncertainty.summary import interval_summary, method_rows

    segmenter = Segmenter.load(segmentation)
    first = Estimator.load(settings, segmenter)
    names = [settings.method, *(m for m in methods or Method if m is not settings.method)]
    estimators = {
        str(name): first
        if name is settings.method
        else Estimator(settings.model_copy(update={"method": name}), first.weights, segmenter)
        for name in names
    }
    cases = _shown(chain(stills(data, split, manifest), clips(data, cines, cache)))
    record = measure_cases(cases, lambda s: segment(segmenter, s), estimators, stride)
    result: dict[str, Any] = {
        "split": split,
        "default": str(settings.method),
        "weights_sha256": segmenter.weights.sha256,
        "uncertainty_sha256": first.weights.sha256 if first.weights else None,
        "network_ms_per_frame": 1000 * record.network_s / max(record.network_frames, 1),
        "methods": method_rows(record),
        "intervals": interval_summary(record),
        "strangers": strange_rows(first, segmenter, record),
        "rows": record.intervals,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "uncertainty.json").write_text(json.dumps(result, indent=1) + "\n")
    text = report(result)
    (out / "uncertainty.md").write_text(text)
    draw_plots(record, out)
    Console().print(text, markup=False, highlight=False)
    return 0


def report(result: dict[str, Any]) -> str:
    """The figures in words and tables."""
    from cardiac.uncertainty.summary import markdown

    head = ", ".join(f"{k} {result[k]}" for k in ("split", "default", "weights_sha256"))
    network = f"network: {result['network_ms_per_frame']:.1f} ms a frame"
    parts = [head, network, *(markdown(result[k]) for k in ("methods", "intervals", "strangers"))]
    return "\n\n".join(parts)


def segment(segmenter: Segmenter, sequence: EchoSequence) -> tuple[Segmentation, Mask]:
    """The network's answer, and its masks without islands."""
    from cardiac.correction.repair import remove_debris

    found = segmenter.segment(sequence)
    return found, remove_debris(found.masks)


def stills(data: Path, split: str, manifest: Path) -> Iterator[Case]:
    """ED and ES of every patient of a split as a sequence of two frames."""
    from cardiac.segmentation.data import LabelledStill, labelled_stills, patients_of

    pairs: dict[tuple[str, str], list[LabelledStill]] = {}
    for still in labelled_stills(data, patients_of(split, manifest)):
        pairs.setdefault((still.patient, still.view), []).append(still)
    for (patient, view), pair in pairs.items():
        if len(pair) == 2 and pair[0].image.shape == pair[1].image.shape:
            yield _still_case(patient, view, pair)


def _still_case(patient: str, view: str, pair: list[Any]) -> Case:
    from cardiac.clinical import measure_indices
    from cardiac.sequence import EchoSequence
    from cardiac.uncertainty.evaluate import Case

    truth = np.stack([still.mask for still in pair])
    sequence = EchoSequence(
        np.stack([still.image for still in pair]),
        pair[0].spacing, ed_frames=(0,), es_frames=(1,),
    )  # fmt: skip
    true = measure_indices(truth, pair[0].spacing, ed_frames=(0,), es_frames=(1,))
    return Case(f"{patient} {view}", "stills", patient, sequence, truth, _values(true))


def clips(data: Path, manifest: Path | None, cache: Path | None) -> Iterator[Case]:
    """The cines of a manifest whose masks are left alone, clean and corrupted."""
    from cardiac.clinical import measure_indices
    from cardiac.phantom import iterate, read_manifest
    from cardiac.uncertainty.evaluate import Case

    if manifest is None:
        return
    specs = [spec for spec in read_manifest(manifest) if not spec.mask_corruptions]
    for spec, cine in iterate(specs, data, cache):
        true = measure_indices(
            cine.masks, cine.spacing, cine.times,
            ed_frames=cine.ed_frames, es_frames=cine.es_frames,
        )  # fmt: skip
        values = _values(true) | {"lv_ef_percent": cine.ef_percent}
        group = "corrupted cines" if spec.corruptions else "clean cines"
        yield Case(spec.id, group, spec.patient, cine.sequence, cine.masks, values)


def _values(indices: Any) -> dict[str, float]:
    return {n: getattr(indices, n) for n in INDICES if getattr(indices, n) is not None}


def _shown(cases: Iterable[Case]) -> Iterable[Case]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(cases, "evaluating", total=None, console=console, disable=not console.is_terminal)


def strange_rows(
    estimator: Estimator, segmenter: Segmenter, record: Record
) -> list[dict[str, Any]]:
    """How many sequences of each kind are called out of bank."""
    rows = []
    for group in dict.fromkeys(row["group"] for row in record.strange):
        flags = [row["out_of_bank"] for row in record.strange if row["group"] == group]
        rows.append({"kind": group, "n": len(flags), "out_of_bank": sum(flags)})
    for name, images in oddities().items():
        flags = []
        for image in images:
            from cardiac.sequence import EchoSequence

            sequence = EchoSequence(image[None].copy())
            found = segmenter.segment(sequence)
            flags.append(bool(estimator.estimate(sequence, found, found.masks).out_of_bank))
        rows.append({"kind": name, "n": len(flags), "out_of_bank": sum(flags)})
    return rows


def oddities() -> dict[str, list[Any]]:
    """Noise and pictures that no training has seen."""
    from pipelines.train_uncertainty import pictures

    rng = np.random.default_rng(99)
    noise = [rng.integers(0, 255, (200, 260)).astype(np.uint8) for _ in range(5)]
    return {"noise": noise, "photographs": pictures(STRANGE)}
