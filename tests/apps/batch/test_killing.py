from __future__ import annotations

from tests.apps.batch.killing import prove


def test_a_killed_batch_ends_like_one_left_alone(tmp_path):
    told = prove(tmp_path, cases=20, kills=2, workers=1)
    assert told["kills"] == 2
