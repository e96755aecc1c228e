import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.errors import GeometryError
from cardiac.geometry import CanonicalGrid, Region

sides = st.integers(60, 400)
pixels = st.floats(0.2, 1.5)


def ellipse(shape: tuple[int, int], center: tuple[float, float], radii: tuple[float, float]):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    inside = ((rows - center[0]) / radii[0]) ** 2 + ((columns - center[1]) / radii[1]) ** 2
    return inside <= 1


def dice(a, b) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@given(sides, sides, pixels, pixels)
def test_a_mask_comes_back_where_it_was(height, width, row, column):
    shape = (height, width)
    truth = ellipse(shape, (height / 2, width / 2), (height / 4, width / 4))
    grid = CanonicalGrid.fit(shape, (row, column))
    back = grid.to_image(grid.to_canonical(truth)) > 0.5
    assert dice(truth, back) > 0.98


@given(sides, sides, pixels, pixels)
def test_the_canonical_grid_is_isotropic(height, width, row, column):
    grid = CanonicalGrid.fit((height, width), (row, column))
    rows, columns = grid.pitch
    assert rows * row == pytest.approx(columns * column)


@given(sides, sides)
def test_a_constant_image_stays_constant_where_it_is_covered(height, width):
    grid = CanonicalGrid.fit((height, width))
    square = grid.to_canonical(np.full((height, width), 7.0))
    assert set(np.unique(square.round(3))) <= {0.0, 7.0}
    assert (square > 0).mean() >= 0.9 * min(height, width) / max(height, width)


def test_a_half_resolution_map_lies_on_the_same_heart():
    truth = ellipse((300, 200), (150, 90), (80, 40))
    grid = CanonicalGrid.fit(truth.shape)
    half = grid.to_canonical(truth).reshape(128, 2, 128, 2).mean(axis=(1, 3))
    assert dice(truth, grid.to_image(half) > 0.5) > 0.99


def test_only_the_region_is_seen_and_nothing_comes_back_outside_the_square():
    image = np.zeros((100, 200))
    image[:, :50] = 9
    grid = CanonicalGrid.fit(image.shape, region=Region(0, 60, 100, 160))
    assert grid.to_canonical(image).max() == 0
    back = grid.to_image(np.ones((128, 128)), fill=-5)
    assert (back[:, :55] == -5).all()
    assert np.allclose(back[:, 65:155], 1)


def test_many_frames_are_resampled_like_each_of_them():
    frames = np.random.default_rng(0).integers(0, 255, (3, 90, 120), dtype=np.uint8)
    grid = CanonicalGrid.fit((90, 120))
    together = grid.to_canonical(frames)
    for one, frame in zip(together, frames, strict=True):
        assert np.allclose(one, grid.to_canonical(frame), atol=1e-3)


@pytest.mark.parametrize("corners", [(0, 0, 0, 5), (5, 0, 2, 5), (-1, 0, 5, 5)])
def test_an_empty_or_negative_region_is_refused(corners):
    with pytest.raises(GeometryError):
        Region(*corners)
