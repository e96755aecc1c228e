"""Shifted integers say of a region what image operations say of its pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from cardiac.anatomy import bitmask
from cardiac.anatomy.thickness import erosion_ratio, largest_distance

EIGHT = np.ones((3, 3), dtype=bool)
RIMLESS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.booleans())
REGIONS = RIMLESS.map(lambda region: np.pad(region, 1))


@given(REGIONS)
def test_packed_pixels_come_back(region):
    assert (bitmask.unpack(bitmask.pack(region), region.shape) == region).all()


@given(REGIONS)
def test_erosion_and_dilation_are_those_of_an_image(region):
    packed, width = bitmask.pack(region), region.shape[1]
    eroded = bitmask.unpack(bitmask.erode(packed, width), region.shape)
    assert (eroded == ndimage.binary_erosion(region, EIGHT)).all()
    inner = np.pad(region, 1)
    dilated = bitmask.dilate(bitmask.pack(inner), width + 2)
    assert (bitmask.unpack(dilated, inner.shape) == ndimage.binary_dilation(inner, EIGHT)).all()


@given(REGIONS)
def test_the_euler_number_is_pieces_less_holes(region):
    pieces = ndimage.label(region, EIGHT)[1]
    holes = ndimage.label(~region)[1] - 1
    assert bitmask.euler(bitmask.pack(region), region.shape[1]) == pieces - holes


@given(REGIONS)
def test_what_hangs_together_at_a_glance_is_one_piece(region):
    if bitmask.is_connected(bitmask.pack(region), region.shape[1]):
        assert ndimage.label(region, EIGHT)[1] == 1


@pytest.mark.parametrize("turn", [0, 2])
def test_a_wall_that_opens_up_or_down_hangs_together_at_a_glance(turn):
    arch = np.zeros((12, 12), dtype=bool)
    arch[2:10, 2:10] = True
    arch[4:10, 4:8] = False
    assert bitmask.is_connected(bitmask.pack(np.rot90(arch, turn)), 12)


@given(REGIONS)
def test_the_span_reaches_from_the_first_to_the_last_column(region):
    columns = np.flatnonzero(region.any(axis=0))
    expected = columns[-1] - columns[0] + 1 if columns.size else 0
    assert bitmask.span(bitmask.pack(region), region.shape) == expected


@given(RIMLESS.filter(lambda region: region.any()), st.integers(1, 4))
def test_the_largest_distance_is_that_of_the_distance_transform(region, zoom):
    region = np.pad(np.kron(region, np.ones((zoom, zoom), dtype=bool)), 1)
    levels, eroded = 0, region
    while eroded.any():
        levels, eroded = levels + 1, ndimage.binary_erosion(eroded, EIGHT)
    expected = ndimage.distance_transform_edt(region).max()
    assert largest_distance(bitmask.pack(region), region.shape[1], levels) == pytest.approx(
        expected
    )


def test_a_band_is_gone_after_half_its_thickness():
    band = np.zeros((40, 60), dtype=bool)
    band[10:23, 5:55] = True
    ratio = erosion_ratio(bitmask.pack(band), (40, 60), solid=True)
    assert ratio == pytest.approx(7 / 7)
    assert ratio == erosion_ratio(bitmask.pack(band), (40, 60), solid=False)
