"""A network that fails: its answer with the failures of a manifest put into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cardiac.research.phantom.mask_corruptions import corrupt_masks
from cardiac.segmentation.segmenter import Segmentation

CONFIDENT = 6.0
"""Logit of a label that the network is made to be wrong about."""


def failed(segmentation: Segmentation, requests: Sequence[str], seed: int) -> Segmentation:
    """The segmentation as a network would give it that failed in these ways.

    The logits fail with the masks: where a label was changed they are sure of the new one, so
    that no method can look up the right answer in them.

    Args:
        segmentation: What the network said.
        requests: "name:grade", see :data:`cardiac.research.phantom.MASK_CORRUPTIONS`.
        seed: The same seed gives the same failures.

    Raises:
        SettingsError: An unknown name or grade.
    """
    if not requests:
        return segmentation
    masks = corrupt_masks(segmentation.masks, requests, seed)
    logits = segmentation.logits.copy()
    grid = replace(segmentation.grid, size=logits.shape[-1])
    for t in np.flatnonzero((masks != segmentation.masks).any(axis=(1, 2))):
        changed = grid.to_canonical(masks[t] != segmentation.masks[t])
        wrong = CONFIDENT * (2 * grid.label_fractions(masks[t : t + 1])[0] - 1)
        logits[t] = (1 - changed) * logits[t] + changed * wrong
    return replace(segmentation, masks=masks, logits=logits)
