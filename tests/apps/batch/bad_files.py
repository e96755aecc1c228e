"""Files that are bad in many ways, each of which must cost its own case only."""

from __future__ import annotations

import gzip
import os
import shutil
import struct
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom

from tests.io.fuzzing import make_seeds


def make_bad_files(folder: Path, scratch: Path) -> dict[str, Path]:
    """One file, folder or link for every way of being bad, by the name of the way."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {
        "".join(path.suffixes[:1]) or path.name if path.name != "b.nii.gz" else ".gz": path
        for path in make_seeds(scratch)
    }
    made: dict[str, Path] = {}

    def put(name: str, data: bytes) -> Path:
        made[name.split(".", maxsplit=1)[0]] = path = folder / name
        path.write_bytes(data)
        return path

    def cut(name: str, seed: str, share: float) -> None:
        data = seeds[seed].read_bytes()
        put(name, data[: int(len(data) * share)])

    cut("truncated_nifti.nii.gz", ".gz", 0.5)
    cut("truncated_dicom.dcm", ".dcm", 0.6)
    cut("truncated_video.avi", ".avi", 0.3)
    cut("truncated_meta.mha", ".mha", 0.7)
    cut("truncated_picture.png", ".png", 0.5)
    flipped = bytearray(seeds[".nii"].read_bytes())
    flipped[40:56] = bytes(~byte & 0xFF for byte in flipped[40:56])
    put("flipped_header.nii", bytes(flipped))
    put("empty.avi", b"")
    put("text.mp4", b"this is a letter, not a video\n" * 50)
    put("playlist.mp4", b"#EXTM3U\n#EXTINF:1,\nhttp://localhost:9/x.ts\n#EXT-X-ENDLIST\n")
    put("pixel_bomb.png", _huge_png())
    put("zip_bomb.nii.gz", _nifti_bomb(seeds[".nii"].read_bytes()))
    put("meta_outside.mhd", _meta_header().replace(b"LOCAL", b"../../etc/passwd"))
    put("meta_bomb.mha", _meta_header(b"CompressedData = True\n") + zlib.compress(b"\0" * 10**6))
    for name, values in (
        ("not_a_number.nii", np.full((64, 48, 4), np.nan, np.float32)),
        ("constant.nii", np.full((64, 48, 4), 7, np.uint8)),
        ("complex.nii", np.ones((64, 48, 4), np.complex64)),
        ("volume.nii", np.ones((64, 48, 6, 4), np.int16)),
    ):
        nib.save(nib.Nifti1Image(values, np.eye(4)), folder / name)
        made[name.split(".")[0]] = folder / name
    for name, tags in (
        ("other_modality.dcm", {"Modality": "CT"}),
        ("endless_frames.dcm", {"NumberOfFrames": 2**31 - 1}),
        ("wrong_rows.dcm", {"Rows": 60000, "Columns": 60000}),
        ("no_pixels.dcm", {"PixelData": None}),
    ):
        dataset = pydicom.dcmread(scratch / "k.dcm")
        for keyword, value in tags.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(folder / name)
        made[name.split(".")[0]] = folder / name
    with put("sparse_giant.avi", b"").open("wb") as file:
        file.truncate(2**43)
    for name, target in (("loop.nii", "loop.nii"), ("nowhere.dcm", "gone.dcm")):
        (folder / name).symlink_to(target)
        made[name.split(".")[0]] = folder / name
    os.mkfifo(folder / "pipe.avi")
    made["pipe"] = folder / "pipe.avi"
    if os.geteuid():  # who may do everything is denied nothing
        shutil.copy(seeds[".nii"], folder / "denied.nii")
        (folder / "denied.nii").chmod(0)
        made["denied"] = folder / "denied.nii"
    return made


def _huge_png() -> bytes:
    """A picture of 60,000 × 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def _nifti_bomb(sound: bytes) -> bytes:
    """A header of 30,000 × 30,000 × 30,000 pixels."""
    header = bytearray(sound[:352])
    header[40:56] = struct.pack("<8h", 3, 30000, 30000, 30000, 1, 1, 1, 1)
    return gzip.compress(bytes(header) + b"\0" * 10**6)


def _meta_header(more: bytes = b"") -> bytes:
    return (
        b"ObjectType = Image\nNDims = 3\nDimSize = 8000 8000 60\nElementType = MET_UCHAR\n"
        + more
        + b"ElementSpacing = 0.4 0.5 1\nElementDataFile = LOCAL\n"
    )
