"""Who it is stays in the files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from cardiac.apps.batch.privacy import pseudonym
from tests.apps.batch.conftest import write_cine

NAME, NUMBER, DATE = "Doe^Jane", "MRN-4711", "19510203"


@pytest.fixture
def clinic(tmp_path, small_cines) -> Path:
    """A DICOM cine with everything that tells who it is, and one that cannot be read."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    frames = small_cines[0].frames
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    ds.SOPInstanceUID = "1.2.3.4"
    ds.Modality = "US"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.StudyDate = NAME, NUMBER, DATE, DATE
    ds.NumberOfFrames, ds.Rows, ds.Columns = frames.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    ds.PixelData = np.ascontiguousarray(frames).tobytes()
    ds["PixelData"].VR = "OB"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(folder / "jane.dcm", enforce_file_format=True)
    (folder / "jane-broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"rubbish")
    return folder


def everything(out: Path) -> bytes:
    """All bytes of the outputs and all their names."""
    files = [path for path in out.rglob("*") if path.is_file()]
    return b"\n".join(str(p.relative_to(out)).encode() + p.read_bytes() for p in files)


def patients(out: Path) -> set[str]:
    with (out / "indices.csv").open(newline="") as file:
        return {row["patient"] for row in csv.DictReader(file) if row["status"] == "ok"}


def test_numbers_names_and_dates_reach_no_output(clinic, tmp_path, run):
    run(clinic, tmp_path / "out")
    told = everything(tmp_path / "out")
    for secret in (NAME, NUMBER, DATE):
        assert secret.encode() not in told
    assert patients(tmp_path / "out") == {pseudonym(NUMBER, "cardiac")}


def test_unless_asked_for(clinic, tmp_path, run):
    run(clinic, tmp_path / "out", keep_phi=True)
    assert patients(tmp_path / "out") == {NUMBER}
    assert NAME.encode() not in everything(tmp_path / "out")


def test_with_a_salt_no_file_name_is_told_either(clinic, tmp_path, run):
    job = run(clinic, tmp_path / "out", salt="pepper")
    assert (job.total, job.failed) == (2, 1)
    told = everything(tmp_path / "out")
    for secret in (NUMBER, "jane", "pepper"):
        assert secret.encode() not in told
    assert (tmp_path / "out" / "masks" / f"{pseudonym('jane', 'pepper')}.nii.gz").exists()
    assert run(clinic, tmp_path / "out", salt="pepper").skipped == 2
    assert run(clinic, tmp_path / "out", salt="other").skipped == 0


def test_the_same_patient_has_the_same_hash_only_with_the_same_salt():
    assert pseudonym("a", "s") == pseudonym("a", "s")
    assert len({pseudonym("a", "s"), pseudonym("b", "s"), pseudonym("a", "t")}) == 3


def test_a_patient_that_the_list_names_is_named(tmp_path, run, small_cines):
    write_cine(tmp_path / "x.nii.gz", small_cines[0])
    (tmp_path / "list.csv").write_text("path,patient\nx.nii.gz,P7\n")
    run(tmp_path / "list.csv", tmp_path / "out")
    assert patients(tmp_path / "out") == {"P7"}
