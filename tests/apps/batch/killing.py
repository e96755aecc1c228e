"""A batch killed again and again must end like one that was left alone.

``python -m tests.apps.batch.killing --cases 200 --kills 50 --workers 2`` runs the proof at full
size; the test does a few kills of a few cases.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cardiac.apps.batch.database import RunDatabase, State
from cardiac.apps.batch.verify import verify
from cardiac.research.phantom import synthetic_cine
from tests.apps.batch.conftest import write_cine

QUICKLY = ("--no-pictures", "--no-videos", "--no-assess", "--no-report", "--no-parquet")
TABLES = ("indices.csv", "frames.csv")


def make_cases(folder: Path, count: int) -> Path:
    """A folder of small cines, a few of them different, and one in ten broken."""
    cines = [synthetic_cine(n_frames=3, size=(64, 64), seed=seed).sequence for seed in range(4)]
    folder.mkdir(parents=True)
    for number in range(count):
        path = folder / f"case{number:05d}.nii.gz"
        if number % 10 == 9:
            path.write_bytes(b"\x1f\x8b broken")
        else:
            write_cine(path, cines[number % len(cines)])
    return folder


def start(source: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    """Begin ``cardiac process`` in a process group of its own."""
    command = [sys.executable, "-m", "cardiac.cli", "process", str(source), "--out", str(out)]
    return subprocess.Popen(
        [*command, *QUICKLY, "--workers", str(workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_at_random(source: Path, out: Path, workers: int, kills: int, rng: random.Random) -> int:
    """Start and kill until so many kills hit a run at work; returns the number of kills."""
    done = 0
    for _ in range(4 * kills):
        if done == kills:
            break
        before = _finished(out)
        run = start(source, out, workers)
        # From the first case on, anywhere within the next cases.
        while run.poll() is None and _finished(out) <= before and not rng.random() < 0.01:
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 0.4))
        if run.poll() is None:
            os.kill(run.pid, signal.SIGKILL)
            done += 1
        run.wait()
    return done


def _finished(out: Path) -> int:
    try:
        with RunDatabase(out) as database:
            run = database.last_run()
            counts = database.counts(run["run"]) if run else {}
    except Exception:  # not there yet
        return 0
    return counts.get(State.DONE, 0) + counts.get(State.FAILED, 0)


def prove(folder: Path, cases: int, kills: int, workers: int, seed: int = 0) -> dict[str, int]:
    """Kill a batch at random moments and compare it with one that was left alone.

    Returns:
        Number of cases and kills, and the most attempts that any case took.
    """
    source = make_cases(folder / "in", cases)
    whole, killed = folder / "whole", folder / "killed"
    assert start(source, whole, 1).wait() == 1
    hits = kill_at_random(source, killed, workers, kills, random.Random(seed))
    assert start(source, killed, workers).wait() == 1
    for name in TABLES:
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name
    names = [sorted(p.name for p in (out / "masks").iterdir()) for out in (whole, killed)]
    assert names[0] == names[1]
    for name in names[0]:
        assert (whole / "masks" / name).read_bytes() == (killed / "masks" / name).read_bytes()
    assert not list(verify(killed))
    with RunDatabase(killed) as database:
        run = database.last_run()
        assert run is not None
        entries = list(database.entries())
    assert len(entries) == cases
    assert {entry.state for entry in entries} == {State.DONE, State.FAILED}
    return {"cases": cases, "kills": hits, "most_attempts": max(e.attempt for e in entries)}


def main() -> None:
    """Prove it at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(prove(Path(folder), given.cases, given.kills, given.workers, given.seed))


if __name__ == "__main__":
    main()
