"""The same job on a cluster: its workers may be lost, no case is, and none is done twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from cardiac.apps.batch.job import ProcessJob
from cardiac.apps.batch.settings import BatchSettings
from cardiac.apps.batch.verify import verify
from cardiac.errors import SettingsError
from tests.apps.batch.conftest import QUICK, write_cine
from tests.apps.batch.test_job import attempts, tables

distributed = pytest.importorskip("distributed", reason="pip install 'cardiac-echo[cluster]'")


@pytest.fixture
def cluster():
    """A scheduler with two workers, each a process of its own that is started again if it dies."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as made:
        yield made


def test_a_lost_worker_loses_no_case_and_doubles_none(  # noqa: PLR0917
    cines, tmp_path, run, small_cines, cluster, monkeypatch
):
    for number in range(3, 8):
        write_cine(cines / f"c{number:02d}.nii.gz", small_cines[number % 3])
    whole, out = tmp_path / "whole", tmp_path / "out"
    run(cines, whole)
    # Relative paths mean the same to the workers, wherever they were started.
    monkeypatch.chdir(tmp_path)
    batch = BatchSettings(parquet=False, scheduler=cluster.scheduler_address)
    job = ProcessJob(Path("out"), QUICK, batch=batch)
    seen = []
    for case in job.run(job.find([cines])):
        seen.append(case.item.id)
        if len(seen) == 2:
            victim = cluster.workers[0].process.pid
            threading.Thread(target=os.kill, args=(victim, signal.SIGKILL)).start()
        assert case.error is None or case.item.id == "broken"
    job.finish()
    assert len(seen) == len(set(seen)) == 9
    assert tables(out) == tables(whole)
    assert not list(verify(out))
    # Dask gives the case to another worker: for the database it is the same attempt.
    assert set(attempts(out).values()) == {1}
    assert run(cines, out).skipped == 9
    pids = [worker.process.pid for worker in cluster.workers.values()]
    for _ in range(100):
        if not any(_cases(pid) for pid in pids):
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the run is over, and has left processes")


def _cases(pid: int) -> list[str]:
    children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    told = [Path(f"/proc/{c}/cmdline").read_text() for c in " ".join(children).split()]
    return [line for line in told if "spawn_main" in line and "resource_tracker" not in line]


def test_a_cluster_that_is_not_there_is_told(cines, tmp_path, run, monkeypatch):
    monkeypatch.setattr("cardiac.apps.batch.pool._CONNECT_S", 1.0)
    with pytest.raises(SettingsError, match="no dask scheduler"):
        run(cines, tmp_path / "out", scheduler="tcp://127.0.0.1:9")
