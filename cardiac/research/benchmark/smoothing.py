"""Gaussian smoothing of the class probabilities over the frames."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import softmax

from cardiac.geometry import Mask
from cardiac.segmentation.segmenter import Segmentation, labels_on_image
from cardiac.sequence import EchoSequence


def smooth_in_time(
    masks: Mask, sequence: EchoSequence, segmentation: Segmentation, sigma_ms: float
) -> Mask:
    """Most likely labels (T, H, W) of the smoothed probabilities.

    Args:
        masks: (T, H, W) labels; they come back as they are where there is no time to smooth in.
        sequence: The cine; its frame times set how many frames the Gaussian spans.
        segmentation: The network's logits.
        sigma_ms: Standard deviation of the Gaussian in ms.
    """
    interval = sequence.frame_interval_s
    if interval is None or len(sequence) < 2:
        return masks
    probabilities = softmax(segmentation.logits.astype(np.float32), axis=1)
    smooth = gaussian_filter1d(probabilities, sigma_ms / 1000 / interval, axis=0, mode="nearest")
    return labels_on_image(np.log(np.maximum(smooth, 1e-6)), segmentation.grid)
