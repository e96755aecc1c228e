"""Shared fixtures: where real data are, fixed random inputs, a synthetic cine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cardiac.sequence import EchoSequence

ROOT = Path(__file__).parent.parent
settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real data; the test is skipped where there is none."""
    folder = Path(os.environ.get("CARDIAC_DATA", ROOT.parent / "shared" / "data"))
    if not folder.exists():
        pytest.skip(f"no real data in {folder}; set CARDIAC_DATA")
    return folder


@pytest.fixture(scope="session")
def cine() -> EchoSequence:
    """A synthetic four-chamber cine of one beat, 20 frames of 128×128."""
    from cardiac.phantom import synthetic_cine

    return synthetic_cine(n_frames=20, size=(128, 128), seed=3).sequence


@pytest.fixture(scope="session")
def segmenter():
    """The shipped network in float32."""
    from cardiac.segmentation.predictors import Precision
    from cardiac.segmentation.segmenter import SegmentationSettings, Segmenter

    return Segmenter.load(SegmentationSettings(precision=Precision.FLOAT32))
