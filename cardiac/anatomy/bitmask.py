"""Bit-packed masks: regions as integers of one bit to a pixel, 3×3 morphology in a few shifts.

A label map has so few pixels that calling an array function costs more than its work. An integer
of as many bits goes through its words at once, without a call for each row. All functions take a
region that keeps off the edge of its array, so that no shift by one pixel wraps into the next row.
"""

from __future__ import annotations

import numpy as np

from cardiac.types import BoolArray


def pack(region: BoolArray) -> int:
    """Bits of a region (H, W) row by row, the first pixel lowest."""
    return int.from_bytes(np.packbits(region, bitorder="little").tobytes(), "little")


def unpack(bits: int, shape: tuple[int, int]) -> BoolArray:
    """The region (H, W) of some bits."""
    count = shape[0] * shape[1]
    data = np.frombuffer(bits.to_bytes((count + 7) // 8, "little"), np.uint8)
    return np.unpackbits(data, count=count, bitorder="little").reshape(shape).view(np.bool_)


def erode(bits: int, width: int) -> int:
    """Pixels whose 8 neighbours all belong to the region."""
    row = bits & bits << 1 & bits >> 1
    return row & row << width & row >> width


def dilate(bits: int, width: int) -> int:
    """A region and its 8-neighbours; what falls off the array is cut off by the caller."""
    row = bits | bits << 1 | bits >> 1
    return row | row << width | row >> width


def euler(bits: int, width: int) -> int:
    """Number of 8-connected components less number of holes.

    Pixels are closed squares: faces − edges + corners of their union.
    """
    across = bits | bits << 1
    down = bits | bits << width
    corners = across | across << width
    return bits.bit_count() - across.bit_count() - down.bit_count() + corners.bit_count()


def is_connected(bits: int, width: int) -> bool:
    """Whether a region is quickly shown to be one component.

    It is where all its runs of pixels in a row touch one in the row above, but for a single
    one: from each run a way leads up to that. The same goes for the row below. Most hearts
    are of this kind, and labelling their components takes several times as long.
    """
    reach = bits | bits << 1 | bits >> 1
    starts, after = bits & ~(bits << 1), bits << 1 & ~bits
    for touched in (reach << width, reach >> width):
        # Added to the start of a run, a bit is carried past the end if no pixel is touched.
        loose = (bits & ~touched) + starts & after
        if loose.bit_count() == 1:
            return True
    return False


def is_solid(bits: int, width: int) -> bool:
    """Whether a region is quickly shown to be one component without holes."""
    return euler(bits, width) == 1 and is_connected(bits, width)


def columns(bits: int, shape: tuple[int, int]) -> int:
    """Bits (W) of the columns with a pixel in them."""
    height, width = shape
    step = 1
    while step < height:
        bits |= bits >> min(step, height - step) * width
        step *= 2
    return bits & (1 << width) - 1


def span(bits: int, shape: tuple[int, int]) -> int:
    """Columns from a region's first to its last."""
    found = columns(bits, shape)
    return found.bit_length() - (found & -found).bit_length() + 1 if found else 0
