"""A heart that never was: everything about it is known, and it looks like echo."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, gaussian_filter

from cardiac.anatomy import check, measure
from cardiac.clinical import ejection_fraction
from cardiac.errors import SettingsError
from cardiac.research.phantom import PhantomCine, synthetic_cine
from cardiac.temporal.consistency import consistency


def test_one_seed_gives_one_cine(phantom: PhantomCine) -> None:
    settings = {"n_frames": 6, "size": (96, 96), "seed": 4}
    first, again = synthetic_cine(**settings), synthetic_cine(**settings)
    other = synthetic_cine(**settings | {"seed": 5})
    assert np.array_equal(first.frames, again.frames)
    assert np.array_equal(first.masks, again.masks)
    assert not np.array_equal(first.masks, other.masks)


@pytest.mark.parametrize("ef", [20, 45, 75])
def test_ejection_fraction_is_the_one_asked_for(ef: float) -> None:
    cine = synthetic_cine(n_frames=40, size=(64, 64), ef=ef, seed=1)
    assert cine.ef_percent == ef
    measured = ejection_fraction(cine.volumes_ml.max(), cine.volumes_ml.min())
    assert measured == pytest.approx(ef, abs=0.3)


@pytest.mark.parametrize(("view", "seed"), [("A4C", 0), ("A4C", 26), ("A2C", 9), ("A2C", 29)])
def test_true_masks_are_valid_and_move_consistently(view: str, seed: int) -> None:
    cine = synthetic_cine(view, 50, (256, 256), seed, frame_rate=50)
    assert check(cine.masks).valid.all()
    found = consistency(measure(cine.masks, cine.spacing).values, 0.02)
    assert found.frames.all()


def test_masks_have_the_areas_of_the_outlines(phantom: PhantomCine) -> None:
    found = measure(phantom.masks, phantom.spacing)
    pixel = phantom.spacing[0] * phantom.spacing[1]
    for name in ("lv_area", "myo_area", "la_area"):
        assert np.abs(found[name] - phantom.attributes[name]).max() < 20 * pixel
    for name in ("epi_center_x", "epi_center_y"):
        assert np.abs(found[name] - phantom.attributes[name]).max() < 0.3 * phantom.spacing[0]


def test_landmarks_lie_on_the_cavity(phantom: PhantomCine) -> None:
    for mask, points in zip(phantom.masks, phantom.landmarks, strict=True):
        cavity = np.argwhere(mask == 1)
        for point in points:
            assert np.linalg.norm(cavity - point, axis=1).min() < 1.5


def test_blood_is_dark_wall_is_bright_and_outside_is_black(phantom: PhantomCine) -> None:
    outside = phantom.frames.max(axis=0) == 0
    for frame, mask in zip(phantom.frames, phantom.masks, strict=True):
        lit = ~outside
        assert frame[(mask == 1) & lit].mean() + 25 < frame[(mask == 2) & lit].mean()
        assert frame[(mask == 3) & lit].mean() + 25 < frame[(mask == 2) & lit].mean()
    assert 0.2 < outside.mean() < 0.7


def test_speckle_follows_the_tissue_and_blood_does_not(phantom: PhantomCine) -> None:
    frames = phantom.frames[:2].astype(float)
    grain = [frame - gaussian_filter(frame, 3) for frame in frames]

    def alike(label: int) -> float:
        where = binary_erosion((phantom.masks[:2] == label).all(axis=0), iterations=2)
        return float(np.corrcoef(grain[0][where], grain[1][where])[0, 1])

    assert alike(2) > 0.9
    assert alike(3) < alike(2) - 0.2


def test_frames_span_one_beat_unless_a_rate_is_given() -> None:
    whole = synthetic_cine(n_frames=9, size=(64, 64), heart_rate=75)
    assert whole.times[-1] == pytest.approx(60 / 75)
    assert whole.ed_frames == (0, 8)
    rated = synthetic_cine(n_frames=9, size=(64, 64), heart_rate=75, frame_rate=40)
    assert rated.frame_rate_hz == pytest.approx(40)


def test_oblong_pixels_show_the_same_kind_of_heart() -> None:
    cine = synthetic_cine(n_frames=3, size=(128, 200), spacing_mm=(1.1, 0.9))
    assert cine.spacing == (1.1, 0.9)
    assert check(cine.masks).valid[:, :9].all()
    length = cine.attributes["lv_length"][0]
    assert 50 < length < 110


def test_sequence_holds_no_truth(phantom: PhantomCine) -> None:
    sequence = phantom.sequence
    assert sequence.spacing == phantom.spacing
    assert sequence.view == "A4C"
    assert not sequence.ed_frames
    assert not sequence.es_frames


@pytest.mark.parametrize(
    "settings",
    [{"view": "PLAX"}, {"ef": 0.55}, {"ef": 95}, {"n_frames": 0}, {"size": (8, 8)},
     {"heart_rate": 500}],
)  # fmt: skip
def test_impossible_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        synthetic_cine(**settings)
