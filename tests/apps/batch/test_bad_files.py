from __future__ import annotations

import csv
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cardiac.apps.batch.job import ProcessJob
from cardiac.apps.batch.verify import verify
from cardiac.errors import OutputError
from tests.apps.batch.bad_files import make_bad_files
from tests.apps.batch.conftest import QUICK, write_cine
from tests.apps.batch.test_job import tables


def test_every_bad_file_is_told_and_disturbs_no_other(tmp_path, run, small_cines):
    bad = make_bad_files(tmp_path / "in", tmp_path / "seeds")
    assert len(bad) >= 20
    good = {f"good{number}" for number in range(6)}
    for number, name in enumerate(sorted(good)):
        write_cine(tmp_path / "in" / f"{name}.nii.gz", small_cines[number % 3])
    blocked = tmp_path / "out" / "masks" / "good0.nii.gz"
    blocked.mkdir(parents=True)  # nothing can be put in its place, as on a full disk
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job = run(tmp_path / "in", tmp_path / "out", workers=1)
    with (tmp_path / "out" / "indices.csv").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert {name for name, row in rows.items() if row["status"] == "ok"} == good - {"good0"}
    assert {name for name, row in rows.items() if row["status"] == "failed"} == {*bad, "good0"}
    assert all(row["reason"] for row in rows.values() if row["status"] == "failed")
    assert not any("unforeseen" in row["reason"] for row in rows.values())
    assert job.exit_code == 1
    # No word of a header is believed before there is something behind it.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024 * 1024


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills_up_costs_no_more_than_what_was_on_its_way(
    cines, tmp_path, run, models, small_disk
):
    run(cines, tmp_path / "whole")
    out = small_disk / "out"
    job = ProcessJob(out, QUICK, models)
    ballast = small_disk / "ballast"
    with suppress(OutputError):  # the run may go on to its end with failures, or be stopped
        for _ in job.run(job.find([cines])):
            with suppress(OSError), ballast.open("ab", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
        assert job.failed > 1
    ballast.unlink()
    again = run(cines, out, retry=True)
    assert (again.total, again.failed) == (4, 1)
    assert tables(out) == tables(tmp_path / "whole")
    assert not list(verify(out))
