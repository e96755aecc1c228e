"""What ``cardiac process`` is told on its line, and what it tells."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from cardiac.cli.app import app
from cardiac.research.phantom import synthetic_cine
from tests.apps.batch.conftest import write_cine

QUICK = ("--no-pictures", "--no-videos", "--no-assess", "--no-report", "--no-parquet")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A folder with a cine, a copy of it under a longer name, and a file that is none."""
    folder = tmp_path_factory.mktemp("source")
    cine = synthetic_cine(n_frames=6, size=(96, 96), seed=0).sequence
    write_cine(folder / "cine.nii.gz", cine)
    shutil.copy(folder / "cine.nii.gz", folder / "patient0001_4CH_half_sequence_copy.nii.gz")
    (folder / "notes.txt").write_text("not an image")
    return folder


def run(*tokens: object) -> int:
    return int(app.meta([*map(str, tokens), *QUICK], result_action="return_value"))


def row_of(out: Path) -> dict[str, str]:
    with (out / "indices.csv").open(newline="") as file:
        return next(csv.DictReader(file))


def test_a_single_input_is_stated_on_the_line(source, tmp_path):
    out = tmp_path / "out"
    stated = ("--view", "A2C", "--ed", 0, "--es", 3, "--spacing", "0.6", "--frame-interval", 25)
    body = ("--height", 180, "--weight", 80)
    run("process", source / "cine.nii.gz", "--out", out, *stated, *body)
    row = row_of(out)
    assert (row["view"], row["ed_frames"], row["es_frames"]) == ("A2C", "0", "3")
    assert float(row["spacing_row_mm"]) == float(row["spacing_column_mm"]) == 0.6
    # Du Bois: a man of 1.80 m and 80 kg has 2.0 m², and a ventricle of that per m².
    per_bsa = float(row["lv_edv_ml"]) / float(row["lv_edv_index_ml_m2"])
    assert per_bsa == pytest.approx(1.996, abs=0.01)
    # Other words for the same file are another question.
    run("process", source / "cine.nii.gz", "--out", out, "--view", "A4C")
    assert row_of(out)["view"] == "A4C"


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (("--view", "A4C"), "--view is for a single input, and there are 2."),
        (("--height", "0"), "--height is 0, but must be positive."),
        (("--spacing", "1", "2", "3"), "--spacing takes height and width"),
    ],
)
def test_what_cannot_be_stated_is_refused_before_any_work(source, tmp_path, stated, words):
    from cardiac.errors import SettingsError

    with pytest.raises(SettingsError, match=words):
        run("process", source, "--out", tmp_path / "out", *stated)
    assert not (tmp_path / "out" / "indices.csv").exists()


def test_the_screen_names_every_file_whole(source, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    run("process", source, "--out", tmp_path / "out")
    told = capsys.readouterr()
    assert "patient0001_4CH_half_sequence_copy " in told.out
    assert "the same bytes: cine, patient0001_4CH_half_sequence_copy" in told.out
    assert "notes.txt: of no known image format" in told.out


def test_what_a_person_stopped_is_kept_and_told(source, tmp_path, capsys, monkeypatch):
    from cardiac.apps.batch.job import ProcessJob

    real = ProcessJob.run

    def stopped(job, items):
        going = real(job, items)
        yield next(going)
        going.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(ProcessJob, "run", stopped)
    out = tmp_path / "out"
    assert run("process", source, "--out", out) == 130
    assert "stopped. 1 of 2 cases are done and kept" in capsys.readouterr().err
    monkeypatch.undo()
    run("process", source, "--out", out)
    assert "2 processed, 0 failed (1 of them before)" in capsys.readouterr().out


def test_verbose_tells_every_step(source, tmp_path, capsys):
    run("process", source / "cine.nii.gz", "--out", tmp_path / "out", "--verbose")
    told = capsys.readouterr().err
    for step in ("loading the network", "at work on cine", "cine: done in"):
        assert step in told


def test_a_second_run_keeps_the_first(source, tmp_path, capsys):
    out = tmp_path / "out"
    run("process", source / "cine.nii.gz", "--out", out)
    run("process", source / "patient0001_4CH_half_sequence_copy.nii.gz", "--out", out)
    assert "1 cases of earlier runs are kept beside them" in capsys.readouterr().out
    record = json.loads((out / "run.json").read_text())
    assert next(case["id"] for case in record["cases"]) == "cine"
    assert len({case["settings_sha256"] for case in record["cases"]}) == 1
