import csv
import json
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cardiac import report
from cardiac.apps.batch.job import ProcessJob
from cardiac.errors import OutputError
from cardiac.io import write_mask
from cardiac.pipeline import Models, process
from cardiac.results import frame_rows, save
from cardiac.sequence import EchoSequence
from cardiac.settings import ProcessSettings


def write_cine(path: Path, cine: EchoSequence) -> Path:
    """A cine as NIfTI in CAMUS' order, frame time included."""
    image = nib.Nifti1Image(cine.frames.transpose(2, 1, 0).copy(), np.diag([-0.5, -0.5, 1, 1]))
    image.header.set_zooms((cine.spacing[1], cine.spacing[0], cine.frame_interval_s))
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(tmp_path_factory, cine):
    """One run over a good cine, a single image, a broken file and a path that is not there."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "in").mkdir()
    write_cine(folder / "in" / "good.nii.gz", cine)
    nib.save(
        nib.Nifti1Image(cine.frames[0].T.copy(), np.diag([-0.5, -0.5, 1, 1])),
        folder / "in" / "still.nii.gz",
    )
    (folder / "in" / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"rubbish")
    out = folder / "out"
    job = ProcessJob(out, ProcessSettings())
    items = job.find([folder / "in", folder / "missing.avi"])
    list(job.run(items))
    job.finish()
    return job, out


def test_every_input_has_a_row_and_one_failure_is_nobody_elses(run):
    job, out = run
    status = {row["id"]: row["status"] for row in rows_of(out / "indices.csv")}
    assert status == {"good": "ok", "still": "ok", "broken": "failed", "missing": "failed"}
    assert job.exit_code == 1


def test_a_failure_names_the_file(run):
    rows = {row["id"]: row for row in rows_of(run[1] / "indices.csv")}
    assert "broken.dcm" in rows["broken"]["reason"]
    assert "missing.avi" in rows["missing"]["reason"]
    assert rows["broken"]["lv_ef_percent"] == ""


def test_masks_lie_on_the_inputs_grid_with_its_order_spacing_and_time(run, cine):
    mask = nib.load(run[1] / "masks" / "good.nii.gz")
    assert mask.shape == (*cine.shape[::-1], len(cine))
    assert mask.get_data_dtype() == np.uint8
    assert mask.header.get_zooms() == pytest.approx((*cine.spacing[::-1], cine.frame_interval_s))
    assert set(np.unique(mask.dataobj)) <= {0, 1, 2, 3}
    assert nib.load(run[1] / "masks" / "still.nii.gz").shape == cine.shape[::-1]


def test_every_frame_has_a_row_that_its_mask_confirms(run, cine):
    mask = np.asarray(nib.load(run[1] / "masks" / "good.nii.gz").dataobj)
    rows = [row for row in rows_of(run[1] / "frames.csv") if row["id"] == "good"]
    assert [int(row["frame"]) for row in rows] == list(range(len(cine)))
    pixel = cine.spacing[0] * cine.spacing[1]
    for row in rows:
        area = np.count_nonzero(mask[..., int(row["frame"])] == 1) * pixel
        assert float(row["lv_area_mm2"]) == pytest.approx(area, rel=1e-4)


def test_pictures_and_record_are_there(run):
    _, out = run
    for name in ("good.png", "good.mp4", "still.png", "still.mp4"):
        assert (out / "pictures" / name).stat().st_size > 1000
    record = json.loads((out / "run.json").read_text())
    assert record["exit_code"] == 1
    assert [case["status"] for case in record["cases"]].count("ok") == 2
    (sha256,) = record["weights"].values()
    assert len(sha256) == 64
    assert record["engine"] in ("openvino", "torch")


def test_an_uncalibrated_clip_has_ratios_and_no_millimetres(tmp_path, segmenter, cine):
    bare = EchoSequence(cine.frames.copy(), times=cine.times)
    study = process(bare, segmenter)
    assert study.indices.lv_fac_percent is not None
    assert study.indices.lv_edv_ml is None
    assert "lv_edv_ml" in study.indices.reasons
    row = frame_rows(study, "x")[0]
    assert row["lv_area_px"] is not None
    assert "lv_area_mm2" not in row


def test_a_study_saves_what_the_job_writes(tmp_path, segmenter, cine):
    study = process(cine, segmenter)
    names = {
        path.relative_to(tmp_path).as_posix()
        for path in [*save(study, tmp_path, "one"), *report.save(study, tmp_path, "one")]
    }
    assert names == {
        "masks/one.nii.gz", "uncertainty/one.nii.gz", "pictures/one.png", "pictures/one.mp4",
        "report/one.json", "report/one.webp", "report.html", "indices.csv", "frames.csv",
    }  # fmt: skip
    assert all((tmp_path / name).exists() for name in names)


def test_an_output_that_cannot_be_written_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="cannot be written"):
        ProcessJob(tmp_path / "file", ProcessSettings())


def test_an_empty_folder_fails_with_its_name(tmp_path):
    (tmp_path / "empty").mkdir()
    job = ProcessJob(tmp_path / "out", ProcessSettings())
    (case,) = job.run(job.find([tmp_path / "empty"]))
    assert case.error is not None
    assert "empty" in str(case.error)


def cardiac(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cardiac.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_exit_codes(tmp_path, cine):
    good = write_cine(tmp_path / "good.nii.gz", cine)
    quick = ("--no-pictures", "--no-videos")
    done = cardiac("process", str(good), "--out", str(tmp_path / "a"), *quick)
    assert done.returncode == 0, done.stderr
    assert (
        cardiac("process", str(tmp_path / "no.avi"), "--out", str(tmp_path / "b")).returncode == 1
    )
    assert cardiac("process", str(good)).returncode == 2
    assert cardiac("process", str(good), "--out", str(tmp_path / "c"), "--nonsense").returncode == 2
    assert cardiac("info", str(good)).returncode == 0
    assert cardiac("info", str(tmp_path / "no.avi")).returncode == 1


def test_a_configuration_with_a_wrong_key_is_refused(tmp_path, cine):
    config = tmp_path / "c.yaml"
    config.write_text("pictures: false\nconvension: ase\n")
    good = write_cine(tmp_path / "good.nii.gz", cine)
    done = cardiac("process", str(good), "--out", str(tmp_path / "a"), "--config", str(config))
    assert done.returncode == 2
    assert "convension" in done.stdout + done.stderr


def test_masks_written_twice_are_the_same_bytes(tmp_path, segmenter, cine):
    masks = segmenter.segment(cine).masks
    a = write_mask(tmp_path / "a.nii.gz", masks, cine).read_bytes()
    b = write_mask(tmp_path / "b.nii.gz", masks, cine).read_bytes()
    assert a == b


def test_two_views_of_a_patient_become_a_biplane_row(tmp_path):
    from cardiac.research.phantom import synthetic_cine

    lines = ["id,path,patient,view"]
    for view in ("A4C", "A2C"):
        cine = synthetic_cine(view=view, n_frames=12, size=(128, 128), seed=1).sequence
        write_cine(tmp_path / f"{view}.nii.gz", cine)
        lines.append(f"{view},{view}.nii.gz,p1,{view}")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(lines))
    job = ProcessJob(tmp_path / "out", ProcessSettings(pictures=False, videos=False))
    list(job.run(job.find([manifest])))
    job.finish()
    rows = {row["id"]: row for row in rows_of(tmp_path / "out" / "indices.csv")}
    assert set(rows) == {"A4C", "A2C", "p1"}
    assert rows["p1"]["level"] == "patient"
    assert rows["p1"]["view"] == "biplane"
    low, high = sorted(float(rows[v]["lv_edv_ml"]) for v in ("A4C", "A2C"))
    # The biplane volume takes its discs from both views and its axis from the longer one.
    assert low * 0.9 <= float(rows["p1"]["lv_edv_ml"]) <= high * 1.3


def test_what_is_written_is_certified_as_anyone_can_check(run):
    """The certificate is that of the written file, not of what the job had in memory."""
    from cardiac.correction.certify import certify

    rows = {row["id"]: row for row in rows_of(run[1] / "indices.csv")}
    for name in ("good", "still"):
        image = nib.load(run[1] / "masks" / f"{name}.nii.gz")
        array = np.asarray(image.dataobj)
        planes = (array if array.ndim == 3 else array[..., None]).transpose(2, 1, 0)
        zooms = [float(z) for z in image.header.get_zooms()]
        interval = zooms[2] if array.ndim == 3 else None
        verdict = certify(planes, (zooms[1], zooms[0]), interval, atrium=True)
        assert rows[name]["certified"] == str(verdict.certified).lower()
    assert rows["good"]["certified"] == "true"
    assert rows["broken"]["certified"] == ""


def test_frames_say_what_the_correction_did(run):
    rows = [row for row in rows_of(run[1] / "frames.csv") if row["id"] == "good"]
    for row in rows:
        assert row["valid"] == row["consistent"] == "true"
        assert row["action"] in {"kept", "repaired", "moved", "replaced"}
        assert (float(row["displacement_mm"]) == 0) == (row["action"] == "kept")
        assert 0 < float(row["dice_to_network"]) <= 1


def test_the_correction_can_be_turned_off(cine):
    from cardiac.correction import remove_debris
    from cardiac.segmentation.segmenter import labels_on_image

    models = Models.load()
    study = process(cine, models, ProcessSettings(correct=False))
    seen = models.segmenter.segment(cine)
    raw = labels_on_image(seen.logits.astype(np.float32), seen.grid)
    assert (study.masks == remove_debris(raw)).mean() > 0.9999  # the scores are kept in float16
    assert study.certificate.changes is None


def test_uncertainty_lies_on_the_masks_grid_and_reads_as_zero_to_one(run):
    """Other tools must get probabilities, not bytes."""
    values = nib.load(run[1] / "uncertainty" / "good.nii.gz")
    mask = nib.load(run[1] / "masks" / "good.nii.gz")
    assert values.shape == mask.shape
    assert np.allclose(values.affine, mask.affine)
    array = np.asarray(values.dataobj)
    assert array.min() >= 0
    assert 0.05 < array.max() <= 1
    assert values.dataobj.slope == pytest.approx(1 / 255)


def test_intervals_hold_the_number_they_are_of(run):
    row = {row["id"]: row for row in rows_of(run[1] / "indices.csv")}["good"]
    assert row["triage"] in {"accept", "review", "reject"}
    for name in ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent"):
        assert float(row[f"{name}_low"]) < float(row[name]) < float(row[f"{name}_high"])
