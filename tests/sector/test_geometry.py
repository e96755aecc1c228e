from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.errors import GeometryError
from cardiac.geometry import Region
from cardiac.sector.geometry import SectorGeometry

SHAPE = (120, 160)
WHOLE = Region(0, 0, *SHAPE)


@st.composite
def sectors(draw):
    middle = draw(st.floats(-0.4, 0.4))
    half = draw(st.floats(0.2, 0.8))
    far = draw(st.floats(40, 130))
    near = draw(st.floats(0, 0.4)) * far
    apex = (draw(st.floats(-30, 40)), draw(st.floats(40, 120)))
    top, left = draw(st.integers(0, 20)), draw(st.integers(0, 30))
    clip = Region(top, left, draw(st.integers(90, 120)), draw(st.integers(120, 160)))
    return SectorGeometry(SHAPE, clip, apex, (middle - half, middle + half), (near, far))


@given(sectors())
def test_a_pixel_is_inside_if_its_distance_and_angle_are(sector):
    down, right = np.indices(SHAPE) - np.array(sector.apex)[:, None, None]
    span, angle = np.hypot(down, right), np.arctan2(right, down)
    inside = (span >= sector.radii[0]) & (span <= sector.radii[1])
    inside &= (angle >= sector.edges[0]) & (angle <= sector.edges[1])
    clip = np.zeros(SHAPE, bool)
    clip[sector.clip.slices] = True
    wrong = (inside & clip) ^ sector.mask()
    # Only what lies on a border within rounding may differ.
    border = np.minimum(np.abs(span - sector.radii[0]), np.abs(span - sector.radii[1]))
    for edge in sector.edges:
        border = np.minimum(border, span * np.abs(angle - edge))
    assert not wrong[border > 1e-3].any()


@given(sectors())
def test_the_box_holds_the_mask_and_little_more(sector):
    mask, box = sector.mask(), sector.box
    if mask.sum() < 50:
        return
    assert box is not None
    rows, columns = np.nonzero(mask)
    assert box.top <= rows.min() and rows.max() < box.bottom
    assert box.left <= columns.min() and columns.max() < box.right
    # The corner of a sector is a point, which need not hold the middle of a pixel.
    assert rows.min() - box.top <= 8 and box.bottom - 1 - rows.max() <= 8


@given(sectors())
def test_mirroring_the_sector_mirrors_its_mask(sector):
    straight, turned = sector.mask()[:, ::-1], sector.mirrored().mask()
    assert (straight ^ turned).mean() < 1e-3


def test_scaling_scales_the_area_by_the_square():
    sector = SectorGeometry(SHAPE, WHOLE, (5.0, 80.0), (-0.6, 0.6), (10.0, 100.0))
    large = sector.scaled(3, (360, 480))
    assert large.mask().sum() == pytest.approx(9 * sector.mask().sum(), rel=0.01)


def test_a_rectangle_is_its_clip():
    sector = SectorGeometry(SHAPE, Region(10, 20, 50, 60))
    assert sector.mask().sum() == 40 * 40
    assert sector.box == Region(10, 20, 50, 60)


@pytest.mark.parametrize(
    ("edges", "radii"), [((0.5, -0.5), (0, 10)), ((-2, 2), (0, 10)), ((-0.5, 0.5), (10, 5))]
)
def test_what_is_no_sector_is_refused(edges, radii):
    with pytest.raises(GeometryError, match="180"):
        SectorGeometry(SHAPE, WHOLE, (0.0, 0.0), edges, radii)


def test_the_angle_of_an_edge_is_measured_from_straight_down():
    sector = SectorGeometry(SHAPE, WHOLE, (0.0, 80.0), (0.0, math.pi / 4), (0.0, 100.0))
    mask = sector.mask()
    assert mask[50, 100] and not mask[50, 60] and not mask[30, 120]
