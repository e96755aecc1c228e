"""What a case costs beside its own work: database, hashes, tables, files, and handing it out.

``python -m tests.apps.batch.scale --cases 10000 --workers 2`` runs so many hollow cases and tells
the time of each, by the clock and of the processors (of this process and of those it started), and
the memory of this process. A hollow case leaves out what grows with the cine:
reading, the network, correction, measurement and pictures. It keeps everything else: its input is
hashed, a small file is written, flushed and moved into place, 20 frames go into the tables.
The flush is the disk's time; ``--folder /dev/shm`` leaves it out.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import tempfile
import time
from pathlib import Path

import psutil

from cardiac.apps.batch.case import CaseResult
from cardiac.apps.batch.fingerprint import input_hashes, input_stamp
from cardiac.apps.batch.job import ProcessJob
from cardiac.apps.batch.settings import BatchSettings
from cardiac.apps.batch.work import CaseInProgress, Work
from cardiac.io import InputItem
from cardiac.results.layout import FRAMES
from cardiac.results.tables import table_lines
from cardiac.settings import ProcessSettings

N_FRAMES = 20
TABLES = ("indices.csv", "frames.csv")


class HollowWork(Work):
    """All the work on a case but that which is worth doing."""

    def read(self, item: InputItem) -> CaseInProgress:
        """Hash the input."""
        return CaseInProgress(item, stamp=input_stamp(item), hashes=input_hashes(item))

    def segment(self, case: CaseInProgress, _segmenter: object) -> CaseInProgress:
        """Nothing."""
        return case

    def save(self, case: CaseInProgress) -> CaseResult:
        """Write a small file and rows that depend on the case alone."""
        name = case.item.id
        number = int(name.removeprefix("case"))
        with self._staging() as folder:
            (folder / "masks").mkdir()
            (folder / "masks" / f"{name}.nii.gz").write_bytes(name.encode() * 100)
            outputs = tuple(self._publish(folder))
        row = {"id": name, "level": "sequence", "status": "ok", "view": "A3C", "certified": True}
        row |= {"lv_edv_ml": 100 + number / 7, "patient": f"p{number // 2}"}
        frames = [
            {"id": name, "frame": t, "lv_area_mm2": number / (t + 1), "valid": True,
             "consistent": True} for t in range(N_FRAMES)
        ]  # fmt: skip
        return CaseResult(
            row,
            table_lines(FRAMES, frames),
            frames=N_FRAMES,
            seconds=time.perf_counter() - case.started,
            stamp=case.stamp,
            input_hash=case.hashes[0],
            sha256=case.hashes[1],
            outputs=outputs,
        )


def make_inputs(folder: Path, count: int) -> Path:
    """A folder of so many files that have the name of a cine."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"case{number:05d}.nii").write_bytes(b"%d" % number)
    return folder


def run(source: Path, out: Path, workers: int, scheduler: str = "") -> dict[str, float]:
    """Run hollow cases; returns ms a case, and memory in MB after a tenth and at the end."""
    batch = BatchSettings(workers=workers, scheduler=scheduler, parquet=False)
    job = ProcessJob(out, ProcessSettings(), batch=batch)
    hollow = {f.name: getattr(job._work, f.name) for f in dataclasses.fields(job._work)}
    job._work = HollowWork(**hollow)
    items = job.find([source])
    began = first = time.perf_counter()
    memory, cpu = [0.0, 0.0], [0.0, 0.0]
    for case in job.run(items):
        assert case.error is None, case.error
        if job.total == max(1, len(items) // 10):  # the network is loaded, the pools are warm
            first, memory[0], cpu[0] = time.perf_counter(), _memory_mb(), _cpu_s()
        if job.total == len(items):
            memory[1], cpu[1] = _memory_mb(), _cpu_s()
    ended = time.perf_counter()
    job.finish()
    return {
        "ms_a_case": 1000 * (ended - first) / (0.9 * len(items)),
        "processor_ms_a_case": 1000 * (cpu[1] - cpu[0]) / (0.9 * len(items)),
        "seconds": ended - began,
        "tables_seconds": time.perf_counter() - ended,
        "memory_mb_at_a_tenth": memory[0],
        "memory_mb_at_the_end": memory[1],
    }


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _cpu_s() -> float:
    """Processor time of this process and of those it started."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(told.user + told.system for told in times)


def main() -> None:
    """Measure at full size, with one worker and with several, and compare their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scheduler", default="")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    from tests.apps.batch.scale import run as run_here  # classes must not belong to __main__

    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        source = make_inputs(Path(folder) / "in", given.cases)
        outs = {}
        for workers in (1, given.workers):
            outs[workers] = out = Path(folder) / f"out{workers}"
            for what in ("new", "again"):
                scheduler = given.scheduler if workers > 1 else ""
                told = run_here(source, out, workers, scheduler)
                rounded = {key: round(value, 2) for key, value in told.items()}
                print(f"{given.cases} cases, {workers} workers, {what}: {rounded}", flush=True)
        whole = [[(out / name).read_bytes() for name in TABLES] for out in outs.values()]
        print("tables are the same:", all(tables == whole[0] for tables in whole))


if __name__ == "__main__":
    main()
