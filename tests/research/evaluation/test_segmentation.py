from functools import partial

import pytest

from cardiac.pipeline import process
from cardiac.research.data import LabelledStill
from cardiac.research.evaluation.segmentation import BIPLANE, compare, evaluate
from cardiac.research.phantom import synthetic_cine
from cardiac.segmentation.segmenter import Segmenter
from cardiac.settings import ProcessSettings


@pytest.fixture(scope="module")
def stills():
    """ED and ES of one synthetic heart in both views."""
    found = []
    for name, view in (("4CH", "A4C"), ("2CH", "A2C")):
        cine = synthetic_cine(n_frames=12, view=view, seed=4)
        for phase, frames in (("ED", cine.ed_frames), ("ES", cine.es_frames)):
            t = frames[0]
            found.append(
                LabelledStill("p", name, phase, cine.frames[t], cine.masks[t], cine.spacing)
            )
    return found


@pytest.fixture(scope="module")
def run():
    settings = ProcessSettings(correct=False)
    return partial(process, models=Segmenter.load(settings.segmentation), settings=settings)


def test_each_view_has_its_rows_and_both_together_have_volumes(stills, run):
    result = evaluate(stills, run)
    assert result.patients == 1
    assert {(r["view"], r["structure"], r["phase"]) for r in result.summary} == {
        (v, s, p) for v in ("A4C", "A2C") for s in ("lv", "epicardium", "la") for p in ("ED", "ES")
    }
    assert {row["view"] for row in result.agreement} == {"A4C", "A2C", BIPLANE}
    rows = {row["view"]: row for row in result.volumes}
    low, high = sorted(rows[v]["expert_edv_ml"] for v in ("A4C", "A2C"))
    assert 0.95 * low <= rows[BIPLANE]["expert_edv_ml"] <= 1.05 * high


def test_one_view_alone_has_no_biplane_volume(stills, run):
    result = evaluate(stills[:2], run)
    assert {row["view"] for row in result.volumes} == {"A4C"}


def test_experts_volumes_are_the_same_on_the_other_side(stills, run):
    plain, turned = (evaluate(stills, run, mirrored=m) for m in (False, True))
    for ours, theirs in zip(plain.volumes, turned.volumes, strict=True):
        assert theirs["expert_ef_percent"] == pytest.approx(ours["expert_ef_percent"], abs=0.5)


def test_a_perfect_measurement_has_no_error():
    found = compare([(50.0, 50.0), (60.0, 60.0), (40.0, 40.0)], 4)
    assert found["bias"] == found["mae"] == found["sd"] == 0
    assert found["r"] == pytest.approx(1)
    assert found["missing"] == 1
