import pickle

import numpy as np
import pytest

from cardiac.errors import GeometryError, InvalidPixelsError
from cardiac.sequence import EchoSequence, Subject

FRAMES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


def test_a_sequence_cannot_be_changed():
    sequence = EchoSequence(FRAMES.copy())
    with pytest.raises(ValueError, match="read-only"):
        sequence.frames[0] = 0


def test_the_arrays_that_were_given_stay_writeable():
    frames, times = FRAMES.copy(), np.array([0.0, 0.02, 0.04])
    sequence = EchoSequence(frames, times=times)
    frames[0], times[0] = 1, -1
    for array in (sequence.frames, sequence.times):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_sequence_from_another_process_cannot_be_changed_either():
    sequence = pickle.loads(pickle.dumps(EchoSequence(FRAMES.copy())))
    with pytest.raises(ValueError, match="read-only"):
        sequence.frames[0] = 0


def test_absence_is_explicit():
    sequence = EchoSequence(FRAMES.copy())
    assert sequence.spacing is None
    assert sequence.times is None
    assert sequence.frame_interval_s is None


def test_the_frame_interval_is_the_median():
    sequence = EchoSequence(FRAMES.copy(), times=np.array([0, 0.02, 0.05]))
    assert sequence.frame_interval_s == pytest.approx(0.025)


@pytest.mark.parametrize("frames", [FRAMES[0], FRAMES.astype(float), FRAMES[:0]])
def test_pixels_of_another_kind_are_refused(frames):
    with pytest.raises(InvalidPixelsError):
        EchoSequence(frames)


@pytest.mark.parametrize("spacing", [(0.3, 1000.0), (1e-6, 0.3), (-0.3, 0.3)])
def test_an_impossible_pixel_size_is_refused(spacing):
    with pytest.raises(GeometryError, match="not possible"):
        EchoSequence(FRAMES.copy(), spacing=spacing)


@pytest.mark.parametrize("times", [[0, 0.02], [0, 0.02, 0.02], [0, 0.03, 0.01]])
def test_times_must_rise_and_be_one_per_frame(times):
    with pytest.raises(GeometryError, match="times"):
        EchoSequence(FRAMES.copy(), times=np.array(times))


def test_body_surface_area_of_a_known_person():
    # Du Bois and Du Bois (1916): 1.80 m and 80 kg make 2.0 m² to the first digit.
    assert Subject(height_m=1.8, weight_kg=80).bsa_m2 == pytest.approx(2.0, abs=0.01)
    assert Subject(height_m=1.8).bsa_m2 is None
