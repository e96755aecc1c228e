"""Indices of a heart whose motion is known; what cannot be measured is missing with a reason."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.clinical import (
    PER_BEAT,
    PER_BSA,
    Convention,
    combine_views,
    measure_indices,
    sequence_indices,
)
from cardiac.errors import SettingsError
from cardiac.sequence import EchoSequence, Subject, View
from tests.shapes import Apical, beating

HEART = Apical()
SPACING = HEART.spacing


def _clip(beats: float = 1.0, frames: int = 30, **changes: float):
    masks = beating(frames, beats, HEART.with_(**changes))
    return measure_indices(masks, SPACING, np.arange(frames) / 30, View.A4C)


def test_a_contraction_of_known_depth() -> None:
    found = _clip()
    assert (found.ed_frame, found.es_frame) == (0, 15)
    assert found.lv_edv_ml == pytest.approx(HEART.lv_volume, rel=0.02)
    # Lengths shrink by 12 %, widths by 24 %.
    assert found.lv_ef_percent == pytest.approx(100 * (1 - 0.88 * 0.76**2), abs=1.0)
    assert found.lv_fac_percent == pytest.approx(100 * (1 - 0.88 * 0.76), abs=1.0)
    assert found.lv_length_change_percent == pytest.approx(-12.0, abs=1.0)
    assert -17 < found.gls_contour_percent < -11
    assert found.lv_area_ed_cm2 == pytest.approx(HEART.lv_area / 100, rel=0.01)
    assert found.la_length_es_mm == pytest.approx(40.0, rel=0.02)
    assert found.wall_thickness_ed_mm == pytest.approx(9.0, rel=0.1)


def test_every_number_that_is_missing_has_a_reason_and_no_other_has() -> None:
    clips = [
        _clip(),
        measure_indices(beating(20)),
        measure_indices(HEART.mask(), SPACING),
        measure_indices(np.zeros((5, 60, 60), np.uint8), SPACING),
        measure_indices(beating(20, shape=HEART.with_(atrium=(0.0, 0.0))), SPACING),
        combine_views(_clip(), _clip()),
        combine_views(_clip(), measure_indices(beating(20))),
    ]
    for found in clips:
        missing = {name for name, value in found.numbers().items() if value is None}
        assert missing == set(found.reasons), found.view
        assert all(reason.code and reason.text for reason in found.reasons.values())


def test_a_heart_that_stands_still_has_no_beat_and_identical_frames_no_ejection() -> None:
    still = np.stack([HEART.mask()] * 8)
    assert measure_indices(still, SPACING).n_beats == 0
    given = measure_indices(still, SPACING, ed_frames=[0], es_frames=[4])
    assert given.lv_ef_percent == 0
    assert given.gls_contour_percent == 0


def test_a_clip_without_pixel_size_gives_ratios_only() -> None:
    found = measure_indices(beating(30))
    present = {name for name, value in found.numbers().items() if value is not None}
    assert present == {
        "lv_fac_percent",
        "lv_length_change_percent",
        "gls_contour_percent",
        "ef_area_length_uncalibrated",
    }
    assert found.ef_area_length_uncalibrated == pytest.approx(_clip().lv_ef_percent, abs=1.0)
    assert "pixel size" in found.reasons["lv_edv_ml"].text


def test_ratios_do_not_depend_on_the_pixel_size() -> None:
    masks = beating(20)
    one, two = (measure_indices(masks, (s, s)) for s in (0.5, 1.0))
    assert one.lv_ef_percent == pytest.approx(two.lv_ef_percent)
    assert two.lv_edv_ml == pytest.approx(8 * one.lv_edv_ml)


def test_one_image_has_no_phase_unless_the_file_says() -> None:
    found = measure_indices(HEART.mask(), SPACING)
    assert found.n_beats == 0
    assert found.lv_edv_ml is None
    assert "one frame" in found.reasons["lv_edv_ml"].text


def test_two_images_are_end_diastole_and_end_systole() -> None:
    pair = beating(30)[[15, 0]]
    found = measure_indices(pair, SPACING)
    assert (found.ed_frame, found.es_frame) == (1, 0)
    assert found.lv_ef_percent == pytest.approx(_clip().lv_ef_percent)


def test_all_beats_are_measured_and_averaged() -> None:
    found = _clip(beats=3.0, frames=90)
    assert found.n_beats == 3
    assert len(found.beats) == 3
    assert found.heart_rate_bpm == pytest.approx(60, rel=0.03)
    mean = np.mean([beat.values["lv_ef_percent"] for beat in found.beats])
    assert found.lv_ef_percent == pytest.approx(mean)


def test_an_atrium_cut_off_by_the_image_is_not_measured() -> None:
    masks = beating(20)[:, :190]
    found = measure_indices(masks, SPACING)
    assert found.la_volume_es_ml is None
    assert "cut off" in found.reasons["la_volume_es_ml"].text
    assert found.lv_edv_ml is not None


def test_a_frame_without_a_ventricle_does_not_lose_the_clip() -> None:
    masks = beating(30)
    masks[7] = 0
    assert measure_indices(masks, SPACING).lv_ef_percent == pytest.approx(
        _clip().lv_ef_percent, abs=0.5
    )


def test_the_legacy_convention_lowers_the_ejection_fraction() -> None:
    masks = beating(30)
    ase = measure_indices(masks, SPACING)
    legacy = measure_indices(masks, SPACING, convention=Convention.CAMUS_LEGACY)
    assert legacy.lv_edv_ml == ase.lv_edv_ml
    assert legacy.lv_ef_percent < ase.lv_ef_percent - 4
    assert legacy.convention == "camus-legacy"


def test_body_size_gives_indexed_values() -> None:
    sequence = EchoSequence(
        np.zeros((30, *HEART.size), np.uint8),
        spacing=SPACING,
        times=np.arange(30) / 30,
        view=View.A4C,
        subject=Subject(height_m=1.8, weight_kg=75),
    )
    found = sequence_indices(sequence, beating(30))
    bsa = sequence.subject.bsa_m2
    for name, source in PER_BSA.items():
        assert getattr(found, name) == pytest.approx(getattr(found, source) / bsa)
    assert found.view == "A4C"


def test_two_equal_views_agree_with_each_of_them() -> None:
    one = _clip()
    both = combine_views(one, one, bsa_m2=2.0)
    for name in ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent", "la_volume_es_ml"):
        assert getattr(both, name) == pytest.approx(getattr(one, name))
    assert both.long_axis_discordance_percent == 0
    assert both.lv_edv_index_ml_m2 == pytest.approx(one.lv_edv_ml / 2)
    assert both.warnings == ()


@pytest.mark.parametrize(("shorter", "warned", "flagged"), [(5, 0, 0), (14, 1, 0), (27, 1, 1)])
def test_views_of_unlike_length_are_warned_of_and_flagged(
    shorter: int, warned: int, flagged: int
) -> None:
    long, short = _clip(), _clip(length=HEART.length * (1 - shorter / 100))
    both = combine_views(long, short)
    assert both.long_axis_discordance_percent == pytest.approx(shorter, abs=1.5)
    assert len(both.warnings) == warned
    assert both.discordant == bool(flagged)
    # The discs are as high as the longer axis, of the same phase.
    expected = both.lv_esv_ml / long.lv_esv_ml
    diameters = long.stacks["lv_es"].diameters, short.stacks["lv_es"].diameters
    assert expected == pytest.approx(
        (diameters[0] @ diameters[1]) / (diameters[0] @ diameters[0]), rel=1e-6
    )


def test_views_of_unlike_conventions_are_not_mixed() -> None:
    legacy = measure_indices(beating(10), SPACING, convention=Convention.CAMUS_LEGACY)
    with pytest.raises(SettingsError):
        combine_views(_clip(), legacy)


def test_the_table_holds_every_index() -> None:
    assert set(PER_BEAT) < set(_clip().numbers())
