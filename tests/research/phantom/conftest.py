"""Cines that several tests look at; each is made once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from cardiac.geometry import Mask, Spacing
from cardiac.research.phantom import PhantomCine, real_texture_cine, synthetic_cine

Image = npt.NDArray[np.uint8]


class Stills(NamedTuple):
    """An end-diastolic and an end-systolic image with their masks."""

    ed_image: Image
    ed_mask: Mask
    es_image: Image
    es_mask: Mask
    spacing: Spacing


@pytest.fixture(scope="session")
def phantom() -> PhantomCine:
    """A synthetic four-chamber cine, one beat at 50 frames/s, 128×128."""
    return synthetic_cine(n_frames=46, size=(128, 128), seed=5, ef=55, heart_rate=65, frame_rate=50)


def stills_of(cine: PhantomCine) -> Stills:
    ed, es = cine.ed_frames[0], cine.es_frames[0]
    return Stills(cine.frames[ed], cine.masks[ed], cine.frames[es], cine.masks[es], cine.spacing)


@pytest.fixture(scope="session")
def stills() -> Stills:
    """A pair of masked images that needs no data."""
    return stills_of(synthetic_cine(n_frames=40, size=(220, 256), seed=8, ef=60))


@pytest.fixture(scope="session")
def textured(stills: Stills) -> PhantomCine:
    """A cine made from that pair."""
    return real_texture_cine(*stills, n_frames=50, seed=2, size=192)


@pytest.fixture(scope="session")
def experts(data: Path) -> list[Stills]:
    """Pairs of a few CAMUS patients of both splits."""
    from cardiac.research.data import labelled_stills

    with (data / "camus" / "patients.csv").open(newline="") as file:
        patients = [row["patient"] for row in csv.DictReader(file)]
    pairs = []
    for patient in patients[::150]:
        ed, es = labelled_stills(data / "camus", [patient], ["4CH"])
        pairs.append(Stills(ed.image, ed.mask, es.image, es.mask, ed.spacing))
    return pairs
