"""Matched outlines start at the left of the annulus, pass the apex half-way, end at the right."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import find_landmarks
from cardiac.errors import InputError
from cardiac.research.phantom.outline import between, matched_outlines
from tests.shapes import Apical


def test_outlines_run_from_left_over_the_apex_to_the_right() -> None:
    mask = Apical(tilt=10).mask()
    found = find_landmarks(mask)
    lines = matched_outlines(mask)
    endo = lines["endo"]
    assert np.linalg.norm(endo[0] - found.left) < 3
    assert np.linalg.norm(endo[-1] - found.right) < 3
    assert np.linalg.norm(endo[len(endo) // 2] - found.apex) < 4
    for name in ("epi", "la"):
        assert lines[name][0, 1] < lines[name][-1, 1]
    assert lines["la"][len(lines["la"]) // 2, 0] > endo[0, 0]


def test_a_moved_mask_has_its_outlines_moved() -> None:
    first = matched_outlines(Apical().mask())
    second = matched_outlines(Apical(annulus=(115.0 + 7.0, 80.0 + 14.0)).mask())
    for name, line in first.items():
        assert np.abs(line + np.array([10, 20]) - second[name]).max() < 0.2
    half = between(first, second, 0.5)
    assert np.allclose(half["endo"], (first["endo"] + second["endo"]) / 2)


@pytest.mark.parametrize(
    ("label", "name"), [(1, "left ventricle"), (2, "myocardium"), (3, "left atrium")]
)
def test_a_missing_structure_is_named(label: int, name: str) -> None:
    mask = Apical().mask()
    mask[mask == label] = 0
    with pytest.raises(InputError, match=name):
        matched_outlines(mask)
