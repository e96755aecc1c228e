"""A certificate says what was measured, and refuses what breaks a bound."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cardiac.anatomy import ATTRIBUTES, CRITERIA, check, load_profile, measure
from cardiac.correction.certify import Constraints, certify
from cardiac.correction.changes import changes_between
from cardiac.errors import InvalidPixelsError
from cardiac.temporal import consistency
from tests.shapes import Apical, beating

SPACING = (0.7, 0.7)


@pytest.fixture(scope="module")
def masks() -> np.ndarray:
    return beating(24)


def test_a_heart_that_beats_smoothly_is_certified(masks):
    certificate = certify(masks, SPACING, 0.02)
    assert certificate.certified
    assert certificate.reason == ""
    assert certificate.changes is None


def test_it_says_what_the_public_functions_say(masks):
    broken = masks.copy()
    broken[5, 2:5, 2:5] = 1
    certificate = certify(broken, SPACING, 0.02)
    values = measure(broken, SPACING).values
    assert np.array_equal(certificate.criteria.values, check(broken).values, equal_nan=True)
    assert np.array_equal(certificate.attributes.values, values, equal_nan=True)
    assert certificate.consistent.tolist() == consistency(values, 0.02).frames.tolist()
    assert not certificate.certified
    assert "disconnected parts of the ventricle in frame 5" in certificate.reason


def test_what_keeps_the_published_bounds_keeps_those_of_camus():
    published, camus = load_profile("published"), load_profile("camus")
    rng = np.random.default_rng(0)
    values = np.array(published.bounds) * rng.uniform(0, 2, (5000, 12))
    valid = published.within(values).all(axis=1)
    assert valid.any()
    assert camus.within(values[valid]).all()


def test_a_jump_is_named(masks):
    shaken = masks.copy()
    shaken[10] = np.roll(shaken[10], 6, axis=1)
    certificate = certify(shaken, SPACING, 0.02)
    assert certificate.valid.all()
    assert not certificate.certified
    assert "Heart's centre (across) not temporally consistent" in certificate.reason


@pytest.mark.parametrize("frames", [1, 2])
def test_time_does_not_apply_to_one_or_two_frames(masks, frames):
    certificate = certify(masks[:frames], SPACING)
    assert certificate.certified
    assert any("fewer than three" in note for note in certificate.notes)
    assert certificate.summary()["temporal_part"] == "not applicable"


def test_without_an_atrium_its_criteria_do_not_apply_and_the_valve_is_closed(masks):
    alone = np.where(masks == 3, 0, masks).astype(np.uint8)
    certificate = certify(alone, SPACING, 0.02, atrium=False)
    assert certificate.certified
    assert any("no left atrium" in note for note in certificate.notes)
    open_wall = alone.copy()
    rows, columns = np.nonzero(open_wall[3] == 2)
    beside = (rows > 60) & (columns < np.median(columns))
    open_wall[3, rows[beside], columns[beside]] = 0
    assert (
        "open to the background in frame 3"
        in certify(open_wall, SPACING, 0.02, atrium=False).reason
    )
    unasked = certify(alone, SPACING, 0.02)
    assert not unasked.certified
    assert "the left atrium is missing" in unasked.reason


def test_without_a_pixel_size_it_is_scaled_by_the_heart(masks):
    certificate = certify(masks, None, 0.02)
    assert certificate.certified
    assert certificate.attributes.units == "px"
    assert any("no pixel size" in note for note in certificate.notes)


def test_nothing_is_not_certified():
    certificate = certify(np.zeros((4, 32, 32), np.uint8), SPACING, 0.02)
    assert not certificate.certified
    assert "no frame has a left ventricle" in certificate.reason
    with pytest.raises(InvalidPixelsError):
        certify(np.full((2, 8, 8), 7), SPACING)


def test_a_ventricle_without_an_annulus_is_measured_as_missing():
    mask = np.zeros((64, 64), np.uint8)
    mask[15:50, 15:50] = 2
    mask[20:45, 20:45] = 1
    certificate = certify(np.stack([mask] * 3), SPACING, 0.02)
    assert not certificate.certified


def test_rows_and_json_hold_everything(masks):
    certificate = certify(masks, SPACING, 0.02)
    rows = certificate.rows()
    assert len(rows) == len(masks)
    assert set(CRITERIA) <= set(rows[0])
    assert {f"d_{name}" for name in ATTRIBUTES} <= set(rows[0])
    assert rows[0]["d_lv_area"] is None
    content = json.loads(certificate.to_json())
    assert content["certified"] is True
    assert content["bounds"]["temporal"]["lv_area"] == pytest.approx(0.016)
    assert content["per_frame"][1]["lv_area_mm2"] == pytest.approx(rows[1]["lv_area_mm2"])


def test_measuring_some_frames_anew_is_measuring_all(masks):
    changed = masks.copy()
    changed[[3, 7]] = Apical(tilt=5).mask()
    which = (changed != masks).any(axis=(1, 2))
    constraints = Constraints(SPACING)
    partly = constraints.measured(changed, constraints.measured(masks), which)
    whole = constraints.measured(changed)
    assert np.array_equal(partly.criteria, whole.criteria, equal_nan=True)
    assert np.array_equal(partly.attributes.values, whole.attributes.values, equal_nan=True)


def test_a_shift_is_the_displacement_it_is(masks):
    moved = np.roll(masks, 4, axis=2)
    changes = changes_between(masks, moved, ["moved"] * len(masks), SPACING)
    assert changes.displacement == pytest.approx(2.8, abs=0.71)
    assert (changes.dice < 1).all()
    gone = np.where(masks == 3, 0, masks).astype(np.uint8)
    lost = changes_between(masks, gone, ["moved"] * len(masks), SPACING)
    assert np.isnan(lost.displacement).all()
    same = changes_between(masks, masks, ["kept"] * len(masks), SPACING)
    assert (same.dice == 1).all()
    assert (same.displacement == 0).all()
