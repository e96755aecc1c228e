"""A made-up cine as DICOM, its results, a run's folder, and the checkers of the standard."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cardiac.apps.export import Provenance, Source
from cardiac.clinical import sequence_indices
from cardiac.correction.certify import certify
from cardiac.io import read, write_mask, write_share_map
from cardiac.research.phantom import synthetic_cine
from cardiac.research.phantom.cine import PhantomCine
from cardiac.results import frame_rows, index_row, write_tables
from cardiac.settings import ProcessSettings
from cardiac.study import Study

US_CINE, US_STILL = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.6.1"
STUDY_UID = "1.2.3.4.5"


def write_dicom(path: Path, frames: np.ndarray, spacing=(0.5, 0.5), **tags: Any) -> Path:
    """An ultrasound cine of grey frames (T, H, W); ``tags`` overrides what it says, None drops."""
    from pydicom.dataset import Dataset, FileMetaDataset

    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID = US_CINE
    made.SOPInstanceUID, made.SeriesInstanceUID = f"{STUDY_UID}.7.8", f"{STUDY_UID}.7"
    made.StudyInstanceUID, made.Modality = STUDY_UID, "US"
    made.PatientName, made.PatientID, made.PatientSex = "Doe^Jane", "P-17", "F"
    made.PatientBirthDate, made.StudyDate, made.StudyTime = "19500102", "20240301", "101112"
    made.AccessionNumber, made.StudyID, made.ReferringPhysicianName = "A1", "S1", "Roe^Ron"
    made.Rows, made.Columns = frames.shape[1:]
    made.NumberOfFrames, made.FrameTime = len(frames), "40"
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.PixelRepresentation = 0
    made.PixelSpacing = list(spacing)
    made.SeriesDescription = "A4C"
    made.PixelData = frames.tobytes() + b"\0" * (frames.size % 2)
    for keyword, value in tags.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="session")
def heart() -> PhantomCine:
    """A beating heart of 8 frames of 60×68 pixels."""
    return synthetic_cine(n_frames=8, size=(60, 68), seed=5)


@pytest.fixture
def cine(tmp_path: Path, heart: PhantomCine) -> Callable[..., Path]:
    """Write the heart as DICOM, with other tags where asked."""

    def write(name: str = "a4c.dcm", **tags: Any) -> Path:
        path = tmp_path / "cines" / name
        return write_dicom(path, heart.sequence.frames, heart.sequence.spacing, **tags)

    return write


@pytest.fixture
def source(cine: Callable[..., Path]) -> Source:
    return Source.read(cine())


@pytest.fixture
def provenance() -> Provenance:
    """Always the same one."""
    when = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    return Provenance("0.1.0", "ab" * 32, {"convention": "ase"}, when)


@pytest.fixture
def masks(heart: PhantomCine) -> np.ndarray:
    return heart.masks


@pytest.fixture
def doubt(heart: PhantomCine) -> np.ndarray:
    """An uncertainty map in steps of 1/255, as runs store it."""
    random = np.random.default_rng(1)
    return random.integers(0, 256, heart.masks.shape).astype(np.float32) / 255


@pytest.fixture
def study(cine: Callable[..., Path], masks: np.ndarray) -> Study:
    """The heart as if a perfect network had segmented it."""
    sequence = read(cine())
    certificate = certify(masks, sequence.spacing, sequence.frame_interval_s, atrium=True)
    settings = ProcessSettings(assess=False)
    indices = sequence_indices(sequence, masks, attributes=certificate.attributes)
    return Study(sequence, masks, masks, certificate, None, indices, settings)


INTERVALS = {"lv_ef_percent": (40.0, 70.5), "lv_edv_ml": (61.25, 99.0), "lv_fac_percent": (1, 99)}


@pytest.fixture
def run_folder(
    tmp_path: Path, study: Study, doubt: np.ndarray
) -> Callable[..., tuple[Path, dict[str, object]]]:
    """A folder as ``cardiac process`` leaves it, and its row of ``indices.csv``."""

    def write(name: str = "a4c", **changes: object) -> tuple[Path, dict[str, object]]:
        folder, path = tmp_path / "run", study.sequence.source
        assert path is not None
        write_mask(folder / "masks" / f"{name}.nii.gz", study.masks, study.sequence)
        write_share_map(folder / "uncertainty" / f"{name}.nii.gz", doubt, study.sequence)
        row = index_row(study, name) | {"patient": "0123abcd", "triage": "review"}
        for index, (low, high) in INTERVALS.items():
            row |= {f"{index}_low": low, f"{index}_high": high}
        row |= changes
        write_tables(folder, [row], frame_rows(study, name))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        record = {
            "cardiac": "0.1.0",
            "weights": {"segmentation.safetensors": "cd" * 32},
            "settings": {"convention": "ase", "correct": True, "uncertainty": {"level": 0.8}},
            "ended": "2026-03-01T12:30:00+00:00",
            "cases": [{"id": name, "input": str(path), "sha256": digest, "status": "ok"}],
        }
        (folder / "run.json").write_text(json.dumps(record))
        return folder, row

    return write


@pytest.fixture
def conforms() -> Callable[[Path], None]:
    """Fails where the standard's checker of Debian's dicom3tools finds an error in a file."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian package dicom3tools)")

    def check(path: Path) -> None:
        done = subprocess.run(
            ["dciodvfy", "-new", str(path)], capture_output=True, check=False, timeout=60
        )
        told = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
        assert told, "the checker said nothing at all"
        assert [line for line in told if line.startswith("Error")] == []

    return check
