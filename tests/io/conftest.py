"""Small files in every format, made from one moving sector."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

Frames = npt.NDArray[np.uint8]


def moving_sector(count: int = 6, height: int = 96, width: int = 128) -> Frames:
    """Speckle in a 90° sector with a dark disc that grows and shrinks."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, :width]
    depth = np.hypot(rows - 2, columns - width / 2)
    angle = np.arctan2(columns - width / 2, rows - 2)
    inside = (np.abs(angle) < np.pi / 4) & (depth < height - 4)
    frames = np.zeros((count, height, width), dtype=np.uint8)
    for t in range(count):
        radius = height * (0.16 + 0.05 * np.cos(2 * np.pi * t / count))
        cavity = np.hypot(rows - height / 2, columns - width / 2) < radius
        speckle = rng.rayleigh(60, (height, width)).clip(20, 255)
        frames[t] = np.where(inside, np.where(cavity, 0.2, 1) * speckle, 0)
    return frames


@pytest.fixture(name="frames")
def _frames() -> Frames:
    return moving_sector()


@pytest.fixture
def sector() -> Callable[..., Frames]:
    """The generator, for other sizes."""
    return moving_sector


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of the real data, or a skip."""
    root = Path(__file__).parents[2]
    folder = Path(os.environ.get("CARDIAC_DATA", root / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no development data at {folder}; set CARDIAC_DATA")
    return folder


def tissue(right: int, bottom: int, **changes: Any) -> dict[str, Any]:
    """Tags of a two-dimensional tissue region from (0, 0), 0.5 × 0.4 mm (row × column)."""
    return {
        "RegionSpatialFormat": 1,
        "RegionDataType": 1,
        "RegionFlags": 2,
        "RegionLocationMinX0": 0,
        "RegionLocationMinY0": 0,
        "RegionLocationMaxX1": right,
        "RegionLocationMaxY1": bottom,
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
        "PhysicalDeltaX": -0.04,
        "PhysicalDeltaY": 0.05,
        **changes,
    }


@pytest.fixture
def region_tags() -> Callable[..., dict[str, Any]]:
    """Maker of region tags."""
    return tissue


@pytest.fixture
def write_dicom(tmp_path: Path) -> Callable[..., Path]:
    """Writer of ultrasound DICOM files: pixels, transfer syntax, regions and any tags."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.sequence import Sequence
    from pydicom.uid import UID, ExplicitVRLittleEndian

    def write(
        pixels: npt.NDArray[Any],
        *,
        name: str = "cine.dcm",
        syntax: str = ExplicitVRLittleEndian,
        regions: list[dict[str, Any]] | None = None,
        encoded: list[bytes] | None = None,
        **tags: Any,
    ) -> Path:
        ds = Dataset()
        ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
        ds.SOPInstanceUID = "1.2.3.4"
        ds.Modality = "US"
        color = pixels.ndim == 4
        ds.NumberOfFrames, ds.Rows, ds.Columns = pixels.shape[:3]
        ds.SamplesPerPixel = 3 if color else 1
        ds.PhotometricInterpretation = "RGB" if color else "MONOCHROME2"
        if color:
            ds.PlanarConfiguration = 0
        ds.BitsAllocated = ds.BitsStored = 8 * pixels.dtype.itemsize
        ds.HighBit = ds.BitsStored - 1
        ds.PixelRepresentation = 0
        if regions is not None:
            items = []
            for region in regions:
                item = Dataset()
                for keyword, value in region.items():
                    setattr(item, keyword, value)
                items.append(item)
            ds.SequenceOfUltrasoundRegions = Sequence(items)
        for keyword, value in tags.items():
            setattr(ds, keyword, value)
        uid = UID(syntax)
        big = not uid.is_little_endian
        if encoded is not None:
            ds.PixelData = encapsulate(encoded)
            ds["PixelData"].VR = "OB"
        else:
            stored = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<"))
            ds.PixelData = stored.tobytes()
            ds["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = uid
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        path = tmp_path / name
        if big:
            ds.save_as(path, implicit_vr=False, little_endian=False, enforce_file_format=True)
        else:
            ds.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def write_nifti(tmp_path: Path) -> Callable[..., Path]:
    """Writer of NIfTI files from frames (T, H, W), stored as CAMUS does."""
    import nibabel

    def write(
        values: npt.NDArray[Any],
        name: str = "cine.nii.gz",
        axes: str = "xyt",
        zooms: tuple[float, ...] | None = (0.4, 0.5, 1.0),
        units: tuple[str, str] = ("mm", "unknown"),
    ) -> Path:
        stored = {
            "xy": lambda v: v[0].T,
            "xyt": lambda v: v.transpose(2, 1, 0),
            "xyz": lambda v: v[0].T[:, :, None],
            "xyzt": lambda v: v.transpose(2, 1, 0)[:, :, None, :],
        }[axes](values)
        sizes = (1.0,) * len(axes) if zooms is None else zooms[: len(axes)]
        image = nibabel.Nifti1Image(stored, np.diag([-sizes[0], -sizes[1], 1, 1]))
        image.header.set_zooms(sizes)
        image.header.set_xyzt_units(*units)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(image, path)
        return path

    return write


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Writer of videos; ``stamps`` are presentation times in ms."""
    import av

    def write(
        frames: Frames,
        name: str = "cine.avi",
        codec: str = "mjpeg",
        rate: int = 50,
        stamps: list[int] | None = None,
    ) -> Path:
        from fractions import Fraction

        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate)
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = {"mjpeg": "yuvj444p", "gif": "rgb8"}.get(codec, "yuv420p")
            if stamps is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
                stream.time_base = Fraction(1, 1000)
            for i, pixels in enumerate(frames):
                rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
                frame.pts = stamps[i] if stamps else i
                if stamps:
                    frame.time_base = Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write
