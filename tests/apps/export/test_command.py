"""``cardiac export``: what a run left comes out for other tools, or the reason why not."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest

from cardiac.apps.export import ExportOptions, export_study
from cardiac.cli.app import app
from cardiac.cli.export import export_command
from cardiac.errors import CardiacError, NotFoundError, UnsupportedImageError
from cardiac.io import read_mask, write_mask
from cardiac.labels import Label
from cardiac.results import AuditLog, Decision, Version, layout
from tests.apps.export.conftest import INTERVALS
from tests.apps.export.test_fhir import observations
from tests.apps.export.test_sr import PRE, numbers, value

ALL = {
    "seg.dcm",
    "uncertainty.dcm",
    "outlines.dcm",
    "outlines-uncertainty.dcm",
    "sr.dcm",
    "report.dcm",
    "fhir.json",
}
NO_DICOM = ExportOptions(seg=False, sr=False, capture=False, pdf=False)
ONLY_DICOM = ExportOptions(capture=False, pdf=False, fhir=False, labels=False)


def names(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


def edit(path: Path, **changes: object) -> None:
    """Change the cells of the one row of a table."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | changes for row in rows)


def test_all_of_a_run_comes_out(run_folder, tmp_path, masks, doubt, conforms):
    folder, row = run_folder()
    out = tmp_path / "out"
    assert export_command(folder, out=out) == 0
    assert names(out) == {f"a4c.{kind}" for kind in ALL} | {"labels.txt", "labels.ctbl"}
    segmentation = pydicom.dcmread(out / "a4c.seg.dcm").pixel_array.reshape(3, *masks.shape)
    written, _ = read_mask(folder / "masks" / "a4c.nii.gz")
    np.testing.assert_array_equal((segmentation * [[[[1]]], [[[2]]], [[[3]]]]).sum(axis=0), written)
    shares = pydicom.dcmread(out / "a4c.uncertainty.dcm").pixel_array
    np.testing.assert_array_equal(shares, np.rint(doubt * 255))
    core = numbers(pydicom.dcmread(out / "a4c.sr.dcm"), PRE)
    assert value(core["79993-2"]) == float(f"{row['lv_ef_percent']:.6g}")
    told = observations(json.loads((out / "a4c.fhir.json").read_text()))
    low, high = INTERVALS["lv_edv_ml"]
    parts = told["LV end diastolic volume"]["component"]
    assert [part["valueQuantity"]["value"] for part in parts] == [low, high]
    assert "80%" in parts[0]["code"]["text"]
    for path in out.glob("*.dcm"):
        conforms(path)


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ({"seg": True}, {"a4c.seg.dcm", "a4c.uncertainty.dcm"}),
        ({"sr": True}, {"a4c.sr.dcm"}),
        ({"fhir": True}, {"a4c.fhir.json"}),
        ({"labels": True}, {"labels.txt", "labels.ctbl"}),
        ({"capture": True}, {"a4c.outlines.dcm", "a4c.outlines-uncertainty.dcm"}),
        ({"pdf": True}, {"a4c.report.dcm"}),
        ({"labels": True, "image": True}, {"labels.txt", "labels.ctbl", "a4c.image.nii.gz"}),
    ],
)
def test_only_what_is_asked_for_is_written(run_folder, tmp_path, asked, written):
    folder, _ = run_folder()
    assert export_command(folder, out=tmp_path / "out", **asked) == 0
    assert names(tmp_path / "out") == written


def test_exporting_twice_gives_the_same_bytes(run_folder, tmp_path):
    folder, _ = run_folder()
    for name in ("one", "two"):
        export_command(folder, out=tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_image_lies_under_the_mask_voxel_for_voxel(run_folder, tmp_path, heart):
    folder, _ = run_folder()
    export_command(folder, out=tmp_path / "out", image=True)
    image = nib.load(tmp_path / "out" / "a4c.image.nii.gz")
    mask = nib.load(folder / "masks" / "a4c.nii.gz")
    np.testing.assert_array_equal(image.affine, mask.affine)
    assert image.header.get_zooms() == mask.header.get_zooms()
    assert image.shape == mask.shape
    assert np.asarray(image.dataobj).any()


def test_without_uncertainty_the_rest_is_written(run_folder, tmp_path):
    folder, _ = run_folder()
    (folder / "uncertainty" / "a4c.nii.gz").unlink()
    assert export_command(folder, out=tmp_path / "out", seg=True) == 0
    assert names(tmp_path / "out") == {"a4c.seg.dcm"}


def test_anonymous_is_passed_on(run_folder, tmp_path):
    folder, _ = run_folder()
    export_command(folder, out=tmp_path / "out", anonymous=True)
    for path in (tmp_path / "out").iterdir():
        assert b"Doe" not in path.read_bytes()
        assert b"P-17" not in path.read_bytes()


def test_the_patient_is_put_into_fhir_only_where_asked(run_folder, tmp_path):
    folder, _ = run_folder()
    for keep in (False, True):
        out = tmp_path / f"out{keep}"
        assert export_command(folder, out=out, fhir=True, keep_phi=keep) == 0
        told = (out / "a4c.fhir.json").read_text()
        assert ("P-17" in told) == ("2024-03-01" in told) == keep
        assert ("0123abcd" in told) != keep


def test_a_case_that_fails_costs_no_other(run_folder, tmp_path, capsys):
    folder, _ = run_folder()
    with (folder / "indices.csv").open("a") as file:
        file.write((folder / "indices.csv").read_text().splitlines()[1].replace("a4c,", "lost,", 1))
    assert export_command(folder, out=tmp_path / "out") == 1
    assert {f"a4c.{kind}" for kind in ALL} <= names(tmp_path / "out")
    assert "lost" in capsys.readouterr().out


def test_a_source_that_moved_is_found_by_its_bytes_wherever_it_is(run_folder, tmp_path, capsys):
    folder, _ = run_folder()
    (moved := tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "cines" / "a4c.dcm").rename(moved / "IM000001")
    (moved / "other.dcm").write_bytes(b"something else")
    assert export_command(folder, out=tmp_path / "lost", seg=True) == 1
    assert "--source" in capsys.readouterr().out
    assert export_command(folder, out=tmp_path / "out", seg=True, source=[moved.parent]) == 0
    assert names(tmp_path / "out") == {"a4c.seg.dcm", "a4c.uncertainty.dcm"}


def test_a_source_that_was_changed_since_is_refused(run_folder, tmp_path, capsys):
    folder, _ = run_folder()
    path = tmp_path / "cines" / "a4c.dcm"
    path.write_bytes(path.read_bytes() + b"\0\0")
    assert export_command(folder, out=tmp_path / "out") == 1
    assert "not the file that the results were made from" in capsys.readouterr().out
    assert "a4c.fhir.json" in names(tmp_path / "out")


def test_a_study_saved_from_python_needs_its_source_named(run_folder, tmp_path):
    folder, _ = run_folder()
    (folder / "run.json").unlink()
    assert export_command(folder, out=tmp_path / "a", seg=True) == 1
    edit(folder / "indices.csv", source="a4c.dcm")
    done = export_command(folder, out=tmp_path / "b", seg=True, source=[tmp_path / "cines"])
    assert done == 0
    assert names(tmp_path / "b") == {"a4c.seg.dcm", "a4c.uncertainty.dcm"}


@pytest.mark.parametrize(("asked", "code"), [({}, 0), ({"seg": True, "fhir": True}, 1)])
def test_other_formats_have_everything_but_dicom(run_folder, tmp_path, capsys, asked, code):
    folder, _ = run_folder()
    record = json.loads((folder / "run.json").read_text())
    video = tmp_path / "cines" / "a4c.avi"
    video.write_bytes(b"RIFF")
    record["cases"][0] |= {"input": str(video), "sha256": None}
    (folder / "run.json").write_text(json.dumps(record))
    assert export_command(folder, out=tmp_path / "out", **asked) == code
    assert "must name the frames they were made from" in capsys.readouterr().out
    assert "a4c.fhir.json" in names(tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.dcm"))


@pytest.mark.parametrize("name", ["../evil", "..", "", "a/b", "a\\b"])
def test_a_table_cannot_make_it_read_or_write_elsewhere(run_folder, tmp_path, name):
    folder, _ = run_folder()
    edit(folder / "indices.csv", id=name)
    before = set(tmp_path.rglob("*"))
    assert export_command(folder, out=tmp_path / "out", fhir=True) == 1
    assert set(tmp_path.rglob("*")) - before <= {tmp_path / "out"}


@pytest.mark.parametrize("name", ['<img src=x onerror="1">', "a.b.c", "ärzt 1", "-rf", "%s{0}"])
def test_odd_names_are_only_names(run_folder, tmp_path, name):
    folder, _ = run_folder(name)
    assert export_command(folder, out=tmp_path / "out") == 0
    assert {f"{name}.{kind}" for kind in ALL} <= names(tmp_path / "out")


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "12,5", "<b>", "1e999", ""])
def test_what_is_no_number_is_left_out(run_folder, tmp_path, cell):
    folder, _ = run_folder()
    edit(folder / "indices.csv", lv_ef_percent=cell, n_beats=cell, ed_frames=cell, certified=cell)
    assert export_command(folder, out=tmp_path / "out", sr=True, fhir=True) == 0
    assert "79993-2" not in numbers(pydicom.dcmread(tmp_path / "out" / "a4c.sr.dcm"), PRE)


def test_frames_that_are_not_in_the_cine_are_told(run_folder, tmp_path, capsys):
    folder, _ = run_folder()
    edit(folder / "indices.csv", ed_frames="4711")
    assert export_command(folder, out=tmp_path / "out", sr=True) == 1
    assert "the results name others" in capsys.readouterr().out


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(NotFoundError, match="cardiac process"):
        export_command(tmp_path, out=tmp_path / "out")


@pytest.mark.parametrize("text", ["{", "[1]", '{"cases": [3], "settings": [], "ended": 5}', "null"])
def test_a_broken_record_is_told_or_does_without(run_folder, tmp_path, text):
    folder, _ = run_folder()
    (folder / "run.json").write_text(text)
    try:
        assert export_command(folder, out=tmp_path / "out", fhir=True) == 0
    except CardiacError as error:
        assert "run.json" in str(error)


def two_views(run_folder, cine) -> tuple[Path, dict[str, str]]:
    """A run with two views of one patient, and the row of the four chambers."""
    folder, _ = run_folder()
    two = cine("a2c.dcm", SOPInstanceUID="1.2.9", SeriesInstanceUID="1.2.8")
    record = json.loads((folder / "run.json").read_text())
    record["cases"].append({"id": "a2c", "input": str(two)})
    (folder / "run.json").write_text(json.dumps(record))
    for kind in ("masks", "uncertainty"):
        data = (folder / kind / "a4c.nii.gz").read_bytes()
        (folder / kind / "a2c.nii.gz").write_bytes(data)
    with (folder / "indices.csv").open(newline="") as file:
        (four,) = csv.DictReader(file)
    both = four | {"id": "Doe/<x>", "level": "patient", "view": "biplane", "ed_frames": ""}
    with (folder / "indices.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, four)
        writer.writeheader()
        writer.writerows([four, four | {"id": "a2c", "view": "A2C"}, both])
    return folder, four


def test_two_views_of_a_patient_make_one_report(run_folder, tmp_path, cine):
    folder, four = two_views(run_folder, cine)
    out = tmp_path / "out"
    assert export_command(folder, out=out) == 0
    made = pydicom.dcmread(out / "patient-Doe_x_.sr.dcm")
    core = numbers(made, PRE)
    assert value(core["79991-6"]) == float(four["lv_ef_percent"])
    images = [i for i in core["79991-6"].ContentSequence if i.ValueType == "IMAGE"]
    named = {image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for image in images}
    assert named == {"1.2.3.4.5.7.8", "1.2.9"}
    assert (out / "patient-Doe_x_.fhir.json").is_file()
    assert four["view"] == "A4C"


def test_the_command_line_knows_it(run_folder, tmp_path):
    folder, _ = run_folder()
    words = ["export", str(folder), "--out", str(tmp_path / "out"), "--sr"]
    assert app([*words, "--sr-class", "simplified-adult-echo"]) == 0
    made = pydicom.dcmread(tmp_path / "out" / "a4c.sr.dcm")
    assert made.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.72"


def test_a_study_in_memory_is_exported_alike(study, tmp_path, conforms):
    files = export_study(study, tmp_path / "out")
    kinds = {f"a4c.{kind}" for kind in ALL if "uncertainty" not in kind}
    kinds |= {"labels.txt", "labels.ctbl"}
    assert {path.name for path in files} == kinds
    core = numbers(pydicom.dcmread(tmp_path / "out" / "a4c.sr.dcm"), PRE)
    assert value(core["79993-2"]) == study.indices.lv_ef_percent
    for path in (tmp_path / "out").glob("*.dcm"):
        conforms(path)


def test_a_study_of_an_array_has_no_frames_to_name(study, tmp_path):
    from dataclasses import replace

    lone = replace(study, sequence=study.sequence.replace(source=None))
    with pytest.raises(UnsupportedImageError, match="from an array"):
        export_study(lone, tmp_path)
    files = export_study(
        lone, tmp_path, options=ExportOptions(seg=False, sr=False, capture=False, pdf=False)
    )
    assert {path.name for path in files} == {"sequence.fhir.json", "labels.txt", "labels.ctbl"}
    named = export_study(lone, tmp_path, study.sequence.source, ONLY_DICOM)
    assert {path.name for path in named} == {"sequence.seg.dcm", "sequence.sr.dcm"}


def decide(folder, case: str, decision: Decision, masks=None) -> None:
    """Write a decision into the audit log of a run, with edited masks where there are any."""
    after = None
    if masks is not None:
        path = layout.edits_folder(folder, case) / "0001.nii.gz"
        write_mask(path, masks, read_mask(layout.mask_file(folder, case))[1])
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        after = Version(str(path.relative_to(folder)), digest)
    AuditLog(folder / layout.AUDIT).append("Dr Roe", decision, case, "seen", after=after)


def narrowed(masks: np.ndarray) -> np.ndarray:
    """Masks whose ventricle lost its left half to the wall."""
    edited = masks.copy()
    edited[:, :, :34][edited[:, :, :34] == Label.LV] = Label.MYOCARDIUM
    return edited


def test_a_rejected_case_is_left_out_and_said_to_be(run_folder, tmp_path, capsys):
    folder, _ = run_folder()
    decide(folder, "a4c", Decision.REJECT)
    assert export_command(folder, out=tmp_path / "out") == 0
    assert names(tmp_path / "out") == {"labels.txt", "labels.ctbl"}
    assert "a4c: rejected in the review" in capsys.readouterr().out
    decide(folder, "a4c", Decision.WITHDRAW)
    assert export_command(folder, out=tmp_path / "again", fhir=True) == 0
    assert names(tmp_path / "again") == {"a4c.fhir.json"}


def test_edited_masks_and_what_is_measured_on_them_are_exported(
    run_folder, tmp_path, study, masks, capsys
):
    """And no interval or triage, which were estimated for other masks."""
    folder, row = run_folder()
    edited = narrowed(masks)
    decide(folder, "a4c", Decision.EDIT, edited)
    out = tmp_path / "out"
    assert export_command(folder, out=out) == 0
    assert "a4c: edited in the review" in capsys.readouterr().out
    written = pydicom.dcmread(out / "a4c.seg.dcm").pixel_array.reshape(3, *masks.shape)
    np.testing.assert_array_equal(written[0] == 1, edited == Label.LV)
    assert "a4c.uncertainty.dcm" not in names(out)
    told = observations(json.loads((out / "a4c.fhir.json").read_text()))
    area = told["LV end diastolic area"]
    pixels = (edited == Label.LV).sum(axis=(1, 2)).max()
    expected = pixels * np.prod(study.sequence.spacing) / 100
    assert area["valueQuantity"]["value"] == pytest.approx(expected)
    assert area["valueQuantity"]["value"] < row["lv_area_ed_cm2"]
    assert not any("component" in item for item in told.values())
    notes = [note["text"] for note in area["note"]]
    assert any(note.startswith("masks edited by Dr Roe") for note in notes)
    assert not any(note.endswith("review") for note in notes)


@pytest.mark.parametrize("decision", [Decision.REJECT, Decision.EDIT])
def test_two_views_are_combined_as_they_stand_or_not_at_all(
    run_folder, tmp_path, masks, cine, decision
):
    folder, four = two_views(run_folder, cine)
    decide(folder, "a2c", decision, narrowed(masks) if decision == Decision.EDIT else None)
    out = tmp_path / "out"
    assert export_command(folder, out=out, fhir=True) == 0
    if decision == Decision.REJECT:
        assert names(out) == {"a4c.fhir.json"}
        return
    told = observations(json.loads((out / "patient-Doe_x_.fhir.json").read_text()))
    before = float(four["lv_edv_ml"])
    assert told["LV end diastolic volume"]["valueQuantity"]["value"] < 0.95 * before
