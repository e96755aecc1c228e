"""Doubtful frames are drawn anew, and the certificate says so; all others stay as they are."""

from cardiac.correction import correct_masks
from cardiac.correction.certificate import certify
from cardiac.geometry import CanonicalGrid
from cardiac.segmentation.segmenter import Segmentation
from cardiac.uncertainty import Method
from cardiac.uncertainty.fill import fill_in, told_against
from tests.shapes import Apical
from tests.uncertainty.conftest import Answer


def test_labels_come_back_where_they_were():
    mask = Apical().mask()[None]
    for spacing in ((1.0, 1.0), (0.5, 0.8)):
        grid = CanonicalGrid.fit(mask.shape[1:], spacing)
        back = grid.labels_to_image(grid.nearest_labels(mask))
        assert back.shape == mask.shape
        assert (back == mask).mean() > 0.995


def doubtful(answer: Answer, frame: int) -> Segmentation:
    """The answer of a network that is sure of no pixel of one frame."""
    logits = answer.segmentation.logits.copy()
    logits[frame] *= 0.05
    return Segmentation(answer.masks.copy(), logits, answer.segmentation.grid)


def test_only_doubtful_frames_are_drawn_anew_and_are_told_as_replaced(answer, estimators):
    estimator, segmentation = estimators[Method.FUSED], doubtful(answer, 3)
    filled, drawn = fill_in(answer.sequence, segmentation, estimator)
    assert drawn[3]
    assert (filled[~drawn] == answer.masks[~drawn]).all()
    valid = certify(filled[drawn], answer.sequence.spacing).criteria.values
    assert len(valid)
    done = correct_masks(filled, answer.sequence.spacing, answer.sequence.frame_interval_s)
    told = told_against(done.after, answer.masks, done.masks, drawn, answer.sequence)
    assert told.changes.actions[3] == "replaced"
    assert told.changes.dice[3] < 1
    assert (told.changes.dice[~drawn] == done.after.changes.dice[~drawn]).all()
