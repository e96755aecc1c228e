"""A worker that dies or hangs costs its case and no other."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cardiac.apps.batch.database import RunDatabase
from cardiac.apps.batch.job import ProcessJob
from cardiac.apps.batch.settings import BatchSettings
from cardiac.apps.batch.verify import verify
from cardiac.apps.batch.work import CaseInProgress, Work
from cardiac.io import InputItem
from cardiac.settings import ProcessSettings
from tests.apps.batch.conftest import QUICK, write_cine
from tests.apps.batch.test_job import attempts, tables
from tests.conftest import ROOT


class DeadlyWork(Work):
    """Work that some files are too much for, by their names."""

    def read(self, item: InputItem) -> CaseInProgress:
        """Read, die or hang."""
        if item.id.startswith("killed"):
            os.kill(os.getpid(), signal.SIGKILL)
        if item.id.startswith("crashing"):
            ctypes.string_at(0)
        if item.id.startswith("hanging"):
            time.sleep(600)
        return super().read(item)


def deadly_job(out: Path, settings: ProcessSettings = QUICK, **batch: object) -> ProcessJob:
    job = ProcessJob(out, settings, batch=BatchSettings(parquet=False, **batch))
    job._work = DeadlyWork(out, settings, job.batch)
    return job


def test_a_case_that_kills_or_stops_its_worker_fails_alone(cines, tmp_path, small_cines):
    for name in ("killed", "crashing", "hanging"):
        write_cine(cines / f"{name}.nii.gz", small_cines[0])
    out = tmp_path / "out"
    job = deadly_job(out, workers=2, time_limit_s=25)
    cases = {case.item.id: case for case in job.run(job.find([cines]))}
    job.finish()
    told = {name: str(case.error) for name, case in cases.items() if case.error}
    assert set(told) == {"broken", "killed", "crashing", "hanging"}
    assert "SIGKILL" in told["killed"]
    assert "SIGSEGV" in told["crashing"]
    assert "limit of 25 s" in told["hanging"]
    assert job.exit_code == 1
    # A dead process may have been killed by somebody else: its case gets a second one.
    tried = attempts(out)
    assert {name for name, count in tried.items() if count == 2} == {"killed", "crashing"}
    assert not list(verify(out))


def test_a_worker_killed_from_outside_costs_nothing(cines, tmp_path, run):
    whole, out = tmp_path / "whole", tmp_path / "out"
    run(cines, whole)
    job = ProcessJob(out, QUICK, batch=BatchSettings(parquet=False, workers=2))
    victims = []
    for case in job.run(job.find([cines])):
        if not victims:
            victims = _children(os.getpid())[:1]
            os.kill(victims[0], signal.SIGKILL)
        assert case.error is None or case.item.id == "broken"
    job.finish()
    assert job.total == 4
    assert tables(out) == tables(whole)


def test_the_number_of_workers_changes_no_byte(cines, tmp_path, run, talk):
    one, two = tmp_path / "one", tmp_path / "two"
    run(cines, one)
    job = run(cines, two, workers=2)
    assert job.total == 4
    assert tables(one) == tables(two)
    for path in (one / "masks").iterdir():
        assert path.read_bytes() == (two / "masks" / path.name).read_bytes()
    # The hash of the settings does not count the workers: nothing is left to do.
    assert run(cines, two).skipped == 4
    assert talk == []


def test_many_cases_are_isolated_without_being_asked_for():
    assert BatchSettings().in_process(1)
    assert BatchSettings().in_process(20)
    assert not BatchSettings().in_process(21)
    assert not BatchSettings(isolate=True).in_process(1)
    assert not BatchSettings(scheduler="tcp://x:1").in_process(1)
    assert BatchSettings(workers=1).in_process(10_000)
    assert [BatchSettings(workers=4).for_cases(n).workers for n in (1, 3, 9)] == [1, 3, 4]
    assert [BatchSettings().for_cases(n).workers for n in (1, 20, 21)] == [1, 1, 2]


def test_a_case_that_ended_two_runs_gets_a_process_of_its_own(cines, tmp_path, small_cines):
    write_cine(cines / "killed.nii.gz", small_cines[0])
    out = tmp_path / "out"
    job = deadly_job(out)
    items = job.find([cines])
    list(deadly_job(out).run([item for item in items if item.id != "killed"]))
    with RunDatabase(out) as database:
        database.open_run("x", {}, [(item.id, str(item.path)) for item in items])
        for _ in range(2):
            database.start("killed")
    cases = {case.item.id: case for case in job.run(items)}
    assert "SIGKILL" in str(cases["killed"].error)
    assert cases["c0"].error is None


def test_workers_end_with_the_process_that_started_them(cines, tmp_path):
    """Otherwise a killed run would still be writing while its successor works."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.apps.batch.test_workers import deadly_job\n"
        "if __name__ == '__main__':\n"
        "    job = deadly_job(Path(sys.argv[2]), isolate=True)\n"
        "    list(job.run(job.find([Path(sys.argv[1])])))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    for path in cines.iterdir():
        path.rename(path.with_name(f"hanging-{path.name}"))
    command = [sys.executable, str(script), str(cines), str(tmp_path / "out")]
    parent = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        workers = _wait_for(lambda: _children(parent.pid))
    finally:
        parent.kill()
        parent.wait()
    assert _wait_for(lambda: not any(_alive(pid) for pid in workers))


def _children(pid: int) -> list[int]:
    told = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    found = [int(child) for child in " ".join(told).split()]
    return [c for c in found if "resource_tracker" not in Path(f"/proc/{c}/cmdline").read_text()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def _wait_for(condition: object, seconds: float = 60) -> object:
    for _ in range(int(seconds * 10)):
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not come about")
