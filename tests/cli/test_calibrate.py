"""``cardiac calibrate`` writes weights that ``cardiac process`` takes, and says what changed."""

import pytest
from pydicom.data import get_testdata_file

from cardiac.cli.calibrate import calibrate_command
from cardiac.clinical import INDEX
from cardiac.errors import SettingsError
from cardiac.uncertainty import load_uncertainty


def test_own_patients_with_masks_refit_intervals_and_triage(data, tmp_path, capsys):
    own = tmp_path / "own"
    own.mkdir()
    for number in range(1, 22):
        name = f"patient{number:04}"
        (own / name).symlink_to(data / "camus" / name)
    out = tmp_path / "local.safetensors"
    assert calibrate_command(data=own, out=out) == 0
    told = capsys.readouterr().out
    assert f"A4C {INDEX['lv_ef_percent'].title}" in told
    assert "Triage: review" in told
    before, after = load_uncertainty(), load_uncertainty(out)
    assert after.map_hash == before.map_hash
    assert after.segmentation_sha256 == before.segmentation_sha256
    assert after.calibration.of_view("A2C").half_width("lv_ef_percent", 0.9) > 0


def test_one_cine_with_a_value_is_too_few(tmp_path):
    cine = get_testdata_file("examples_ybr_color.dcm", download=False)
    reference = tmp_path / "reference.csv"
    reference.write_text("id,lv_ef_percent\nexamples_ybr_color,55\n")
    with pytest.raises(SettingsError, match="1 cases are too few"):
        calibrate_command(data=cine, reference=reference, out=tmp_path / "w.safetensors")
