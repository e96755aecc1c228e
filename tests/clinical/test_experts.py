"""Expert masks of one view give the EF of the patients' files, as well as one view can."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from cardiac.anatomy import check, load_profile
from cardiac.clinical import measure_indices

PATIENTS = 60


def _data() -> Path:
    root = Path(__file__).parents[2]
    data = Path(os.environ.get("CARDIAC_DATA", root.parent / "shared" / "data")) / "camus"
    if not (data / "patients.csv").is_file():
        pytest.skip(f"no CAMUS data in {data}; set CARDIAC_DATA")
    return data


def test_single_plane_ejection_fraction_and_anatomy_of_the_experts() -> None:
    import nibabel

    data = _data()
    with (data / "patients.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == "train"][:PATIENTS]
    measured, valid = [], []
    for row in rows:
        name = row["patient"]
        images = [
            nibabel.load(data / name / f"{name}_4CH_{phase}_gt.nii.gz") for phase in ("ED", "ES")
        ]
        masks = np.stack([np.asarray(image.dataobj, np.uint8).T for image in images])
        zooms = images[0].header.get_zooms()
        spacing = float(zooms[1]), float(zooms[0])
        found = measure_indices(masks, spacing, ed_frames=[0], es_frames=[1])
        measured.append(found.lv_ef_percent)
        valid.append(check(masks, load_profile("camus")).valid.all())
    truth = np.array([float(row["ef_percent"]) for row in rows])
    assert np.corrcoef(measured, truth)[0, 1] > 0.8
    assert np.abs(np.array(measured) - truth).mean() < 8.5
    assert np.mean(valid) > 0.95
