from __future__ import annotations

import numpy as np
import pytest

from cardiac.errors import GeometryError
from cardiac.geometry import Region
from cardiac.report.display import MIN_HEIGHT, Display, check_masks
from cardiac.sequence import EchoSequence


def still(shape: tuple[int, int], **fields: object) -> EchoSequence:
    return EchoSequence(np.zeros((1, *shape), np.uint8), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("height", [80, 112, 240, 256, 479, 480, 778])
def test_it_is_magnified_by_the_least_whole_number_that_is_tall_enough(height: int) -> None:
    display = Display.of(still((height, 300)))
    assert display.size == (height * display.scale, 300 * display.scale)
    assert display.size[0] >= MIN_HEIGHT
    assert display.scale == 1 or height * (display.scale - 1) < MIN_HEIGHT


def test_pixels_become_square_and_keep_their_physical_size() -> None:
    display = Display.of(still((500, 400), spacing=(0.2, 0.5)))
    assert display.shape == (500, 1000)
    assert display.pixel_mm == pytest.approx(0.2)
    assert display.size[1] * display.pixel_mm == pytest.approx(400 * 0.5)


def test_no_calibration_means_no_millimetres() -> None:
    assert Display.of(still((500, 400))).pixel_mm is None


def test_only_the_ultrasound_region_is_shown() -> None:
    sequence = still((600, 800), region=Region(50, 100, 590, 700))
    display = Display.of(sequence)
    assert display.shape == (540, 600)
    name = np.zeros((600, 800), np.uint8)
    name[:50] = 255
    assert not display.image(name).any()


@pytest.mark.parametrize("spacing", [(0.005, 10.0), (10.0, 0.005)])
def test_absurd_spacing_or_shape_gives_no_absurd_picture(spacing: tuple[float, float]) -> None:
    assert max(Display.of(still((256, 256), spacing=spacing)).size) < 1000
    assert Display.of(still((3, 700))).size == (6, 1400)


def test_a_point_lands_on_the_pixel_it_names() -> None:
    sequence = still((120, 90), spacing=(0.9, 0.6), region=Region(10, 20, 110, 80))
    display = Display.of(sequence)
    mask = np.zeros((120, 90), np.uint8)
    mask[70, 33] = 1
    rows, columns = np.nonzero(np.kron(display.labels(mask), np.ones((display.scale,) * 2)))
    x, y = display.point((70, 33))
    assert y == pytest.approx(rows.mean() + 0.5, abs=display.scale)
    assert x == pytest.approx(columns.mean() + 0.5, abs=display.scale)


def test_labels_are_never_mixed() -> None:
    sequence = still((100, 80), spacing=(0.7, 0.5))
    mask = np.random.default_rng(0).choice(np.array([0, 3], np.uint8), (100, 80))
    assert set(np.unique(Display.of(sequence).labels(mask))) == {0, 3}


def test_masks_of_another_grid_are_refused() -> None:
    with pytest.raises(GeometryError, match="do not fit"):
        check_masks(still((10, 10)), np.zeros((1, 10, 11), np.uint8))
