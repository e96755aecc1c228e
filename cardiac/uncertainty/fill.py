"""Doubtful masks replaced by the hearts that are most likely behind what can be trusted of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cardiac.correction.certificate import Certificate, changes_between
from cardiac.geometry import Mask
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.evidence import Evidence
from cardiac.uncertainty.map_correct import map_correct

BoolArray = npt.NDArray[np.bool_]


def fill_in(
    sequence: EchoSequence, segmentation: Segmentation, estimator: Estimator
) -> tuple[Mask, BoolArray]:
    """Masks (T, H, W) in which doubtful frames are drawn anew, and which frames (T,) those are.

    A frame is doubtful where its score asks for a review. Its heart is the one of the latent
    space that agrees best with the network where that is to be trusted; see `map_correct`.

    Args:
        sequence: What was read.
        segmentation: What the network said of it.
        estimator: Says where the network is to be trusted; one with trained weights.
    """
    masks = segmentation.masks.copy()
    evidence = Evidence.of(sequence, segmentation, masks)
    found = estimator.judge(evidence)
    bound = estimator.calibration.review.get(found.method, 1.0)
    doubtful = (found.scores > bound) & evidence.labels.any(axis=(1, 2))
    if doubtful.any():
        drawn = map_correct(
            evidence.probabilities[doubtful],
            found.planes[doubtful].astype(np.float32),
            evidence.labels[doubtful],
            estimator.shape,
            size=segmentation.grid.size,
        )
        kept = np.isfinite(drawn.codes).all(axis=1)
        doubtful[doubtful] = kept
        masks[doubtful] = segmentation.grid.labels_to_image(drawn.labels[kept])
    return masks, doubtful


def told_against(
    certificate: Certificate, network: Mask, written: Mask, drawn: BoolArray, sequence: EchoSequence
) -> Certificate:
    """A certificate whose changes count from the network's masks, not from those filled in.

    Args:
        certificate: Of the written masks, with what the correction did.
        network, written: (T, H, W) masks before everything and after it.
        drawn: (T,) frames that were drawn anew.
        sequence: What was read.
    """
    if certificate.changes is None:
        return certificate
    pairs = zip(certificate.changes.actions, drawn.tolist(), strict=True)
    actions = ["replaced" if anew else action for action, anew in pairs]
    changes = changes_between(network, written, actions, sequence.spacing)
    return replace(certificate, changes=changes)
