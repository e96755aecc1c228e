"""The page of a run: written with it, made anew from it, known to its database."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cardiac.apps.batch.job import ProcessJob
from cardiac.apps.batch.settings import BatchSettings
from cardiac.apps.batch.verify import verify
from cardiac.cli.run import report_command
from cardiac.errors import NotFoundError
from cardiac.report.page import build
from cardiac.research.phantom import synthetic_cine
from cardiac.settings import ProcessSettings

QUICK = ProcessSettings(pictures=False, videos=False, assess=False, correct=False)


def source(folder: Path) -> Path:
    """A cine of somebody in a folder that names somebody, and a file that is none."""
    folder = folder / "Doe"
    folder.mkdir(parents=True)
    frames = synthetic_cine(n_frames=3, size=(96, 96), seed=1).sequence.frames
    nib.save(nib.Nifti1Image(frames.transpose(2, 1, 0).copy(), np.eye(4)), folder / "Doe.nii.gz")
    (folder / "DoeBad.dcm").write_bytes(b"rubbish")
    return folder


def run(folder: Path, out: Path, models, settings=QUICK, **batch: object) -> Path:
    job = ProcessJob(out, settings, models, batch=BatchSettings(parquet=False, **batch))
    list(job.run(job.find([source(folder)])))
    job.finish()
    return out


def test_a_run_writes_its_page_and_the_ledger_knows_all_of_it(tmp_path, models, monkeypatch):
    out = run(tmp_path, tmp_path / "out", models)
    assert 'id="case-0"' in (out / "report.html").read_text()
    assert not list(verify(out))
    monkeypatch.setattr(build, "MOST_INSIDE", 0)
    assert report_command(out) == 0
    assert (out / "report" / "Doe.html").is_file()
    assert not list(verify(out))
    (out / "report" / "Other.html").touch()
    assert [found.kind for found in verify(out)] == ["stray"]


def test_no_report_if_none_is_wanted(tmp_path, models):
    settings = QUICK.model_copy(update={"report": False})
    out = run(tmp_path, tmp_path / "out", models, settings)
    assert not (out / "report.html").exists()
    assert not (out / "report").exists()


def test_names_that_are_hidden_are_hidden_in_the_page_too(tmp_path, models):
    out = run(tmp_path, tmp_path / "out", models, salt="secret")
    pages = [path for path in out.rglob("*") if path.parent.name == "report"]
    for path in [out / "report.html", *pages]:
        assert b"Doe" not in path.read_bytes()
        assert "Doe" not in path.name


def test_the_page_does_not_say_where_the_inputs_lay(tmp_path, models):
    out = run(tmp_path, tmp_path / "out", models)
    assert str(tmp_path) not in (out / "report.html").read_text()


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(NotFoundError):
        report_command(tmp_path)
