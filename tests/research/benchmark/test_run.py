import csv
import json

import numpy as np
import pytest
import yaml

from cardiac.errors import OutputError
from cardiac.research.benchmark import (
    Benchmark,
    BenchmarkSettings,
    ResultCache,
    markdown,
    summarise,
    write_csv,
)
from cardiac.research.benchmark.method import Method
from cardiac.research.benchmark.plots import draw_plots
from cardiac.research.benchmark.table import flat, groups_of
from cardiac.research.phantom import CineSpec
from tests.research.benchmark.conftest import ROOT

SPECS = (
    CineSpec("clean", "synthetic", "", "", "A4C", 1, 12, 12.0),
    CineSpec("dark", "synthetic", "", "", "A4C", 1, 12, 12.0, "gain:3"),
    CineSpec("holey", "synthetic", "", "", "A2C", 2, 12, 12.0, "", "holes:3"),
)


def method(name, change, **settings):
    return Method(name, settings, lambda *_: lambda masks, *_: change(masks))


ALONE = method("network alone", lambda masks: masks)
NOTHING = method("nothing", np.zeros_like, version=1)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, segmenter):
    folder = tmp_path_factory.mktemp("bench")
    from cardiac.research.benchmark.experts import Experts

    def make(*methods, specs=SPECS, name="results.jsonl"):
        experts = Experts(None, folder, folder)
        return Benchmark(specs, methods, segmenter, experts, ResultCache(folder / name))

    full = make(ALONE, NOTHING)
    list(full.run(full.prepare()))
    return make, full


def test_every_method_has_a_result_for_every_cine(bench):
    _, full = bench
    assert len(full.records()) == 3 * len(SPECS)
    assert full.pending() == []


def test_a_second_run_has_nothing_to_do_and_the_same_results(bench):
    make, full = bench
    again = make(ALONE, NOTHING)
    assert again.pending() == []
    assert again.prepare() == {}
    assert again.records() == full.records()


def test_only_what_changed_is_computed_again(bench):
    make, _ = bench
    changed = make(ALONE, method("nothing", np.zeros_like, version=2))
    assert [[m.name for m in step.methods] for step in changed.pending()] == [["nothing"]] * 3
    longer = make(ALONE, specs=(*SPECS, CineSpec("new", "synthetic", "", "", "A4C", 9)))
    assert [step.spec.id for step in longer.pending()] == ["new"]


def test_a_line_cut_off_is_computed_again(bench, tmp_path):
    make, full = bench
    text = full.cache.path.read_text()
    path = full.cache.path.with_name("torn.jsonl")
    path.write_text(text[:-40])
    torn = make(ALONE, NOTHING, name="torn.jsonl")
    (step,) = torn.pending()
    assert [m.name for m in step.methods] == ["nothing"]
    list(torn.run(torn.prepare()))
    assert len(ResultCache(path)) == len(full.cache)


def test_scores_come_from_the_masks_of_the_method(bench):
    _, full = bench
    found = {(r["cine"]["id"], r["method"]): r["scores"] for r in full.records()}
    for spec in SPECS:
        assert found[spec.id, "nothing"]["dice_lv"] == 0
        assert found[spec.id, "(true masks)"]["dice_lv"] == 1
    assert found["clean", "network alone"]["dice_lv"] > 0.3
    # Half of the frames had holes put into what the network said.
    assert found["holey", "network alone"]["invalid_frames"] >= 6


def test_a_cine_counts_in_its_summaries_and_in_its_own_group():
    def groups(images="", masks=""):
        return [g for g, _ in groups_of({"corruptions": images, "mask_corruptions": masks})]

    assert groups() == ["clean"]
    assert groups("blur:3") == ["images", "images, grade 3", "images, blur:3"]
    assert groups("", "bite:1") == ["masks", "masks, grade 1", "masks, bite:1"]
    assert groups("a:1+b:2")[1] == "images, combined"


def test_the_table_says_what_was_measured(bench, tmp_path):
    _, full = bench
    records = full.records()
    rows = summarise(records)
    assert [r.group for r in rows if r.method == "nothing"] == [
        "clean", "images", "images, grade 3", "masks", "masks, grade 3",
        "images, gain:3", "masks, holes:3",
    ]  # fmt: skip
    nothing = next(r for r in rows if r.group == "clean" and r.method == "nothing")
    assert nothing.values["invalid_frames_percent"] == 100
    assert nothing.values["ef_mae_points"] is None
    assert nothing.values["ef_missing"] == 1
    text = markdown(rows, records, {"weights": "abc"})
    assert "weights abc" in text
    # A summary of the same cines as a wider one is not shown twice.
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "## Clean cines (n = 1)", "## Corrupted images (n = 1)", "## Corrupted masks (n = 1)",
        "## Settings",
    ]  # fmt: skip
    assert "– (1 missing)" in next(line for line in text.splitlines() if "nothing" in line)
    assert "version 1" in text
    write_csv(tmp_path / "t.csv", (flat(r) for r in rows))
    with (tmp_path / "t.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(rows)
    assert next(r for r in table if r["method"] == "nothing")["ef_mae_points"] == ""


def test_shares_are_of_all_frames_and_all_sequences():
    def record(name, frames, wrong):
        scores = dict.fromkeys(
            ("frames_lacking_a_structure", "invalid_frames", "invalid_sequence",
             "invalid_frames_camus", "invalid_sequence_camus"), 0.0,
        )  # fmt: skip
        scores |= {"frames": frames, "inconsistent_frames": wrong, "ef_error_points": -3.0}
        scores["inconsistent_sequence"] = float(wrong > 0)
        scores |= {f"{name}_reference": scores[name] for name in list(scores) if "incons" in name}
        cine = {"corruptions": "", "mask_corruptions": "", "id": name}
        return {"cine": cine, "method": "m", "scores": scores, "settings": {}}

    (row,) = summarise([record("a", 10.0, 3.0), record("b", 30.0, 0.0)])
    assert row.values["inconsistent_frames_percent"] == pytest.approx(100 * 3 / 40)
    assert row.values["inconsistent_sequences_percent"] == 50
    assert (row.values["ef_mae_points"], row.values["ef_bias_points"]) == (3, -3)


def test_plots_are_drawn_for_images_and_masks(bench, tmp_path):
    rows = summarise(bench[1].records())
    for path in draw_plots(rows, tmp_path):
        assert path.stat().st_size > 5000
    assert {p.name for p in tmp_path.iterdir()} == {"benchmark_images.png", "benchmark_masks.png"}


def test_a_cache_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        ResultCache(tmp_path / "file" / "results.jsonl").add("k", {})


def test_the_cache_is_json_lines(bench):
    lines = bench[1].cache.path.read_text().splitlines()
    assert all("scores" in json.loads(line) for line in lines)


def test_the_settings_that_ship_are_the_defaults():
    text = (ROOT / "configs" / "benchmark.yaml").read_text()
    assert BenchmarkSettings.model_validate(yaml.safe_load(text)) == BenchmarkSettings()
