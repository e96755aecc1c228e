"""Mutated files for every reader: each must be read or refused, never crash, hang or swell.

Readers are those of images, of masks, of manifests (CSV and Parquet), and of the lists that CAMUS
and EchoNet folders have beside their images.

``python -m tests.io.fuzzing --count 100000 --keep found`` mutates that many files; the test does a
few hundred. Files that made trouble are kept in the folder named with ``--keep``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from cardiac.errors import CardiacError
from cardiac.io import find_inputs, read, read_item, read_mask
from cardiac.io.manifest import check_manifest, read_manifest
from tests.io.conftest import moving_sector

LIMIT_S = 10.0
LIMIT_MB = 1024
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def make_seeds(folder: Path) -> list[Path]:
    """One small sound file of every format."""
    import av
    import nibabel as nib
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    frames = moving_sector(4, 48, 64)
    stored = np.ascontiguousarray(frames.transpose(2, 1, 0))
    image = nib.Nifti1Image(stored, np.diag([-0.4, -0.5, 1, 1]))
    for name in ("a.nii", "b.nii.gz"):
        nib.save(image, folder / name)
    header = (
        "ObjectType = Image\nNDims = 3\nDimSize = 64 48 4\nElementType = MET_UCHAR\n"
        "ElementSpacing = 0.4 0.5 1\nElementDataFile = LOCAL\n"
    )
    (folder / "c.mha").write_bytes(header.encode() + frames.tobytes())
    _write_itk(folder, frames)
    for name, codec in (("d.avi", "mjpeg"), ("e.mp4", "mpeg4"), ("q.mov", "libx264")):
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream(codec, rate=50)
            stream.height, stream.width = frames.shape[1:]
            stream.pix_fmt = {"mjpeg": "yuvj444p", "gif": "rgb8"}.get(codec, "yuv420p")
            for number, plane in enumerate(frames):
                rgb = np.ascontiguousarray(np.repeat(plane[..., None], 3, axis=-1))
                frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    pictures = [Image.fromarray(frame) for frame in frames]
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("g.png", "h.jpg", "i.bmp"):
        pictures[0].save(folder / name, **({} if name == "i.bmp" else {"exif": exif}))
    for name in ("f.gif", "j.tif", "r.png", "s.webp"):
        pictures[0].save(folder / name, save_all=True, append_images=pictures[1:], duration=40)
    _write_dicoms(folder, frames)
    return sorted(folder.iterdir())


def make_lists(folder: Path, images: list[Path]) -> list[Path]:
    """One sound file of every kind that is no image: a mask, manifests, CAMUS and EchoNet lists."""
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    named = {path.name: path for path in images}
    for name in ("n_gt.nii", "n_gt.mha"):
        source = named["a.nii" if name.endswith("nii") else "c.mha"].read_bytes()
        head = 352 if name.endswith("nii") else source.index(b"LOCAL") + 6
        (folder / name).write_bytes(source[:head] + bytes(v % 4 for v in source[head:]))
    rows = [
        {"path": "a.nii", "id": "a", "patient": "p", "view": "A4C", "spacing_row_mm": 0.4},
        {"path": "https://host/b.dcm", "id": "b", "view": "A2C", "ed_frame": "0;9"},
    ]
    table = pd.DataFrame(rows)
    table.to_csv(folder / "o.csv", index=False)
    table.to_parquet(folder / "p.parquet")
    (folder / "Info_4CH.cfg").write_text(
        "ED: 1\nES: 2\nNbFrame: 4\nSex: F\nAge: 50\nImageQuality: Good\nEF: 55\nFrameRate: 50\n"
    )
    (folder / "FileList.csv").write_text(
        "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split\nd,55,40,90,48,64,50,4,TEST\n"
    )
    (folder / "VolumeTracings.csv").write_text(
        "FileName,X1,Y1,X2,Y2,Frame\nd.avi,10,10,20,40,1\nd.avi,11,12,18,12,1\n"
        "d.avi,10,10,20,40,3\nd.avi,11,12,18,12,3\n"
    )
    return sorted(folder.iterdir())


def read_any(path: Path, images: Path) -> None:
    """Read a mutated file with the reader that its kind has.

    Args:
        path: The file.
        images: Folder of the sound images, for lists that belong to some.

    Raises:
        CardiacError: It is refused.
    """
    if path.suffix in (".parquet", ".csv") and path.stem in ("o", "p"):
        check_manifest(path)
        read_manifest(path)
    elif "_gt" in path.name:
        read_mask(path)
    elif path.name in ("Info_4CH.cfg", "FileList.csv", "VolumeTracings.csv"):
        _read_beside_images(path, images)
    else:
        read(path)


def _read_beside_images(path: Path, images: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        folder = Path(name)
        if path.suffix == ".cfg":
            shutil.copy(path, folder)
            for kind in ("half_sequence", "ED", "ES"):
                (folder / f"patient0001_4CH_{kind}.nii").symlink_to(images / "a.nii")
        else:
            (folder / "Videos").mkdir()
            (folder / "Videos" / "d.avi").symlink_to(images / "d.avi")
            for other in ("FileList.csv", "VolumeTracings.csv"):
                source = path if path.name == other else images.with_name("lists") / other
                shutil.copy(source, folder)
        for item in find_inputs([folder]):
            read_item(item)


def _write_itk(folder: Path, frames: np.ndarray) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(frames)
    image.SetSpacing((0.9, 0.9, 1.0))
    for name in ("c.nrrd", "c.gipl", "c.gipl.gz", "c.vtk", "cz.mha"):
        SimpleITK.WriteImage(image, str(folder / name), useCompression=name != "c.vtk")
    header = (
        "ObjectType = Image\nNDims = 3\nDimSize = 64 48 4\nElementType = MET_UCHAR\n"
        "UltrasoundImageOrientation = MNA\n"
        + "".join(f"Seq_Frame{i:04d}_Timestamp = {i / 50}\n" for i in range(4))
        + "ElementDataFile = LOCAL\n"
    )
    (folder / "t.igs.mha").write_bytes(header.encode() + frames.tobytes())


def _coded_frames(frames: np.ndarray, codec: str, pixel_format: str) -> list[bytes]:
    """Every frame coded by itself with one of FFmpeg's encoders."""
    from fractions import Fraction

    import av

    coded = []
    for frame in frames:
        context = av.CodecContext.create(codec, "w")
        context.height, context.width = frame.shape[:2]
        context.pix_fmt, context.time_base = pixel_format, Fraction(1, 25)
        image = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=pixel_format)
        image.pts, image.time_base = 0, Fraction(1, 25)
        packets = [*context.encode(image), *context.encode(None)]
        coded.append(b"".join(bytes(packet) for packet in packets))
    return coded


def _write_dicoms(folder: Path, frames: np.ndarray) -> None:
    import io

    from PIL import Image
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

    jpegs = []
    for plane in frames:
        packed = io.BytesIO()
        Image.fromarray(plane).save(packed, "JPEG")
        jpegs.append(packed.getvalue())
    rgb = np.repeat(frames[..., None], 3, axis=-1)
    lossless, near, video = (f"1.2.840.10008.1.2.4.{n}" for n in (70, 80, 102))
    movie = [(folder / "q.mov").read_bytes()]
    for name, syntax, coded, colour in (
        ("k.dcm", ExplicitVRLittleEndian, None, False),
        ("l.dcm", JPEGBaseline8Bit, jpegs, False),
        ("u.dcm", lossless, _coded_frames(rgb, "ljpeg", "bgr24"), True),
        ("v.dcm", near, _coded_frames(frames, "jpegls", "gray"), False),
        ("w.dcm", video, movie, True),
        ("x.dcm", ExplicitVRLittleEndian, None, True),
    ):
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.3.4"
        ds.Modality, ds.FrameTime, ds.PatientID = "US", "20", "x"
        ds.RWaveTimeVector, ds.WindowCenter, ds.WindowWidth = [0.0, 60.0], 100, 200
        ds.NumberOfFrames, ds.Rows, ds.Columns = frames.shape
        ds.SamplesPerPixel = 3 if colour else 1
        ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
        if colour:
            ds.PlanarConfiguration = 0
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit, ds.PixelRepresentation = 7, 0
        plain = rgb if colour else frames
        ds.PixelData = plain.tobytes() if coded is None else encapsulate(coded)
        if name == "x.dcm":  # half the chroma is left out
            ds.PhotometricInterpretation = "YBR_FULL_422"
            grey = np.full_like(frames[:, :, ::2], 128)
            quads = np.stack([frames[:, :, ::2], frames[:, :, 1::2], grey, grey], axis=-1)
            ds.PixelData = quads.tobytes()
        ds["PixelData"].VR = "OB"
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.save_as(folder / name, enforce_file_format=True)
        if name == "k.dcm":
            (folder / "IM_0001").write_bytes((folder / name).read_bytes()[132:])
            ds.compress(RLELossless)
            ds.save_as(folder / "m.dcm", enforce_file_format=True)


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Flip, overwrite, cut, repeat or drop parts; the head, where sizes stand, more often."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        reach = len(changed) if rng.random() < 0.5 else min(len(changed), 512)
        if not reach:
            break
        rng.choice(_MUTATIONS)(changed, rng.randrange(reach), rng)
    return bytes(changed)


def _flip(data: bytearray, at: int, rng: random.Random) -> None:
    data[at] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, at: int, rng: random.Random) -> None:
    width = rng.choice((1, 2, 4))
    value = rng.choice(_EXTREMES) & ((1 << 8 * width) - 1)
    data[at : at + width] = value.to_bytes(width, rng.choice(("little", "big")))


def _cut(data: bytearray, at: int, _rng: random.Random) -> None:
    del data[at:]


def _drop(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.randrange(1, 64)]


def _repeat(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = data[at : at + rng.randrange(1, 64)] * rng.choice((1, 2, 64))


_MUTATIONS: tuple[Callable[[bytearray, int, random.Random], None], ...] = (
    _flip,
    _flip,
    _overwrite,
    _overwrite,
    _cut,
    _drop,
    _repeat,
)


def mutant(seeds: list[Path], number: int) -> tuple[str, bytes]:
    """Name and bytes of a mutated file: the same for the same number."""
    rng = random.Random(number)
    seed = seeds[number % len(seeds)]
    name = seed.name if rng.random() < 0.95 else rng.choice(seeds).name  # a wrong ending
    return name, mutate(seed.read_bytes(), rng)


def _read_range(pipe: Connection, seeds: list[Path], folder: Path, start: int, stop: int) -> None:
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    images = seeds[0].parents[1] / "seeds"
    for number in range(start, stop):
        name, data = mutant(seeds, number)
        path = folder / name
        path.write_bytes(data)
        pipe.send(number)
        trouble = ""
        began = time.monotonic()
        try:
            read_any(path, images)
        except CardiacError:
            pass
        except BaseException as error:
            trouble = f"{type(error).__name__}: {error}"
        path.unlink()
        peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
        if time.monotonic() - began > LIMIT_S:
            trouble = f"took {time.monotonic() - began:.0f} s"
        if peak > LIMIT_MB:
            trouble = f"took {peak:.0f} MB"
        if trouble:
            pipe.send((number, trouble))
            if peak > LIMIT_MB:
                return
    pipe.send(None)


def all_seeds(folder: Path) -> list[Path]:
    """Sound files of every kind, images first."""
    images = make_seeds(folder / "seeds")
    return images + make_lists(folder / "lists", images)


def fuzz(folder: Path, count: int, first: int = 0) -> list[tuple[int, str]]:
    """Read mutated files in a process of their own; returns the numbers that made trouble."""
    seeds = all_seeds(folder)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    context = multiprocessing.get_context("spawn")
    found: list[tuple[int, str]] = []
    start, stop = first, first + count
    while start < stop:
        ours, theirs = context.Pipe(duplex=False)
        arguments = (theirs, seeds, scratch, start, stop)
        process = context.Process(target=_read_range, args=arguments, daemon=True)
        process.start()
        theirs.close()
        at, told = start - 1, False
        try:
            # The first file waits for the imports.
            while (news := _next(ours, 3 * LIMIT_S if at >= start else 120)) is not None:
                if isinstance(news, tuple):
                    found.append(news)
                    told = True
                else:
                    at, told = news, False
            at = stop
        except EOFError:
            process.join()
            if not told:
                found.append((at, f"the process died with code {process.exitcode}"))
        except TimeoutError:
            found.append((at, f"hung for more than {3 * LIMIT_S:.0f} s"))
        process.kill()
        process.join()
        start = at + 1
    return found


def _next(pipe: Connection, seconds: float) -> object:
    if not pipe.poll(seconds):
        raise TimeoutError
    return pipe.recv()


def main() -> None:
    """Mutate and read; exit code 1 if anything made trouble."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = fuzz(folder, given.count, given.first)
        for number, trouble in found:
            print(number, trouble)
            if given.keep is not None:
                file, data = mutant(all_seeds(folder), number)
                given.keep.mkdir(parents=True, exist_ok=True)
                (given.keep / f"{number}-{file}").write_bytes(data)
        shutil.rmtree(folder / "scratch", ignore_errors=True)
    print(f"{given.count} files, {len(found)} troubles, {time.monotonic() - began:.0f} s")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
