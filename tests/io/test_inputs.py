from __future__ import annotations

import numpy as np
import pytest

from cardiac.errors import (
    InvalidPixelsError,
    SettingsError,
    UnreadableFileError,
    UnsupportedImageError,
)
from cardiac.io import describe, find_inputs, list_inputs, read, read_item, read_mask
from cardiac.sequence import View


def test_a_folder_gives_what_can_be_read(write_nifti, write_video, write_dicom, frames, tmp_path):
    write_nifti(frames, "in/b.nii.gz")
    write_nifti(frames, "in/b_gt.nii.gz")
    write_nifti(frames, "in/.hidden.nii.gz")
    write_video(frames, "in/deep/a.avi")
    write_dicom(frames, name="in/1.2.840.1")
    (tmp_path / "in" / "notes.txt").write_text("not an image")
    (tmp_path / "in" / "x.raw").write_bytes(b"pixels")
    write_nifti(frames, "in/out/masks/b.nii.gz")
    (tmp_path / "in" / "out" / "run.json").write_text("{}")
    items = find_inputs([tmp_path / "in"])
    assert [item.id for item in items] == ["1.2.840.1", "b", "a"]
    assert all(item.error is None for item in items)
    for item in items:
        assert len(read_item(item)) == len(frames)


def test_ids_are_unique_and_never_paths(write_nifti, write_video, frames, tmp_path):
    for name in ("x/rest.nii.gz", "y/rest.nii.gz", "y/Rest.nii", "x/one.nii"):
        write_nifti(frames, name)
    write_video(frames, "x/rest.avi")
    items = find_inputs([tmp_path])
    ids = [item.id for item in items]
    assert len({name.casefold() for name in ids}) == len(ids) == 5
    assert "one" in ids
    assert not any(set("/\\") & set(name) or name.startswith(".") for name in ids)
    assert ids == [item.id for item in find_inputs([tmp_path])]


def test_the_same_file_twice_counts_once(write_nifti, frames, tmp_path):
    path = write_nifti(frames)
    assert len(find_inputs([path, tmp_path, str(path)])) == 1


def test_bad_entries_do_not_stop_the_batch(write_nifti, frames, tmp_path):
    good = write_nifti(frames)
    mask = write_nifti(frames, "x_gt.nii.gz")
    (tmp_path / "empty").mkdir()
    items = find_inputs([tmp_path / "missing.dcm", mask, tmp_path / "empty", good])
    errors = [type(item.error) for item in items]
    assert errors == [UnreadableFileError, UnsupportedImageError, UnreadableFileError, type(None)]
    with pytest.raises(UnreadableFileError, match=r"missing\.dcm"):
        read_item(items[0])


def test_a_manifest_overrides_the_file(write_video, frames, tmp_path):
    write_video(frames, "clips/a.avi")
    manifest = tmp_path / "list.csv"
    manifest.write_text(
        "path,id,patient,view,spacing_row_mm,spacing_col_mm,frame_time_ms,ed_frame,es_frame\n"
        "clips/a.avi,../evil/name,P1,a2c,0.5,0.4,20,0;5,3\n"
        "clips/a.avi,second,P1,4CH,0.6,,,,\n"
    )
    first, second = find_inputs([manifest])
    assert "/" not in first.id
    sequence = read_item(first)
    assert sequence.spacing == (0.5, 0.4)
    assert sequence.frame_interval_s == pytest.approx(0.02)
    assert sequence.view is View.A2C
    assert (sequence.ed_frames, sequence.es_frames) == ((0, 5), (3,))
    assert sequence.subject.id == "P1"
    assert not any("no pixel size" in note for note in sequence.notes)
    assert read_item(second).spacing == (0.6, 0.6)
    assert second.view is View.A4C


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.avi,abc,,", "spacing_row_mm"),
        ("a.avi,-1,,", "spacing_row_mm"),
        ("a.avi,,x,", "ed_frame"),
        ("a.avi,,,sideways", "view"),
        (",,,A4C", "no path"),
    ],
)
def test_a_bad_row_says_which_and_spares_the_others(write_video, frames, tmp_path, row, words):
    write_video(frames, "a.avi")
    manifest = tmp_path / "list.csv"
    manifest.write_text(f"path,spacing_row_mm,ed_frame,view\n{row}\na.avi,,,\nnone.avi,,,\n")
    bad, good, missing = find_inputs([manifest])
    assert isinstance(bad.error, SettingsError)
    assert words in str(bad.error)
    assert "line 2" in str(bad.error)
    assert good.error is None
    assert isinstance(missing.error, UnreadableFileError)


def test_frames_beyond_the_cine_are_refused(write_video, frames, tmp_path):
    write_video(frames, "a.avi")
    manifest = tmp_path / "list.csv"
    manifest.write_text("path,ed_frame\na.avi,6\n")
    with pytest.raises(SettingsError, match="counted from 0"):
        read_item(find_inputs([manifest])[0])


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "path\n"])
def test_an_unusable_manifest_is_one_error(tmp_path, content):
    manifest = tmp_path / "list.csv"
    manifest.write_text(content)
    (item,) = find_inputs([manifest])
    assert isinstance(item.error, SettingsError)


def test_description_says_what_is_absent(write_video, write_nifti, frames):
    rows = describe(read(write_video(frames)))
    assert rows["pixel size"].startswith("unknown")
    assert rows["frames"] == "6"
    assert "20 ms" in rows["frame time"]
    rows = describe(read(write_nifti(frames)))
    assert rows["pixel size"].startswith("0.5 × 0.4 mm")
    assert rows["frame time"] == "unknown"
    assert all(isinstance(value, str) for value in rows.values())


def test_frames_cannot_be_changed(write_nifti, frames):
    sequence = read(write_nifti(frames))
    with pytest.raises(ValueError, match="read-only"):
        sequence.frames[0, 0, 0] = 1
    assert sequence.frames.dtype == np.uint8


def test_what_is_passed_over_is_named_with_its_reason(write_nifti, write_video, frames, tmp_path):
    import zipfile

    write_nifti(frames, "in/a.nii.gz")
    write_nifti(frames, "in/a_gt.nii.gz")
    write_nifti(frames, "in/out/masks/b.nii.gz")
    (tmp_path / "in" / "out" / "run.json").write_text("{}")
    (tmp_path / "in" / "notes.txt").write_text("not an image")
    with zipfile.ZipFile(tmp_path / "in" / "study.zip", "w") as archive:
        archive.writestr("a", "b")
    write_video(frames, "in/net/Videos/clip.avi")
    (tmp_path / "in/net/FileList.csv").write_text("FileName,FPS\nclip,50\ngone,50\n")
    found = list_inputs([tmp_path / "in"])
    assert [item.id for item in found.items] == ["a", "clip"]
    told = {passed.path.rpartition("/")[2]: passed.reason for passed in found.passed_over}
    assert told == {
        "a_gt.nii.gz": "a mask by its name",
        "notes.txt": "of no known image format",
        "out": "results of an earlier run",
        "study.zip": "a zip archive",
        "gone": "named in FileList.csv, not there",
    }


def test_an_archive_says_that_it_is_one(tmp_path):
    (tmp_path / "study.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(UnreadableFileError, match=r"zip archive.*Unpack"):
        read(tmp_path / "study.zip")


def test_a_name_that_is_no_utf8_spoils_its_own_case_only(write_nifti, frames, tmp_path):
    import os

    good = write_nifti(frames, "in/a.nii.gz")
    odd = os.fsencode(tmp_path / "in") + b"/b\xff.nii.gz"
    try:
        with open(odd, "wb") as file:  # noqa: PTH123
            file.write(good.read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    items = find_inputs([tmp_path / "in"])
    assert [item.id for item in items] == ["a", "b_xff"]
    with pytest.raises(UnreadableFileError, match="Rename") as caught:
        read_item(items[1])
    # Whatever is told of it can be written into any file.
    for text in (str(caught.value), str(items[1].path), items[1].id):
        text.encode("utf-8")


def test_one_hot_masks_are_told(write_nifti):
    from cardiac.errors import CardiacError

    labels = np.zeros((96, 128), np.uint8)
    labels[30:60, 40:80] = 1
    one_hot = np.stack([labels == 0, labels == 1, labels == 2, labels == 3]).astype(np.uint8)
    with pytest.raises(CardiacError, match="one-hot"):
        read_mask(write_nifti(one_hot, "a_gt.nii.gz"))


@pytest.mark.parametrize("off", [1e-5, -0.009])
def test_labels_within_rounding_are_labels(write_nifti, off):
    labels = np.zeros((2, 96, 128), np.float32)
    labels[:, 30:60, 40:80] = 1
    labels[:, 60:70, 40:80] = 3
    path = write_nifti(np.where(labels > 0, labels + np.float32(off), 0).astype(np.float32))
    np.testing.assert_array_equal(read_mask(path)[0], labels)
    with pytest.raises(InvalidPixelsError, match=r"1\.02"):
        read_mask(write_nifti(labels + np.float32(0.02)))
