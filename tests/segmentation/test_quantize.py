import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cardiac.segmentation.quantize import with_zero


@given(st.floats(-50, 0), st.floats(0, 50))
def test_a_range_keeps_zero_on_a_level_and_loses_nothing(low: float, high: float):
    """Padding with zeros must stay zero, and no measured value may be cut off."""
    first, last = with_zero(low, high)
    step = (last - first) / 255
    assert first <= low + 1e-9
    assert last >= high - 1e-9
    np.testing.assert_allclose(-first / step, np.round(-first / step), atol=1e-6)


def test_a_one_sided_range_keeps_its_resolution():
    """Behind a ReLU nearly all 256 levels go to what is there."""
    first, last = with_zero(-0.02, 5.0)
    assert (last - first) / 255 < 5.0 / 250
