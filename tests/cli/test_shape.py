"""``cardiac shape`` and ``cardiac train shape``: sheets, masks and weights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml
from PIL import Image

from cardiac.anatomy import check
from cardiac.cli.app import app
from cardiac.cli.shape import evaluate, interpolate, sample, traverse
from cardiac.cli.train_shape import train_shape
from cardiac.errors import CardiacError, MeasurementError, SettingsError
from cardiac.io import read_mask, write_mask
from cardiac.research.training.shape_settings import TrainShapeSettings
from cardiac.sequence import EchoSequence
from cardiac.shape import load_shape_model
from tests.conftest import ROOT
from tests.shape.conftest import SETTINGS, random_hearts


@pytest.fixture(scope="module")
def patients(tmp_path_factory) -> Path:
    """A folder as CAMUS has it, of hearts that never were: 12 patients to train on, 4 to test."""
    folder = tmp_path_factory.mktemp("camus")
    hearts = iter(random_hearts(32, seed=8))
    lines = ["patient,split"]
    for number in range(16):
        name = f"patient{number:04d}"
        (folder / name).mkdir()
        lines.append(f"{name},{'train' if number < 12 else 'valid'}")
        for phase in ("ED", "ES"):
            image = nib.Nifti1Image(next(hearts).T.copy(), np.diag([-0.7, -0.7, 1, 1]))
            nib.save(image, folder / name / f"{name}_4CH_{phase}.nii.gz")
            nib.save(image, folder / name / f"{name}_4CH_{phase}_gt.nii.gz")
    (folder / "patients.csv").write_text("\n".join(lines) + "\n")
    return folder


def mask_of(patients: Path, number: int) -> Path:
    name = f"patient{number:04d}"
    return patients / name / f"{name}_4CH_ED_gt.nii.gz"


def test_a_sheet_of_two_dimensions_with_its_masks(tmp_path, capsys):
    out, masks = tmp_path / "sheet.png", tmp_path / "masks.nii.gz"
    assert traverse(dimension=("lv_length", "9"), steps=4, out=out, masks=masks) == 0
    assert Image.open(out).width > 400
    labels, _ = read_mask(masks)
    assert labels.shape == (8, 256, 256)
    assert check(labels).valid.all()
    assert "sheet.png" in capsys.readouterr().out


def test_the_others_stay_if_asked_to_and_sizes_are_in_mm(tmp_path):
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    assert traverse(dimension=("3",), steps=3, out=one) == 0
    assert traverse(dimension=("3",), steps=3, out=two, alone=True, pixel_mm=0.5) == 0
    assert one.read_bytes() != two.read_bytes()
    with pytest.raises(SettingsError, match="not possible"):
        traverse(out=one, pixel_mm=-1)


def test_between_two_masks(patients, tmp_path, capsys):
    out, masks = tmp_path / "way.png", tmp_path / "way.nii"
    ends = mask_of(patients, 0), mask_of(patients, 1)
    assert interpolate(*ends, out=out, masks=masks, steps=5) == 0
    labels, _ = read_mask(masks)
    given = [read_mask(path)[0][0] for path in ends]
    for ours, truth in zip(labels[[0, -1]], given, strict=True):
        assert ((ours == 1) & (truth == 1)).sum() > 0.9 * (truth == 1).sum()
    assert "of 5 shapes are valid" in capsys.readouterr().out


def test_masks_that_cannot_be_used_are_named(patients, tmp_path):
    good, out = mask_of(patients, 0), tmp_path / "x.png"
    empty = write_mask(
        tmp_path / "empty.nii.gz", np.zeros((64, 64)), EchoSequence(np.zeros((1, 64, 64), np.uint8))
    )
    with pytest.raises(MeasurementError, match=r"empty\.nii\.gz.*no left ventricle"):
        interpolate(good, empty, out=out)
    with pytest.raises(SettingsError, match="no frame 3"):
        interpolate(good, good, frames=(0, 3), out=out)
    with pytest.raises(CardiacError, match="no such file"):
        interpolate(good, tmp_path / "absent.nii.gz", out=out)
    with pytest.raises(SettingsError, match="lv_area"):
        traverse(dimension=("size",), out=out)
    assert not out.exists()


def test_new_hearts_are_valid_and_the_acceptance_is_told(tmp_path, capsys):
    masks = tmp_path / "new.nii.gz"
    assert sample(n=11, seed=2, out=tmp_path / "new.png", masks=masks) == 0
    assert check(read_mask(masks)[0]).valid.all()
    assert "11 valid shapes of" in capsys.readouterr().out


def test_training_from_a_configuration_and_its_card_s_figures(patients, tmp_path, capsys):
    settings = SETTINGS.model_copy(
        update={
            "data": patients, "manifest": patients / "patients.csv", "out": tmp_path,
            "epochs": 2, "draws": 20,
        }
    )  # fmt: skip
    path = tmp_path / "shape.yaml"
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json", exclude={"data"})))
    command = ["train", "shape", "--data", str(patients)]
    assert app.meta([*command, "--config", str(path)], result_action="return_value") == 0
    weights = tmp_path / "shape.safetensors"
    first = load_shape_model(weights)
    assert first.model.dimensions == 16
    assert train_shape(settings) == 0  # nothing is left to do: the same file again
    assert load_shape_model(weights).sha256 == first.sha256

    capsys.readouterr()
    table = tmp_path / "figures.md"
    where = {"data": patients, "manifest": patients / "patients.csv", "weights": weights}
    assert evaluate(**where, baseline=True, draws=20, out=table) == 0
    text = table.read_text()
    assert text.strip() in capsys.readouterr().out
    assert first.sha256[:12] in text
    assert "| AR-VAE | PCA |" in text


def test_the_configuration_is_that_of_the_shipped_model():
    stored = yaml.safe_load((ROOT / "configs" / "train_shape.yaml").read_text())
    assert TrainShapeSettings(data=Path(), **stored) == TrainShapeSettings(data=Path())


@pytest.mark.parametrize("job", [["shape", "traverse"], ["train", "shape"]])
def test_help_needs_neither_torch_nor_scipy(job):
    code = (
        "import sys; from cardiac.cli.app import app\n"
        f"app.meta({[*job, '--help']!r}, result_action='return_value')\n"
        "heavy = {'torch', 'scipy', 'skimage', 'matplotlib', 'monai'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Usage" in result.stdout
