"""Learned doubt: the network's own doubt and the bank's disagreement, weighed by the image.

A small network is trained to say where the segmentation errs on training patients' images that
were made harder, in the manner of ConfidNet (Corbière et al., "Addressing failure prediction by
learning model confidence", NeurIPS 2019), and calibrated on patients that neither network saw.
"""

from __future__ import annotations

import numpy as np

from cardiac.geometry import FloatArray


def calibrated(odds: FloatArray, slope: float, offset: float) -> FloatArray:
    """Probabilities of log odds after Platt's scaling."""
    return np.asarray(1 / (1 + np.exp(-(slope * odds + offset))), dtype=np.float32)
