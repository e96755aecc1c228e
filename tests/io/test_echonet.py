from __future__ import annotations

import csv

import pytest

from cardiac.errors import UnsupportedImageError
from cardiac.io import find_inputs, read, read_item
from cardiac.sequence import View


@pytest.fixture
def folder(write_video, sector, tmp_path):
    for name in ("0X1A", "0X2B"):
        write_video(sector(12, 112, 112), f"echonet/Videos/{name}.avi", rate=30)
    root = tmp_path / "echonet"
    (root / "FileList.csv").write_text(
        "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split\n"
        "0X1A,60,40,100,112,112,50,12,TRAIN\n"
    )
    with (root / "VolumeTracings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["FileName", "X1", "Y1", "X2", "Y2", "Frame"])
        # The large contour comes first here: order must not decide.
        for frame, half in ((3, 20), (9, 10)):
            writer.writerow(["0X1A.avi", 50, 20, 50, 90, frame])
            for y in range(20, 90, 5):
                writer.writerow(["0X1A.avi", 50 - half, y, 50 + half, y, frame])
    return root


def test_ed_is_the_larger_traced_area(folder):
    sequence = read(folder / "Videos" / "0X1A.avi")
    assert (sequence.ed_frames, sequence.es_frames) == ((3,), (9,))
    assert sequence.view is View.A4C
    assert sequence.frame_interval_s == pytest.approx(0.02)
    assert sequence.spacing is None
    assert sequence.region is None


def test_a_video_without_tracing_says_nothing(folder):
    sequence = read(folder / "Videos" / "0X2B.avi")
    assert sequence.ed_frames == ()
    assert sequence.frame_interval_s == pytest.approx(1 / 30, rel=0.01)


@pytest.mark.parametrize("given", ["", "FileList.csv"])
def test_the_folder_is_one_item_a_video(folder, given):
    items = find_inputs([folder / given])
    assert [item.id for item in items] == ["0X1A", "0X2B"]
    assert len(read_item(items[0])) == 12


def test_the_folder_itself_is_no_cine(folder):
    with pytest.raises(UnsupportedImageError, match="many videos"):
        read(folder)
