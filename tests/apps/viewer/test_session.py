import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiac.anatomy import ATTRIBUTES, measure
from cardiac.apps.viewer import Session
from cardiac.errors import GeometryError, MeasurementError, SettingsError
from cardiac.geometry import Mask
from tests.apps.viewer.runs import SPACING, cine_of

AREA = ATTRIBUTES.index("lv_area")
STEPS = {
    "lv_area": 1.05,
    "lv_length": 1.03,
    "lv_base_width": 1.06,
    "myo_area": 1.06,
}
SHIFTS = {"lv_orientation": 3.0, "epi_center_x": 2.0, "epi_center_y": 2.0}
# What a row of pixels along the border can do, in mm², mm and degrees.
LEEWAY = dict(zip(ATTRIBUTES, (25.0, 0.8, 1.0, 0.7, 40.0, 0.3, 0.3), strict=True))


def wanted(session: Session, frame: int, name: str) -> float:
    value = float(session.shapes.values[frame, ATTRIBUTES.index(name)])
    return value * STEPS[name] if name in STEPS else value + SHIFTS[name]


@settings(max_examples=15)
@given(st.sampled_from(ATTRIBUTES), st.integers(0, 15), st.booleans())
def test_an_attribute_that_is_set_is_measured_on_the_pixels_and_the_others_stay(
    masks: Mask, name: str, frame: int, alone: bool
) -> None:
    session = Session(cine_of(masks), masks)
    goal = wanted(session, frame, name)
    session.set(frame, {name: goal}, alone=alone)
    measured = measure(session.masks, SPACING).values[frame]
    expected = dict(zip(ATTRIBUTES, session.shapes.values[frame], strict=True)) | {name: goal}
    for column, attribute in enumerate(ATTRIBUTES):
        assert abs(measured[column] - expected[attribute]) < LEEWAY[attribute], attribute


@settings(max_examples=15)
@given(st.sampled_from(ATTRIBUTES), st.integers(0, 15))
def test_neighbours_follow_within_the_temporal_bounds_and_frames_stay_valid(
    masks: Mask, name: str, frame: int
) -> None:
    session = Session(cine_of(masks), masks)
    assert session.original.certificate.certified
    state = session.set(frame, {name: wanted(session, frame, name)})
    assert state.certificate.consistency.consistent
    assert state.certificate.certified
    assert session.changed[frame]


def test_an_edit_of_one_frame_alone_leaves_every_other_byte(session, masks) -> None:
    session.set(5, {"lv_area": 1.2 * session.shapes.values[5, AREA]}, alone=True)
    assert np.flatnonzero(session.changed).tolist() == [5]
    others = np.arange(len(masks)) != 5
    assert (session.masks[others] == masks[others]).all()


def test_far_frames_keep_their_bytes(masks) -> None:
    long = np.concatenate([masks, masks, masks])
    session = Session(cine_of(long), long)
    session.set(24, {"lv_area": 1.05 * session.shapes.values[24, AREA]})
    changed = np.flatnonzero(session.changed)
    assert 24 in changed
    assert len(changed) > 1
    assert changed.min() > 10
    assert changed.max() < 38


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(st.integers(0, 15), st.sampled_from(ATTRIBUTES), st.booleans()),
        min_size=1,
        max_size=4,
    )
)
def test_undo_goes_back_to_the_same_bytes_and_redo_forward_again(masks: Mask, edits: list) -> None:
    session = Session(cine_of(masks), masks)
    seen = [session.masks]
    for frame, name, alone in edits:
        session.set(frame, {name: wanted(session, frame, name)}, alone=alone)
        seen.append(session.masks)
    for before in reversed(seen[:-1]):
        session.undo()
        assert session.masks.tobytes() == before.tobytes()
    assert not session.can_undo
    assert (session.masks == masks).all()
    for after in seen[1:]:
        session.redo()
        assert session.masks.tobytes() == after.tobytes()
    assert not session.can_redo


def test_the_order_of_edits_does_not_matter(masks) -> None:
    first, second = (Session(cine_of(masks), masks) for _ in range(2))
    edits = [(3, "lv_area"), (9, "lv_length")]
    for frame, name in edits:
        first.set(frame, {name: wanted(first, frame, name)})
    for frame, name in reversed(edits):
        second.set(frame, {name: wanted(second, frame, name)})
    assert (first.masks == second.masks).all()


def test_setting_what_is_there_already_changes_nothing(session, masks) -> None:
    session.set(4, {"lv_area": float(session.shapes.values[4, AREA])})
    assert (session.masks == masks).all()
    assert session.can_undo


def test_a_frame_can_be_taken_back_by_itself(session, masks) -> None:
    session.set(3, {"lv_area": 1.1 * session.shapes.values[3, AREA]}, alone=True)
    session.set(9, {"lv_area": 1.1 * session.shapes.values[9, AREA]}, alone=True)
    session.restore(3)
    assert np.flatnonzero(session.changed).tolist() == [9]
    session.clear()
    assert (session.masks == masks).all()
    session.undo()
    assert np.flatnonzero(session.changed).tolist() == [9]


def test_a_larger_ventricle_at_end_diastole_ejects_more(session) -> None:
    before = session.indices
    frame = before.ed_frames[0]
    session.set(frame, {"lv_area": 1.1 * session.shapes.values[frame, AREA]})
    after = session.indices
    assert after.lv_edv_ml > 1.1 * before.lv_edv_ml
    assert after.lv_ef_percent > before.lv_ef_percent + 2


def test_a_preview_shows_what_setting_it_gives_and_changes_nothing(session, masks) -> None:
    frame = session.indices.es_frames[0]
    goal = {"lv_area": 0.95 * float(session.shapes.values[frame, AREA])}
    preview = session.preview(frame, goal)
    assert (session.masks == masks).all()
    assert not session.can_undo
    session.set(frame, goal)
    assert (preview.mask == session.mask(frame)).all()
    assert preview.indices.lv_ef_percent == pytest.approx(session.indices.lv_ef_percent, abs=0.5)
    assert preview.certificate.certified == session.state.certificate.certified


def test_an_edit_that_breaks_the_bounds_is_not_called_certified(session) -> None:
    state = session.set(5, {"lv_area": 1.4 * session.shapes.values[5, AREA]}, alone=True)
    assert not state.certificate.certified
    assert "not temporally consistent" in state.certificate.reason


def test_a_mask_without_a_heart_has_no_sliders_and_cannot_be_edited(masks) -> None:
    masks = masks.copy()
    masks[6] = 0
    session = Session(cine_of(masks), masks)
    assert session.sliders(6) == []
    assert len(session.sliders(5)) == 7
    with pytest.raises(MeasurementError, match="frame 6"):
        session.set(6, {"lv_area": 1000.0})
    session.set(4, {"lv_area": 1.02 * session.shapes.values[4, AREA]})
    assert not session.changed[6]


def test_masks_without_calibration_are_edited_in_pixels(masks) -> None:
    session = Session(cine_of(masks).replace(spacing=None), masks)
    goal = 1.05 * float(session.shapes.values[4, AREA])
    session.set(4, {"lv_area": goal})
    assert (session.mask(4) == 1).sum() == pytest.approx(goal, rel=0.01)
    assert session.sliders(4)[0].unit == "px²"


def test_a_still_image_can_be_edited(masks) -> None:
    session = Session(cine_of(masks[:1]), masks[:1])
    goal = 1.1 * float(session.shapes.values[0, AREA])
    session.set(0, {"lv_area": goal})
    assert session.state.measured.attributes.values[0, AREA] == pytest.approx(goal, rel=0.01)


def test_sliders_hold_the_value_and_name_units(session) -> None:
    for slider in session.sliders(2):
        assert slider.low < slider.value < slider.high
        assert slider.unit in {"cm²", "mm", "°"}
        assert slider.value == slider.original


@pytest.mark.parametrize(
    ("frame", "edit"), [(99, {"lv_area": 1.0}), (-1, {"lv_area": 1.0}), (0, {"mass": 1.0})]
)
def test_what_is_not_there_cannot_be_set(session, frame, edit) -> None:
    with pytest.raises(SettingsError):
        session.set(frame, edit)


def test_a_number_that_is_none_cannot_be_set(session) -> None:
    with pytest.raises(SettingsError, match="finite"):
        session.set(0, {"lv_area": float("nan")})


def test_masks_of_another_size_are_refused(masks) -> None:
    with pytest.raises(GeometryError):
        Session(cine_of(masks), masks[:, :-1])
