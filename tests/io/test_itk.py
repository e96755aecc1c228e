from __future__ import annotations

import zlib

import numpy as np
import pytest

from cardiac.errors import (
    InvalidPixelsError,
    UnreadableFileError,
    UnsupportedImageError,
)
from cardiac.io import read


def write(path, frames, *, local=False, compressed=False, spacing="0.616 0.508 1.54", **keys):
    data = frames.tobytes()
    data = zlib.compress(data) if compressed else data
    header = {
        "ObjectType": "Image",
        "NDims": 3,
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": compressed,
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "0 0 0",
        "ElementSpacing": spacing,
        "DimSize": " ".join(map(str, frames.shape[::-1])),
        "ElementType": {"u1": "MET_UCHAR", "f4": "MET_FLOAT", "i2": "MET_SHORT"}[
            frames.dtype.str[1:]
        ],
        "ElementDataFile": "LOCAL" if local else path.stem + ".raw",
        **keys,
    }
    # Whatever follows ElementDataFile belongs to the pixels.
    header["ElementDataFile"] = header.pop("ElementDataFile")
    text = "".join(f"{k} = {v}\n" for k, v in header.items()).encode()
    path.write_bytes(text + (data if local else b""))
    if not local:
        path.with_suffix(".raw").write_bytes(data)
    return path


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_pixels_and_spacing(tmp_path, frames, local, compressed):
    path = tmp_path / ("cine.mha" if local else "cine.mhd")
    sequence = read(write(path, frames, local=local, compressed=compressed))
    np.testing.assert_array_equal(sequence.frames, frames)
    assert sequence.spacing == (0.508, 0.616)
    assert sequence.times is None
    # The same orientation as the NIfTI release of the same data.
    np.testing.assert_allclose(np.diag(sequence.storage.affine)[:2], [-0.616, -0.508])


def test_big_endian_and_floats(tmp_path, frames):
    path = write(tmp_path / "cine.mhd", frames.astype(">i2"), BinaryDataByteOrderMSB="True")
    np.testing.assert_array_equal(read(path).frames, frames)
    path = write(tmp_path / "cine.mhd", frames.astype("<f4"))
    np.testing.assert_array_equal(read(path).frames, frames)


@pytest.mark.parametrize("name", ["../secret.raw", "/etc/hostname", "sub/x.raw", "..\\x.raw"])
def test_data_outside_the_folder_are_refused(tmp_path, frames, name):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.raw").write_bytes(frames.tobytes())
    with pytest.raises(UnreadableFileError, match="outside"):
        read(write(inner / "cine.mhd", frames, ElementDataFile=name))


def test_a_link_out_of_the_folder_is_refused(tmp_path, frames):
    inner = tmp_path / "inner"
    inner.mkdir()
    path = write(inner / "cine.mhd", frames)
    (inner / "cine.raw").rename(tmp_path / "secret.raw")
    (inner / "cine.raw").symlink_to(tmp_path / "secret.raw")
    with pytest.raises(UnreadableFileError, match="outside"):
        read(path)


def test_bad_files(tmp_path, frames):
    path = write(tmp_path / "cine.mhd", frames)
    path.with_suffix(".raw").write_bytes(frames.tobytes()[:-1])
    with pytest.raises(UnreadableFileError, match="truncated"):
        read(path)
    path.with_suffix(".raw").unlink()
    with pytest.raises(UnreadableFileError, match="missing"):
        read(path)
    with pytest.raises(InvalidPixelsError):
        read(write(path, frames, DimSize="8000 8000 900"))
    with pytest.raises(UnsupportedImageError, match="several files"):
        read(write(path, frames, ElementDataFile="LIST"))
    with pytest.raises(UnsupportedImageError, match="channels"):
        read(write(path, frames[:4], ElementNumberOfChannels=2, DimSize="128 96 2"))
    with pytest.raises(UnsupportedImageError, match="slices"):
        read(write(path, frames, spacing="1 1 3"))
    path.write_text("a text file\n")
    with pytest.raises(UnreadableFileError, match="MetaImage"):
        read(path)


def test_a_still_of_two_dimensions_is_a_cine_of_one_frame(tmp_path, frames):
    path = write(
        tmp_path / "still.mhd",
        frames[0],
        NDims=2,
        spacing="0.4 0.5",
        TransformMatrix="1 0 0 1",
        Offset="0 0",
    )
    sequence = read(path)
    np.testing.assert_array_equal(sequence.frames, frames[:1])
    assert sequence.spacing == (0.5, 0.4)


def nrrd(path, frames, data=None, encoding="raw", **fields):
    lines = {
        "type": "uint8",
        "dimension": 3,
        "sizes": " ".join(map(str, frames.shape[::-1])),
        "spacings": "0.4 0.5 1",
        "encoding": encoding,
        **fields,
    }
    text = "NRRD0004\n" + "".join(f"{k}: {v}\n" for k, v in lines.items()) + "\n"
    path.write_bytes(text.encode() + (frames.tobytes() if data is None else data))
    return path


def test_nrrd_and_gipl_come_back_exactly(tmp_path, frames):
    import SimpleITK

    sequence = read(nrrd(tmp_path / "raw.nrrd", frames))
    np.testing.assert_array_equal(sequence.frames, frames)
    assert sequence.spacing == (0.5, 0.4)
    image = SimpleITK.GetImageFromArray(frames)
    image.SetSpacing((0.4, 0.5, 1.0))
    for name in ("a.nrrd", "a.gipl", "a.gipl.gz", "a.vtk", "a.mha", "a.mhd"):
        SimpleITK.WriteImage(image, str(tmp_path / name), useCompression=name.endswith("d"))
        sequence = read(tmp_path / name)
        np.testing.assert_array_equal(sequence.frames, frames)
        assert sequence.spacing == pytest.approx((0.5, 0.4))


@pytest.mark.parametrize("name", ["a.gipl", "a.gipl.gz", "a.vtk", "a.mha"])
def test_missing_bytes_are_never_made_up(tmp_path, frames, name):
    import SimpleITK

    image = SimpleITK.GetImageFromArray(frames)
    SimpleITK.WriteImage(image, str(tmp_path / name), useCompression=True)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-300])
    with pytest.raises(UnreadableFileError):
        read(tmp_path / name)


def test_a_packed_file_that_holds_less_or_more_than_it_says(tmp_path, frames):
    path = write(tmp_path / "cine.mhd", frames, compressed=True)
    path.with_suffix(".raw").write_bytes(zlib.compress(frames[:3].tobytes()))
    with pytest.raises(UnreadableFileError, match="truncated"):
        read(path)
    path.with_suffix(".raw").write_bytes(zlib.compress(bytes(2**28)))
    with pytest.raises(InvalidPixelsError, match="same value"):
        read(path)


def test_an_nrrd_header_reads_no_file_elsewhere(tmp_path, frames):
    fields = {"data file": "/etc/hostname"}
    with pytest.raises(UnreadableFileError, match="outside"):
        read(nrrd(tmp_path / "a.nhdr", frames, b"", **fields))
    with pytest.raises(UnsupportedImageError, match="several files"):
        read(nrrd(tmp_path / "a.nhdr", frames, b"", **{"data file": "a%03d.raw 1 6 1"}))


def test_what_a_library_says_is_told_with_the_file_and_not_on_the_console(tmp_path, frames, capfd):
    path = nrrd(tmp_path / "a.nrrd", frames, zlib.compress(frames.tobytes()), encoding="gzip")
    with pytest.raises(UnreadableFileError, match=r"a\.nrrd"):
        read(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"space": "left-posterior-superior", "space directions": "(0.9,tions: (0.9,tions: (0.9,0"},
        {"space directions": "(1,0,0) (0,1,0) (0,0,1) " * 9},
        {"sizes": "6 " * 400},
        {"spacings": "1" * 5000},
        {"colour": "red"},
    ],
)
def test_a_header_that_the_parser_would_die_of_is_refused(tmp_path, frames, fields):
    with pytest.raises(UnreadableFileError, match="NRRD header"):
        read(nrrd(tmp_path / "a.nrrd", frames, **fields))
