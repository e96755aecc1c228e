"""``cardiac check`` and ``cardiac correct`` on files, and how they exit."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cardiac.cli.masks import check_command, correct_command, mask_files
from cardiac.errors import SettingsError
from cardiac.io.masks import read_mask
from cardiac.research.phantom import corrupt_masks
from tests.shapes import beating

ZOOMS = (0.7, 0.7, 0.02)


def write(path: Path, masks: np.ndarray, dtype: type = np.uint8, zooms=ZOOMS) -> Path:
    """A NIfTI file (x, y, t) as another tool may have written it."""
    affine = np.array([[-0.7, 0, 0, 5], [0, -0.7, 0, 7], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    image = nibabel.Nifti1Image(masks.transpose(2, 1, 0).astype(dtype), affine)
    image.header.set_zooms(zooms)
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, path)
    return path


@pytest.fixture(scope="module")
def masks() -> np.ndarray:
    return beating(16)


def test_a_good_mask_passes_and_a_broken_one_does_not(tmp_path, masks, capsys):
    good = write(tmp_path / "good.nii.gz", masks)
    bad = write(tmp_path / "bad.nii.gz", corrupt_masks(masks, "islands:2", 1), np.float32)
    assert check_command([good]) == 0
    assert check_command([good, bad], out=tmp_path / "out") == 1
    assert "disconnected" in capsys.readouterr().out.replace("\n", " ")
    content = json.loads((tmp_path / "out" / "certificate.json").read_text())
    assert content["good"]["certified"]
    assert not content["bad"]["certified"]
    rows = list(csv.DictReader((tmp_path / "out" / "certificate.csv").open()))
    assert len(rows) == 2 * len(masks)
    assert {row["id"] for row in rows} == {"good", "bad"}


def test_corrected_masks_are_certified_and_lie_where_they_lay(tmp_path, masks):
    failed = corrupt_masks(masks, "bite:2", 1)
    source = write(tmp_path / "case.nii.gz", failed, np.int16)
    out = tmp_path / "out"
    assert correct_command([source], out=out) == 0
    written = out / "masks" / "case.nii.gz"
    assert np.array_equal(nibabel.load(written).affine, nibabel.load(source).affine)
    assert nibabel.load(written).header.get_zooms() == nibabel.load(source).header.get_zooms()
    assert nibabel.load(written).shape == nibabel.load(source).shape
    assert check_command([written]) == 0
    assert correct_command([written], out=tmp_path / "again") == 0
    again, _ = read_mask(tmp_path / "again" / "masks" / "case.nii.gz")
    assert np.array_equal(again, read_mask(written)[0])
    rows = list(csv.DictReader((out / "certificate.csv").open()))
    assert {row["action"] for row in rows} >= {"kept"}
    changed = [row for row in rows if row["action"] != "kept"]
    assert changed
    assert all(float(row["displacement_mm"]) > 0 for row in changed)


def test_one_file_that_fails_does_not_stop_the_others(tmp_path, masks, capsys):
    good = write(tmp_path / "good.nii.gz", masks)
    strange = write(tmp_path / "strange.nii.gz", masks + 4)
    missing = tmp_path / "missing.nii.gz"
    out = tmp_path / "out"
    assert correct_command([strange, missing, good], out=out) == 1
    printed = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "values that are no labels" in printed
    content = json.loads((out / "certificate.json").read_text())
    assert content["good"]["certified"]
    assert content["strange"]["status"] == content["missing"]["status"] == "failed"
    assert [p.name for p in (out / "masks").iterdir()] == ["good.nii.gz"]


def test_folders_are_searched_and_equal_names_numbered(tmp_path, masks):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "case.nii.gz", masks[:2])
    found = mask_files([tmp_path])
    assert [name for name, _ in found] == ["case", "case-2"]
    with pytest.raises(SettingsError):
        mask_files([])
    with pytest.raises(SettingsError):
        check_command([tmp_path], frame_interval_ms=-1.0)


def test_a_mask_that_cannot_be_certified_is_written_all_the_same(tmp_path, masks):
    few = masks.copy()
    few[2:] = 0
    source = write(tmp_path / "few.nii.gz", few)
    assert correct_command([source], out=tmp_path / "out") == 1
    assert (tmp_path / "out" / "masks" / "few.nii.gz").exists()
