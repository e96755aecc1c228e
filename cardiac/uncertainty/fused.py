"""Learned doubt: the network's own doubt and the bank's disagreement, weighed by the image.

A small network is trained to say where the segmentation errs on training patients' images that
were made harder, in the manner of ConfidNet (Corbière et al., "Addressing failure prediction by
learning model confidence", NeurIPS 2019), and calibrated on patients that neither network saw.
"""

from __future__ import annotations

import numpy as np

from cardiac.geometry import FloatArray, Mask
from cardiac.labels import STRUCTURES

_LEAST = 1e-4


def fused_inputs(
    images: FloatArray, probabilities: FloatArray, labels: Mask, disagreement: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Evidence (N, 8, h, w) and log odds (N, 1, h, w) for the network.

    Args:
        images: (N, h, w) normalised.
        probabilities: (N, 4, h, w) of the segmentation network.
        labels: (N, h, w) written labels.
        disagreement: (N, h, w) of the bank.
    """
    evidence = np.empty((len(images), 8, *images.shape[1:]), dtype=np.float32)
    evidence[:, 0] = images
    evidence[:, 1:4] = probabilities[:, 1:]
    for channel, label in enumerate(STRUCTURES, start=4):
        evidence[:, channel] = labels == int(label)
    evidence[:, 7] = disagreement
    chosen = np.take_along_axis(probabilities, labels[:, None].astype(np.intp), axis=1)
    doubt = np.clip(1 - chosen, _LEAST, 1 - _LEAST)
    return evidence, np.asarray(np.log(doubt / (1 - doubt)), dtype=np.float32)


def calibrated(odds: FloatArray, slope: float, offset: float) -> FloatArray:
    """Probabilities of log odds after Platt's scaling."""
    return np.asarray(1 / (1 + np.exp(-(slope * odds + offset))), dtype=np.float32)
