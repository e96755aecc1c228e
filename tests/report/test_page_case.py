"""What a case's page shows is what was measured, and nothing else."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from cardiac.correction.fit import OutlineGrid
from cardiac.report.display import Display
from cardiac.report.page.case import as_json, case_data, write_case
from cardiac.report.page.images import MOST_FRAMES, frames_shown
from cardiac.report.page.lines import outlines
from cardiac.sequence import EchoSequence
from cardiac.shape import load_shape_model
from tests.report.conftest import ellipse
from tests.report.studies import phantom, spoilt, study_of

LIMIT = 3_000_000


@pytest.fixture(scope="module")
def study():
    sequence, masks = phantom()
    return study_of(sequence, spoilt(masks))


@pytest.fixture(scope="module")
def data(study):
    return json.loads(as_json(case_data(study, "one")))


def points(path: list[int]) -> np.ndarray:
    return np.cumsum(np.array(path).reshape(-1, 2), axis=0) / 10


def area(path: list[int]) -> float:
    x, y = points(path).T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def picture(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L"))


def display_of(shape: tuple[int, int]) -> Display:
    return Display.of(EchoSequence(np.zeros((1, *shape), np.uint8)), 1)


def test_an_outline_encloses_what_its_mask_covers():
    mask = ellipse((120, 140), (60, 70), (40, 25))
    (path,) = outlines(mask, display_of(mask.shape), mask.shape, 3.0)["lv"]
    assert area(path) == pytest.approx(np.count_nonzero(mask), rel=0.01)
    x, y = points(path).T
    assert np.abs(np.hypot((y - 60.5) / 40, (x - 70.5) / 25) - 1).max() < 0.04


def test_an_outline_follows_the_image_when_that_is_made_smaller():
    mask = ellipse((240, 280), (120, 140), (80, 50))
    (path,) = outlines(mask, display_of(mask.shape), (120, 140), 3.0)["lv"]
    assert 4 * area(path) == pytest.approx(np.count_nonzero(mask), rel=0.01)


def test_a_single_loose_pixel_and_a_single_hole_are_drawn():
    mask = ellipse((60, 60), (30, 30), (15, 15))
    mask[5, 5], mask[30, 30] = 1, 0
    assert len(outlines(mask, display_of(mask.shape), mask.shape, 3.0)["lv"]) == 3


def test_nothing_has_no_outline():
    empty = np.zeros((40, 40), np.uint8)
    assert outlines(empty, display_of(empty.shape), empty.shape, 3.0) == {
        "epi": [], "la": [], "lv": [],
    }  # fmt: skip


def test_the_loose_piece_is_in_the_networks_outlines_and_not_in_the_corrected(data):
    written, network = data["layers"]
    assert (written["key"], network["key"]) == ("written", "network")
    assert len(network["lines"][2]["lv"]) == 2
    assert len(written["lines"][2]["lv"]) == 1


def test_frames_that_were_kept_share_their_outlines(study, data):
    same = (study.network_masks == study.masks).all(axis=(1, 2))
    assert [lines is None for lines in data["layers"][1]["lines"]] == same.tolist()


def test_without_correction_there_is_one_layer_and_nothing_from_before():
    sequence, masks = phantom(4)
    told = case_data(study_of(sequence, spoilt(masks), correct=False), "one")
    assert [layer["key"] for layer in told["layers"]] == ["written"]
    assert told["certificate"]["before"] is None
    assert all(series["network"] is None for series in told["curves"])


def test_the_certificate_tells_what_broke_and_where(data):
    rows = {row["title"]: row for row in data["certificate"]["rows"]}
    piece = rows["disconnected parts of the ventricle"]
    assert piece["before"] == {"worst": 36.0, "bad": [2]}
    assert piece["after"] == {"worst": 0.0, "bad": []}
    assert (
        "disconnected parts of the ventricle in frame 2" in data["certificate"]["before"]["reason"]
    )
    assert len(rows) == 12 + 7


def test_curves_are_the_attributes_in_the_units_they_name(study, data):
    curves = {series["key"]: series for series in data["curves"]}
    assert curves["lv_area"]["unit"] == "cm²"
    expected = study.certificate.attributes["lv_area"] / 100
    assert np.allclose(curves["lv_area"]["written"], expected, rtol=1e-3)
    raw = study.before.attributes["lv_area"] / 100
    assert np.allclose(curves["lv_area"]["network"], raw, rtol=1e-3)
    assert curves["uncertainty"]["written"] == pytest.approx(study.uncertainty.scores, rel=1e-3)


def test_the_inconsistency_is_within_its_bound_where_the_certificate_says_so(study, data):
    (steady,) = [series for series in data["curves"] if series["key"] == "consistency"]
    known = [value for value in steady["written"] if value is not None]
    assert (max(known) <= 1) == study.certificate.consistency.consistent
    assert steady["written"][0] is steady["written"][-1] is None


def test_the_latent_trajectory_is_where_the_shape_model_puts_the_masks(study, data):
    model = load_shape_model().model
    canvas = OutlineGrid(study.sequence.shape, study.sequence.spacing)
    codes = model.encode(canvas.canonical.nearest_labels(study.masks)).mean
    codes = codes[:, : len(data["latent"])]
    shown = np.array([series["written"] for series in data["latent"]]).T
    assert np.abs(shown - codes).max() < 0.25  # pixels of another grid: not to the last digit


def test_a_missing_number_is_null_and_never_zero():
    sequence, masks = phantom(6)
    masks[3] = 0
    told = case_data(study_of(sequence, masks, correct=False), "one")
    for series in told["curves"]:
        if series["key"] not in ("uncertainty", "consistency"):
            assert series["written"][3] is None


def test_without_calibration_there_are_no_millimetres():
    sequence, masks = phantom(5)
    told = case_data(study_of(sequence.replace(spacing=None), masks), "one")
    assert told["pixel_mm"] is None
    assert {series["unit"] for series in told["curves"]} <= {"px", "px²", "°", ""}


def test_the_map_comes_back_as_it_was(study, data):
    shown = picture(data["map"]["images"][0]) / 255
    small = Image.fromarray(study.uncertainty.map[0].astype(np.float32)).resize(
        shown.shape[::-1], Image.Resampling.BOX
    )
    assert np.abs(shown - np.asarray(small)).mean() < 0.02


def test_frames_come_back_as_they_were(study, data):
    for image, frame in zip(data["cine"]["images"], study.sequence.frames, strict=True):
        region = study.sequence.region
        part = frame if region is None else frame[region.slices]
        assert np.abs(picture(image).astype(float) - part).mean() < 6


def test_only_the_imaged_region_is_shown(study):
    from cardiac.geometry import Region

    sequence, masks = phantom(3)
    told = case_data(study_of(sequence.replace(region=Region(10, 20, 110, 120)), masks), "one")
    assert told["cine"]["size"] == (100, 100)


def test_a_long_cine_stays_small_and_keeps_its_phases():
    rng = np.random.default_rng(0)
    _, masks = phantom(3)
    count = 450
    frames = rng.integers(0, 255, (count, 128, 128), dtype=np.uint8)  # noise: nothing is harder
    sequence = EchoSequence(
        frames, spacing=(1.0, 1.0), times=np.arange(count) * 0.02, ed_frames=(1,), es_frames=(2,)
    )
    raw = np.repeat(masks[:1], count, axis=0)
    told = case_data(study_of(sequence, raw, correct=False), "one")
    assert len(as_json(told)) < LIMIT
    assert {1, 2} <= set(told["shown"])
    assert len(told["curves"][0]["written"]) == count


@pytest.mark.parametrize("count", [1, 30, MOST_FRAMES, MOST_FRAMES + 1, 5000])
def test_as_many_frames_are_shown_as_there_is_room_for(count):
    shown = frames_shown(count, (count - 1,))
    assert shown == sorted(set(shown))
    assert shown[0] == 0
    assert shown[-1] == count - 1
    assert len(shown) <= MOST_FRAMES + 1


def test_neither_file_names_anybody(study, tmp_path):
    files = write_case(tmp_path, study, "one")
    assert [path.relative_to(tmp_path).as_posix() for path in files] == [
        "report/one.json", "report/one.webp",
    ]  # fmt: skip
    assert all(b"Jane" not in path.read_bytes() for path in files)


def test_the_same_study_gives_the_same_bytes(study, tmp_path):
    first = [path.read_bytes() for path in write_case(tmp_path / "a", study, "one")]
    assert first == [path.read_bytes() for path in write_case(tmp_path / "b", study, "one")]


def test_json_holds_no_character_that_markup_is_made_of():
    text = as_json({"</script><!--": "<img src=x onerror=alert(1)> & é"})
    assert not set("<>&") & set(text)
    assert text.isascii()
    assert json.loads(text) == {"</script><!--": "<img src=x onerror=alert(1)> & é"}
