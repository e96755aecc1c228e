from __future__ import annotations

import csv
import resource

from tests.batch.bad_files import make_bad_files
from tests.batch.conftest import write_cine


def test_every_bad_file_is_told_and_disturbs_no_other(tmp_path, run, small_cines):
    bad = make_bad_files(tmp_path / "in", tmp_path / "seeds")
    assert len(bad) >= 20
    good = {f"good{number}" for number in range(6)}
    for number, name in enumerate(sorted(good)):
        write_cine(tmp_path / "in" / f"{name}.nii.gz", small_cines[number % 3])
    blocked = tmp_path / "out" / "masks" / "good0.nii.gz"
    blocked.mkdir(parents=True)  # nothing can be put in its place, as on a full disk
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job = run(tmp_path / "in", tmp_path / "out")
    with (tmp_path / "out" / "indices.csv").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert {name for name, row in rows.items() if row["status"] == "ok"} == good - {"good0"}
    assert {name for name, row in rows.items() if row["status"] == "failed"} == {*bad, "good0"}
    assert all(row["reason"] for row in rows.values() if row["status"] == "failed")
    assert not any("unforeseen" in row["reason"] for row in rows.values())
    assert job.exit_code == 1
    # No word of a header is believed before there is something behind it.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024 * 1024
