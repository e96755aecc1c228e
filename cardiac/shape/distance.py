"""Signed distance maps of label maps, between pixels."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cardiac.anatomy.frame import as_masks
from cardiac.anatomy.overlap import REGIONS, region
from cardiac.geometry import FloatArray, Mask
from cardiac.types import BoolArray


def mask_distance_maps(masks: Mask) -> FloatArray:
    """Signed distances (N, 3, H, W) in pixels of label maps (N, H, W), positive inside.

    The maps are those of the cavity, the epicardium (cavity and wall) and the atrium. The border
    lies half way between pixels. A structure that is absent is H + W pixels away everywhere.
    """
    frames = as_masks(masks)
    regions = (region(frames, name) for name in REGIONS)
    return np.stack([[_signed(mask) for mask in found] for found in regions], axis=1)


def _signed(region: BoolArray) -> FloatArray:
    if not region.any():
        return np.full(region.shape, -float(sum(region.shape)), np.float32)
    inside = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    outside = np.asarray(ndimage.distance_transform_edt(~region))
    return np.asarray(np.where(region, inside - 0.5, 0.5 - outside), np.float32)
