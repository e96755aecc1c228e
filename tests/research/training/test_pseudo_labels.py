from dataclasses import replace

import numpy as np
import pytest

from cardiac.errors import SettingsError
from cardiac.geometry import Region
from cardiac.pipeline import process
from cardiac.research.data import canonical_arrays
from cardiac.research.phantom import synthetic_cine
from cardiac.research.training.pseudo_labels import believed_frames, is_believed, pseudo_labelled
from cardiac.sequence import EchoSequence


@pytest.fixture(scope="module")
def study(segmenter):
    return process(synthetic_cine(n_frames=12, seed=5).sequence, segmenter)


def test_frames_are_spread_over_the_cine_and_bring_their_own_masks(study):
    stills = list(believed_frames(study, frames=4))
    times = [int(still.phase) for still in stills]
    assert [t // 3 for t in times] == [0, 1, 2, 3]
    for t, still in zip(times, stills, strict=True):
        assert np.array_equal(still.mask, study.masks[t])
        assert np.array_equal(still.image, study.sequence.frames[t])


def test_the_least_uncertain_frame_of_each_part_is_taken(study):
    scores = study.uncertainty.scores
    (still,) = believed_frames(study, frames=1)
    assert int(still.phase) == int(np.argmin(scores))


def test_noise_is_not_believed(segmenter):
    frames = np.random.default_rng(0).integers(0, 255, (6, 96, 96)).astype(np.uint8)
    assert not is_believed(process(EchoSequence(frames), segmenter))


def test_a_part_of_the_image_comes_back_mirrored(study):
    (still,) = believed_frames(study, frames=1)
    still = replace(still, region=Region(4, 10, 90, 100))
    plain, turned = (canonical_arrays([s], 64)[0][0] for s in (still, still.mirrored()))
    assert np.abs(plain[:, ::-1].astype(int) - turned).max() <= 1


def test_a_folder_without_cines_is_told(tmp_path):
    with pytest.raises(SettingsError, match="unlabelled"):
        list(pseudo_labelled(tmp_path))
