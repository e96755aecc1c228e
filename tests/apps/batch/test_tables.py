"""The tables read back as what they are."""

from __future__ import annotations

import pandas as pd
import pytest

from cardiac.errors import UnreadableFileError
from cardiac.results import FRAME_COLUMNS, INDEX_COLUMNS
from cardiac.results.tables import column_type, read_frames, read_indices, write_parquet

pytest.importorskip("pandera", reason="pip install 'cardiac-echo[tables]'")


@pytest.fixture
def out(cines, tmp_path, run):
    manifest = tmp_path / "list.csv"
    manifest.write_text(
        "path,id,patient,view\nin/c0.nii.gz,007,P1,A4C\nin/c1.nii.gz,NA,P1,A2C\n"
        "in/c2.nii.gz,true,P2,\nin/broken.dcm,nan,P2,\n"
    )
    run(manifest, tmp_path / "out")
    return tmp_path / "out"


def test_every_column_comes_back_with_its_type(out):
    indices, frames = read_indices(out), read_frames(out)
    assert list(indices["id"]) == ["007", "NA", "true", "nan", "P1"]
    assert indices["certified"].dtype == "boolean"
    assert indices["lv_edv_ml"].dtype == "float64"
    assert indices["n_frames"].dtype == "Int64"
    assert list(frames["frame"]) == [0, 1, 2, 3] * 3
    assert frames["valid"].notna().all()
    row = indices.set_index("id").loc["nan"]
    assert pd.isna(row["lv_ef_percent"])
    assert "broken.dcm" in row["reason"]


def test_what_is_no_such_table_is_refused_with_the_reasons(out):
    text = (out / "indices.csv").read_text()
    (out / "indices.csv").write_text(text.replace(",failed,", ",lost,"))
    with pytest.raises(UnreadableFileError, match="lost"):
        read_indices(out)
    with pytest.raises(UnreadableFileError):
        read_indices(out / "frames.csv")
    with pytest.raises(UnreadableFileError):
        read_frames(out / "none.csv")


def test_parquet_says_the_same(out):
    pytest.importorskip("pyarrow", reason="pip install 'cardiac-echo[tables]'")
    for name, columns, read in (
        ("indices.csv", INDEX_COLUMNS, read_indices),
        ("frames.csv", FRAME_COLUMNS, read_frames),
    ):
        path = write_parquet(out / name, columns)
        first = path.read_bytes()
        pd.testing.assert_frame_equal(read(path), read(out / name))
        assert write_parquet(out / name, columns).read_bytes() == first


def test_only_known_columns_have_a_type_of_their_own():
    every = {*INDEX_COLUMNS, *FRAME_COLUMNS}
    text, whole, yes_no = (
        {name for name in every if column_type(name) == kind}
        for kind in ("string", "Int64", "boolean")
    )
    assert set(INDEX_COLUMNS) | set(FRAME_COLUMNS) >= text | whole | yes_no
    for name in every - text - whole - yes_no:
        unit = name.rsplit("_", 1)[-1]
        units = {"mm", "mm2", "ml", "m2", "cm2", "percent", "ms", "s", "deg", "bpm", "px"}
        bare = {"uncertainty", "probability", "low", "high", "uncalibrated", "network"}
        assert unit in units | bare, f"is {name} a number?"
