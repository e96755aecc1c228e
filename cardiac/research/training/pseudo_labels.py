"""Self-training: frames of unlabelled cines with those of our own masks that may be believed.

A mask is believed where its sequence is certified and triage accepts it, and of such a
cine the frames are taken that the uncertainty is least about.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cardiac.errors import CardiacError, SettingsError
from cardiac.pipeline import process
from cardiac.research.data import LabelledStill
from cardiac.settings import ProcessSettings
from cardiac.states import Triage
from cardiac.study import Study

log = logging.getLogger(__name__)
FRAMES = 6
"""Frames of a cine that are taken: others look like them."""


def pseudo_labelled(folder: Path, frames: int = FRAMES) -> Iterator[LabelledStill]:
    """Believed frames of every cine of a folder, labelled by the shipped models.

    Args:
        folder: Cines of any format that is read. Files that cannot be used are logged and left.
        frames: Most frames to take of each.

    Raises:
        SettingsError: The folder holds no cine.
    """
    from cardiac.io import find_inputs, read_item
    from cardiac.segmentation.segmenter import Segmenter

    items = find_inputs([folder])
    if all(item.error for item in items):
        raise SettingsError("no unlabelled cine was found", path=folder)
    settings, believed = ProcessSettings(), 0
    segmenter = Segmenter.load(settings.segmentation)
    for item in items:
        try:
            study = process(read_item(item), segmenter, settings)
            if not is_believed(study):
                continue
        except CardiacError as error:
            log.warning("%s is left out: %s", item.path, error)
            continue
        believed += 1
        yield from believed_frames(study, frames)
    log.info("%d of %d unlabelled cines are believed", believed, len(items))


def is_believed(study: Study) -> bool:
    """Whether a study is certified and triage accepts it."""
    if not study.certificate.certified or study.assessment is None:
        return False
    return study.assessment.triage is Triage.ACCEPT


def believed_frames(study: Study, frames: int = FRAMES) -> Iterator[LabelledStill]:
    """The least uncertain frame of each of so many equal parts of a cine."""
    sequence = study.sequence
    scores = np.zeros(len(sequence)) if study.uncertainty is None else study.uncertainty.scores
    for part in np.array_split(np.arange(len(sequence)), min(frames, len(sequence))):
        t = int(part[np.argmin(scores[part])])
        yield LabelledStill(
            str(sequence.source), str(sequence.view), str(t),
            sequence.frames[t], study.masks[t], sequence.spacing, sequence.region,
        )  # fmt: skip
