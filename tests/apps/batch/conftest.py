"""A small tree of cines, and runs over it that are fast."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cardiac.research.phantom import synthetic_cine
from cardiac.segmentation.predictors import Precision
from cardiac.segmentation.segmenter import SegmentationSettings
from cardiac.sequence import EchoSequence
from cardiac.settings import ProcessSettings

EXACT = SegmentationSettings(precision=Precision.FLOAT32)
QUICK = ProcessSettings(
    pictures=False, videos=False, assess=False, report=False, segmentation=EXACT
)


def write_cine(path: Path, cine: EchoSequence) -> Path:
    """A cine as NIfTI in CAMUS' order, frame time included."""
    image = nib.Nifti1Image(cine.frames.transpose(2, 1, 0).copy(), np.diag([-0.5, -0.5, 1, 1]))
    image.header.set_zooms((cine.spacing[1], cine.spacing[0], cine.frame_interval_s))
    image.header.set_xyzt_units("mm", "sec")
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)
    return path


@pytest.fixture(scope="session")
def small_cines() -> list[EchoSequence]:
    """Three cines of four frames of 96×96 pixels, all different."""
    return [synthetic_cine(n_frames=4, size=(96, 96), seed=seed).sequence for seed in range(3)]


@pytest.fixture
def cines(tmp_path: Path, small_cines: list[EchoSequence]) -> Path:
    """A folder of the three cines and a file that is none."""
    folder = tmp_path / "in"
    for number, cine in enumerate(small_cines):
        write_cine(folder / f"c{number}.nii.gz", cine)
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"rubbish")
    return folder


@pytest.fixture
def run(models: object) -> Callable[..., object]:
    """Run a job to its end and give it back."""
    from cardiac.apps.batch.job import ProcessJob
    from cardiac.apps.batch.settings import BatchSettings

    def go(source: Path, out: Path, settings: ProcessSettings = QUICK, **batch: object) -> object:
        job = ProcessJob(out, settings, models, batch=BatchSettings(parquet=False, **batch))
        list(job.run(job.find([source])))
        job.finish()
        return job

    return go


@pytest.fixture
def talk() -> Iterator[list[str]]:
    """Everything that is said to other machines, and every ear that is opened to them."""
    heard: list[str] = []
    listening = [True]

    def hook(event: str, args: tuple[object, ...]) -> None:
        if not listening or event not in ("socket.connect", "socket.bind", "socket.sendto"):
            return
        spoken = args[0]
        assert isinstance(spoken, socket.socket)
        # A datagram socket that is only connected sends nothing: so one asks for one's address.
        asks = event == "socket.connect" and spoken.type == socket.SOCK_DGRAM
        inside = isinstance(args[1], tuple) and args[1][0] in ("127.0.0.1", "::1")
        if spoken.family in (socket.AF_INET, socket.AF_INET6) and not asks and not inside:
            heard.append(f"{event} {args[1]}")

    sys.addaudithook(hook)
    yield heard
    listening.clear()
