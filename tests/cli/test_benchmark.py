import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from cardiac.cli.benchmark import benchmark_command, camus_folder
from cardiac.cli.phantom import phantom_command
from cardiac.errors import SettingsError
from cardiac.io import read, read_mask
from cardiac.research.phantom import CineSpec, synthetic_cine, write_manifest


def test_phantom_writes_what_a_reader_reads_back(tmp_path):
    assert phantom_command(out=tmp_path, frames=6, frame_rate=10, seed=4) == 0
    cine = synthetic_cine("A4C", 6, seed=4, frame_rate=10)
    back = read(tmp_path / "synthetic-A4C-4.nii.gz")
    assert np.array_equal(back.frames, cine.frames)
    assert back.spacing == pytest.approx(cine.spacing)
    assert back.frame_interval_s == pytest.approx(0.1)
    masks, _ = read_mask(tmp_path / "synthetic-A4C-4_gt.nii.gz")
    assert np.array_equal(masks, cine.masks)
    truth = json.loads((tmp_path / "synthetic-A4C-4.json").read_text())
    assert truth["ef_percent"] == pytest.approx(cine.ef_percent)
    with (tmp_path / "synthetic-A4C-4_frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["lv_volume_ml"]) for r in rows] == pytest.approx(cine.volumes_ml, rel=1e-4)


def test_phantom_refuses_what_it_does_not_know(tmp_path):
    with pytest.raises(SettingsError, match="no corruption"):
        phantom_command(out=tmp_path, corrupt=["magic:1"])
    with pytest.raises(SettingsError, match="no view"):
        phantom_command(out=tmp_path, view="PLAX")


def test_benchmark_writes_table_and_plots_and_resumes(tmp_path, capsys):
    specs = [
        CineSpec("a", "synthetic", "", "", "A4C", 1, 8, 10.0),
        CineSpec("b", "synthetic", "", "", "A4C", 1, 8, 10.0, "", "islands:3"),
    ]
    write_manifest(tmp_path / "few.csv", specs)

    def run():
        return benchmark_command(
            manifest=tmp_path / "few.csv", methods=["network", "debris"],
            cache=tmp_path / "cache", out=tmp_path / "out",
        )  # fmt: skip

    assert run() == 0
    assert "largest component" in capsys.readouterr().out
    first = (tmp_path / "out" / "benchmark.csv").read_bytes()
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {
        "results.jsonl", "benchmark.md", "benchmark.csv", "cines.csv", "benchmark_masks.png",
    }  # fmt: skip
    assert run() == 0
    assert "6 of them there already" in capsys.readouterr().err
    assert (tmp_path / "out" / "benchmark.csv").read_bytes() == first


def test_the_folder_of_camus_is_the_one_that_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("CARDIAC_DATA", raising=False)
    assert camus_folder(None) is None
    assert camus_folder(tmp_path) == tmp_path
    monkeypatch.setenv("CARDIAC_DATA", str(tmp_path))
    assert camus_folder(None) == tmp_path
    (tmp_path / "camus").mkdir()
    assert camus_folder(None) == tmp_path / "camus"


@pytest.mark.parametrize("job", [["benchmark"], ["benchmark", "speed"], ["phantom"]])
def test_every_job_explains_itself(job):
    done = subprocess.run(
        [sys.executable, "-m", "cardiac.cli", *job, "--help"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "--out" in done.stdout
