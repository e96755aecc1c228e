import json

import numpy as np

from cardiac.apps.viewer.serialize import network_lines

SQUARE = [100, 200, 50, 0, 0, 50, -50, 0]


def write(folder, **changes):
    told = {
        "size": [100, 200],
        "shown": [0, 2],
        "layers": [
            {"key": "written", "lines": [{"lv": [SQUARE]}, {"lv": []}]},
            {"key": "network", "lines": [None, {"lv": [SQUARE, SQUARE]}]},
        ],
    }
    (folder / "report").mkdir()
    (folder / "report" / "a.json").write_text(json.dumps(told | changes))


def corners(path):
    return np.cumsum(np.array(path).reshape(-1, 2), axis=0)


def test_outlines_are_those_of_the_report_at_the_size_of_the_page(tmp_path):
    write(tmp_path)
    found = network_lines(tmp_path, "a", 3, (200, 400))
    assert (corners(found[0]["lv"][0]) == 2 * corners(SQUARE)).all()
    assert found[1] is None
    assert len(found[2]["lv"]) == 2


def test_a_run_without_report_or_correction_has_none(tmp_path):
    assert network_lines(tmp_path, "a", 3, (200, 400)) is None
    write(tmp_path, layers=[{"key": "written", "lines": []}])
    assert network_lines(tmp_path, "a", 3, (200, 400)) is None
