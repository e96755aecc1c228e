import json
import pickle

from cardiac.reasons import Reason, codes, sentence


def test_a_reason_names_at_most_five_frames_and_counts_the_rest():
    reason = Reason("lv_hole", "a hole in the ventricle", tuple(range(8)))
    assert str(reason) == "a hole in the ventricle in frames 0, 1, 2, 3, 4 and 3 more"
    assert str(Reason("lv_hole", "a hole", (7,))) == "a hole in frame 7"
    assert str(Reason("no_ventricle", "no frame has a left ventricle")) == (
        "no frame has a left ventricle"
    )


def test_text_is_made_at_the_edge_and_codes_stay():
    told = (Reason("a", "first; with: marks"), Reason("b", "second", (1,)), Reason("a", "again"))
    assert sentence(told) == "first; with: marks; second in frame 1; again"
    assert codes(told) == "a b"
    assert sentence(()) == codes(()) == ""


def test_reasons_compare_and_travel_between_processes():
    reason = Reason("lv_hole", "a hole", (1, 2))
    assert pickle.loads(pickle.dumps(reason)) == reason


def test_what_is_told_as_json_is_the_same_reason_again():
    for reason in (Reason("a", "x"), Reason("b", "y 3", (1, 2), "y …")):
        assert Reason.of(json.loads(json.dumps(reason.plain()))) == reason
