"""Each criterion is broken by a mask made to break it, and by no other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from cardiac.anatomy import ATRIAL, CRITERIA, PUBLISHED, check, load_profile, measure_criteria
from cardiac.errors import GeometryError, InvalidPixelsError
from tests.shapes import Apical

HEART = Apical()
SPOT = np.s_[10:12, 112:115]


def _hole(label: int) -> np.ndarray:
    mask = HEART.mask()
    row, column = (int(c.mean()) for c in np.nonzero(mask == label))
    if label == 2:
        column = int(np.flatnonzero(mask[row] == 2)[:12].mean())
    mask[row, column] = 0
    return mask


def _gap_at_the_wall() -> np.ndarray:
    mask = HEART.mask()
    row = 110
    edge = int(np.flatnonzero(mask[row] == 1)[0])
    mask[row : row + 3, edge - 3 : edge] = 0
    return mask


def _gap_at_the_valve() -> np.ndarray:
    mask = HEART.mask()
    base = int(np.nonzero(mask == 1)[0].max()) + 1
    mask[base : base + 2, 112:116] = 0
    return mask


def _speck(label: int) -> np.ndarray:
    mask = HEART.mask()
    mask[SPOT] = label
    return mask


def _open_base() -> np.ndarray:
    mask = HEART.mask()
    base = int(np.nonzero(mask == 1)[0].max()) + 1
    mask[base : base + 3] *= mask[base : base + 3] != 3
    return mask


def _thin_bridge() -> np.ndarray:
    mask = HEART.with_(thickness=14.0).mask()
    for row in range(120, 124):
        inner = int(np.flatnonzero(mask[row] == 1)[-1]) + 1
        mask[row, inner + 2 : inner + 40] = 0
    return mask


FAULTS: dict[str, Callable[[], np.ndarray]] = {
    "holes_lv": lambda: _hole(1),
    "holes_epi": lambda: _hole(2),
    "holes_la": lambda: _hole(3),
    "gap_lv_myo": _gap_at_the_wall,
    "gap_lv_la": _gap_at_the_valve,
    "pieces_lv": lambda: _speck(1),
    "pieces_myo": lambda: _speck(2),
    "pieces_la": lambda: _speck(3),
    "lv_touches_background": _open_base,
    "myo_touches_la": HEART.with_(atrium=(40.0, 30.0)).mask,
    "wall_thinning": _thin_bridge,
    "width_ratio": HEART.with_(half_width=30.0, thickness=4.5, atrium=(40.0, 25.0)).mask,
}


def test_a_sound_heart_meets_every_criterion() -> None:
    assert check(HEART.mask()).valid.all()
    assert check(HEART.mask(), load_profile("camus")).valid.all()


@pytest.mark.parametrize("name", CRITERIA)
def test_each_fault_breaks_its_own_criterion_and_no_other(name: str) -> None:
    valid = check(FAULTS[name]()).valid[0]
    assert [c for c, good in zip(CRITERIA, valid, strict=True) if not good] == [name]


def test_counts_are_pixels() -> None:
    assert check(_speck(1)).values[0, 5] == 6
    assert check(_gap_at_the_wall()).values[0, 3] == 9
    assert check(_hole(1)).values[0, 0] == 1


def test_a_gap_below_the_least_size_is_a_hole_of_the_epicardium() -> None:
    mask = HEART.mask()
    edge = int(np.flatnonzero(mask[110] == 1)[0])
    mask[110:114, edge - 1] = 0
    values, valid = check(mask)
    assert values[0, [1, 3]].tolist() == [4, 0]
    assert [CRITERIA[i] for i in np.flatnonzero(~valid[0])] == ["holes_epi"]


def test_a_few_pixels_between_ventricle_and_atrium_count_as_none() -> None:
    mask = HEART.mask()
    row, column = (int(v) for v in np.argwhere((mask[1:] == 3) & (mask[:-1] == 1)).mean(axis=0))
    mask[row + 1 : row + 3, column : column + 2] = 0
    values, valid = check(mask)
    assert values[0, 4] == 0
    assert valid.all()


def test_a_middle_row_without_ventricle_or_without_wall_has_no_proportion() -> None:
    mask = HEART.mask()
    middle = round(ndimage.center_of_mass((mask == 1) | (mask == 2))[0])
    for label in (1, 2):
        cut = mask.copy()
        cut[middle][cut[middle] == label] = 0
        values, valid = check(cut)
        assert np.isinf(values[0, 11])
        assert not valid[0, 11]


def test_a_heart_on_the_edge_of_the_image_has_no_holes_there() -> None:
    mask = HEART.mask()[:190]
    assert check(mask).valid.all()


@pytest.mark.parametrize("label", [1, 2, 3])
def test_an_absent_structure_breaks_its_criteria(label: int) -> None:
    mask = HEART.mask()
    mask[mask == label] = 0
    values, valid = check(mask)
    own = {1: [0, 1, 3, 4, 5, 8, 11], 2: [1, 3, 6, 9, 10, 11], 3: [2, 4, 7, 9]}[label]
    assert np.isnan(values[0, own]).all()
    assert not valid[0, own].any()
    assert np.isfinite(np.delete(values[0], own)).all()


def test_a_tool_that_draws_no_atrium_is_not_blamed_for_it() -> None:
    mask = HEART.with_(atrium=(0.0, 0.0)).mask()
    valid = check(mask, atrium=False).valid[0]
    assert valid[ATRIAL].all()
    # The valve then opens on the background, which stays a fault of the mask.
    assert [CRITERIA[i] for i in np.flatnonzero(~valid)] == ["lv_touches_background"]


def test_an_empty_mask_is_invalid_throughout() -> None:
    values, valid = check(np.zeros((2, 40, 40), np.uint8))
    assert np.isnan(values).all()
    assert not valid.any()


def test_frames_are_judged_one_by_one() -> None:
    frames = np.stack([HEART.mask(), _speck(1), HEART.mask()])
    together = measure_criteria(frames)
    alone = np.concatenate([measure_criteria(frame) for frame in frames])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_topology_does_not_depend_on_the_direction(turn: int) -> None:
    mask = np.rot90(_gap_at_the_valve(), turn)
    np.testing.assert_array_equal(
        measure_criteria(mask)[0, :8], measure_criteria(_gap_at_the_valve())[0, :8]
    )


def _plainly(mask: np.ndarray) -> np.ndarray:
    """Criteria 1, 3, 5 to 8 and 11 straight from their definitions, without any short cut."""
    padded = np.pad(mask, 1)
    eight = np.ones((3, 3))
    regions = {k: padded == k for k in (1, 2, 3)}

    def holes(region: np.ndarray) -> np.ndarray:
        return ndimage.binary_fill_holes(region) & ~region

    def loose(region: np.ndarray) -> int:
        labels, _ = ndimage.label(region, eight)
        sizes = np.bincount(labels.ravel())[1:]
        return int(sizes.sum() - sizes.max())

    between = holes(regions[1] | regions[3])
    labels, count = ndimage.label(between)
    gap = sum(
        int((labels == k).sum())
        for k in range(1, count + 1)
        if all((ndimage.binary_dilation(labels == k) & regions[r]).any() for r in (1, 3))
    )
    labels, _ = ndimage.label(regions[2], eight)
    wall = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    erosions, thinner = 1, ndimage.binary_erosion(wall, eight)
    while ndimage.label(thinner, eight)[1] == 1:
        erosions += 1
        thinner = ndimage.binary_erosion(thinner, eight)
    ratio = erosions / ndimage.distance_transform_edt(wall).max()
    return np.array(
        [
            holes(regions[1]).sum(),
            holes(regions[3]).sum(),
            gap if gap > mask.size / 2**14 else 0,
            *(loose(regions[k]) for k in (1, 2, 3)),
            ratio,
        ]
    )


def test_short_cuts_agree_with_the_plain_definitions_on_random_blobs() -> None:
    generator = np.random.default_rng(5)
    compared = 0
    for _ in range(60):
        noise = ndimage.gaussian_filter(generator.normal(size=(4, 48, 48)), (0, 3, 3))
        mask = noise.argmax(axis=0).astype(np.uint8)
        if len(np.unique(mask)) < 4:
            continue
        values = measure_criteria(mask)[0, [0, 2, 4, 5, 6, 7, 10]]
        np.testing.assert_allclose(values, _plainly(mask))
        compared += 1
    assert compared > 30


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2, 2), (0, 4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(GeometryError):
        check(np.zeros(shape, np.uint8))


def test_unknown_labels_are_refused_and_whole_floats_taken() -> None:
    mask = HEART.mask()
    np.testing.assert_array_equal(check(mask.astype(float)).values, check(mask).values)
    with pytest.raises(InvalidPixelsError, match="7"):
        check(np.where(mask == 3, 7, mask))
    with pytest.raises(InvalidPixelsError, match=r"1\.5"):
        check(np.where(mask == 3, 1.5, mask))
    with pytest.raises(InvalidPixelsError, match="nan"):
        check(np.where(mask == 3, np.nan, mask))


def test_what_passes_the_published_profile_passes_the_calibrated_one() -> None:
    camus = load_profile("camus")
    values = np.random.default_rng(0).uniform(0, 5, (1000, 12))
    values[:, :8] = 0
    assert (camus.within(values) | ~PUBLISHED.within(values)).all()
