"""Shared fixtures: where real data are, fixed random inputs, a synthetic cine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    from cardiac.research.phantom import synthetic_cine

    return synthetic_cine(n_frames=20, size=(128, 128), seed=3).sequence


@pytest.fixture(scope="session")
def segmenter():
    """The shipped network in float32."""
    from cardiac.segmentation.predictors import Precision
    from cardiac.segmentation.segmenter import SegmentationSettings, Segmenter

    return Segmenter.load(SegmentationSettings(precision=Precision.FLOAT32))


@pytest.fixture(scope="session")
def models(segmenter):
    """The shipped models, loaded once for all tests."""
    from cardiac.pipeline import Models

    return Models(segmenter)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium for the pages; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed")
    options = (
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update",
    )  # fmt: skip
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=list(options))
        yield browser
        browser.close()
