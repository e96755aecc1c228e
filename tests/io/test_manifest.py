"""Manifests are made from trees, and all that is wrong with one is told at once."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.errors import SettingsError
from cardiac.io import find_inputs
from cardiac.io.manifest import COLUMNS, check_manifest, check_manifests
from cardiac.io.manifest_build import build_manifest, manifest_csv
from cardiac.sequence import View


def rows_of(folder, base) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in build_manifest(folder, base)}


def test_a_tree_becomes_a_manifest_that_reads_as_the_tree(
    write_nifti, write_video, write_dicom, frames, tmp_path
):
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    code = Dataset()
    code.CodeValue = "399232001"
    (tmp_path / "in").mkdir()
    write_dicom(frames, name="in/coded a4c.dcm", ViewCodeSequence=Sequence([code]))
    write_dicom(frames, name="in/named a4c.dcm")
    write_dicom(frames, name="in/plain.dcm")
    write_nifti(frames, "in/p1/p1_4CH_half_sequence.nii.gz")
    write_nifti(frames[:1], "in/p2/p2_2CH_ED.nii.gz")
    write_nifti(frames[:1], "in/p2/p2_2CH_ES.nii.gz")
    write_video(frames, "in/net/Videos/clip.avi")
    (tmp_path / "in/net/FileList.csv").write_text("FileName,FPS\nclip,50\n")
    rows = rows_of(tmp_path / "in", tmp_path)
    assert {name: row["view"] for name, row in rows.items()} == {
        "coded_a4c": "A2C",  # the code outweighs the name
        "named_a4c": "A4C",
        "plain": "unknown",
        "p1_4CH_half_sequence": "A4C",
        "p2_2CH": "A2C",
        "clip": "A4C",
    }
    assert rows["p2_2CH"]["patient"] == "p2"
    manifest = tmp_path / "list.csv"
    manifest.write_text(manifest_csv(list(rows.values())))
    assert check_manifest(manifest) == []
    items = find_inputs([manifest])
    assert all(item.error is None for item in items)
    found = {item.id: item.path.resolve() for item in find_inputs([tmp_path / "in"])}
    assert {item.id: item.path.resolve() for item in items} == found


def test_an_empty_tree_is_told(tmp_path):
    with pytest.raises(SettingsError, match="no file"):
        build_manifest(tmp_path, tmp_path)


def test_all_errors_come_in_one_report_with_their_lines(tmp_path):
    (tmp_path / "a.avi").touch()
    manifest = tmp_path / "list.csv"
    manifest.write_text(
        "path,id,view,frame_time_ms,ed_frame,colour\n"
        "a.avi,one,A4C,20,0,\n"
        "a.avi,ONE,up,nan,x,\n"
        "\n"
        ",two,,,,\n"
        "a.avi,one,,,,red,more\n"
        "gone.avi,three,,,,\n"
    )
    lines = [(fault.line, fault.fatal) for fault in check_manifest(manifest)]
    told = "\n".join(fault.message for fault in check_manifest(manifest))
    assert sorted(lines) == [
        (1, True), (3, True), (3, True), (3, True), (5, True), (6, True), (6, True), (7, False),
    ]  # fmt: skip
    for words in ("colour", "'up'", "frame_time_ms", "ed_frame", "no path", "more cells", "gone"):
        assert words in told
    with pytest.raises(SettingsError, match="7 errors"):
        check_manifests([tmp_path, manifest])


def test_a_missing_file_is_no_reason_to_stop(tmp_path):
    (tmp_path / "list.csv").write_text("path\ngone.avi\n")
    check_manifests([tmp_path / "list.csv"])
    (item,) = find_inputs([tmp_path / "list.csv"])
    assert item.error is not None


def test_parquet_is_a_manifest_too(tmp_path):
    pytest.importorskip("pyarrow", reason="pip install 'cardiac-echo[tables]'")
    import pandas as pd

    (tmp_path / "a.avi").touch()
    table = pd.DataFrame({"path": ["a.avi"] * 2, "view": ["A4C", None], "ed_frame": [3, 4]})
    table.to_parquet(tmp_path / "list.parquet")
    assert check_manifest(tmp_path / "list.parquet") == []
    first, second = find_inputs([tmp_path / "list.parquet"])
    assert (first.view, first.ed_frames) == (View.A4C, (3,))
    assert second.view is View.UNKNOWN
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 rubbish")
    (fault,) = check_manifest(tmp_path / "bad.parquet")
    assert fault.fatal


cell = st.text(max_size=12)


@given(st.lists(st.lists(cell, min_size=9, max_size=9), min_size=1, max_size=5), st.binary())
def test_whatever_a_manifest_holds_it_is_read_or_told(tmp_path_factory, cells, noise):
    folder = tmp_path_factory.mktemp("m")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(cells)
    for name, data in (("a.csv", text.getvalue().encode("utf-8", "replace")), ("b.csv", noise)):
        (folder / name).write_bytes(data)
        items = find_inputs([folder / name])
        faults = check_manifest(folder / name)
        assert items
        # A row without a fault is a row without an error.
        if not faults:
            assert all(item.error is None for item in items)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_lists_are_read_as_spreadsheets_write_them(tmp_path, encoding, separator):
    (tmp_path / "Ärzte.avi").touch()
    rows = [
        ["path", "id", "view", "spacing_row_mm", "ed_frame", "es_frame"],
        ["Ärzte.avi", "p1", "A4C", '"0,773129"', "1.0", "13.0"],
        [""] * 6,
        ["Ärzte.avi", "p2", "A4C", "0.5", '"0;9"', ""],
        [],
    ]
    text = "\r\n".join(separator.join(row) for row in rows)
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    assert check_manifest(tmp_path / "list.csv") == []
    first, second = find_inputs([tmp_path / "list.csv"])
    assert first.spacing == (0.773129, 0.773129)
    assert (first.ed_frames, first.es_frames, second.ed_frames) == ((1,), (13,), (0, 9))
    assert first.path.name == "Ärzte.avi"
    assert first.error is None


def test_a_separator_can_be_named_and_row_numbers_mean_nothing(tmp_path):
    (tmp_path / "a.avi").touch()
    for text in (
        "sep=;\npath;id\na.avi;one\n",
        ",path,id\n0,a.avi,one\n",
        "Unnamed: 0,path\n0,a.avi",
    ):
        (tmp_path / "list.csv").write_text(text)
        assert check_manifest(tmp_path / "list.csv") == []
        (item,) = find_inputs([tmp_path / "list.csv"])
        assert item.path == tmp_path / "a.avi"


def test_what_is_no_list_tells_its_separator(tmp_path):
    (tmp_path / "list.csv").write_text("file;name\na.avi;one\n")
    (fault,) = check_manifest(tmp_path / "list.csv")
    assert "separated by semicolons" in fault.message
    assert "file;name" not in fault.message
    assert "Columns are path" in fault.message


@pytest.mark.parametrize("cell", ["1.5", "1,5", "x", "-1", "1e0"])
def test_half_a_frame_is_no_frame(tmp_path, cell):
    (tmp_path / "a.avi").touch()
    (tmp_path / "list.csv").write_text(f'path,ed_frame\na.avi,"{cell}"\n')
    (fault,) = check_manifest(tmp_path / "list.csv")
    assert "frames counted from 0" in fault.message


@pytest.mark.parametrize("cell", ["1;2;3", "5;5;5;9", "a;b;c;d", "3;3;9"])
def test_a_region_has_four_sides_and_some_pixels(tmp_path, cell):
    (tmp_path / "a.avi").touch()
    (tmp_path / "list.csv").write_text(f'path,region\na.avi,"{cell}"\n')
    (fault,) = check_manifest(tmp_path / "list.csv")
    assert "region" in fault.message


def test_a_made_manifest_holds_no_formula(tmp_path, write_video, frames):
    write_video(frames, "in/=1+1.avi")
    write_video(frames, "in/@x/-2.avi")
    rows = build_manifest(tmp_path / "in", tmp_path / "in")
    text = manifest_csv(rows)
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    (tmp_path / "in" / "list.csv").write_text(text)
    items = find_inputs([tmp_path / "in" / "list.csv"])
    assert all(item.error is None for item in items)
