"""Whatever a file holds, only the package's own errors come out of reading it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import cardiac.io
from cardiac.errors import CardiacError, UnreadableFileError
from cardiac.io import read, read_mask


def test_the_public_names_are_sorted_and_there():
    assert cardiac.io.__all__ == sorted(cardiac.io.__all__)
    assert all(hasattr(cardiac.io, name) for name in cardiac.io.__all__)


@pytest.mark.parametrize("name", ["a.txt", "noext", "x.pdf", "a.zip"])
def test_unknown_formats(tmp_path, name):
    (tmp_path / name).write_bytes(b"something else entirely")
    with pytest.raises(UnreadableFileError, match="no known image format"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["a.nii", "a.nii.gz", "a.mhd", "a.dcm", "a.avi", "a.mp4", "a.gif", "a.png", "a.tif"]
)
@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"text, not an image\n" * 50])
def test_disguised_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CardiacError, match=name.replace(".", r"\.")):
        read(tmp_path / name)


@pytest.fixture
def samples(write_nifti, write_dicom, write_video, region_tags, sector, tmp_path):  # noqa: PLR0917
    frames = sector(3, 40, 48)
    regions = [region_tags(47, 39)]
    Image.fromarray(frames[0]).save(tmp_path / "a.png")
    Image.fromarray(frames[0]).save(tmp_path / "a.jpg")
    header = "NDims = 3\nDimSize = 48 40 3\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    (tmp_path / "a.mha").write_bytes(header.encode() + frames.tobytes())
    return [
        write_nifti(frames, "a.nii"),
        write_nifti(frames, "a.nii.gz"),
        write_dicom(frames, name="a.dcm", regions=regions, FrameTime="20", PatientAge="050Y"),
        write_video(frames, "a.avi"),
        write_video(frames, "a.mp4", "mpeg4"),
        tmp_path / "a.png",
        tmp_path / "a.jpg",
        tmp_path / "a.mha",
    ]


def test_damaged_files_never_raise_anything_else(samples):
    rng = np.random.default_rng(7)
    for path in samples:
        whole = path.read_bytes()
        for trial in range(25):
            data = bytearray(whole)
            if trial % 3 == 0:
                data = data[: rng.integers(1, len(data))]
            else:
                # Headers matter most, and they come first.
                limit = min(len(data), 1200) if trial % 3 == 1 else len(data)
                for position in rng.integers(0, limit, 1 + trial // 3):
                    data[position] = rng.integers(256)
            path.write_bytes(bytes(data))
            for reader in (read, read_mask):
                try:
                    reader(path)
                except CardiacError as error:
                    assert path.name in str(error)
