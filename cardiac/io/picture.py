"""Pictures (PNG, JPEG, BMP, TIFF, WebP, GIF): stills, and stacks and animations as cines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnreadableFileError
from cardiac.io.color import ColorSampler, colored, refuse_flow
from cardiac.io.orientation import displayed, turn_of_exif
from cardiac.io.pixels import check_file, check_not_constant, check_size, decoding, to_uint8
from cardiac.io.region import sector_region
from cardiac.sequence import EchoSequence, Storage

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF")
_GREY_MODES = ("1", "L", "I", "F", "I;16", "I;16B", "I;16L")
_EXIF_ORIENTATION = 0x0112


def read(path: Path) -> EchoSequence:
    """Read a picture, or a stack or animation of pictures of one size as a cine.

    It is read as a viewer shows it: turned by EXIF, and with square pixels where its
    resolutions across and down differ. An animation tells its times; a delay of 0 says that
    they are unknown. ImageJ's frame interval is read from a TIFF stack.

    Raises:
        UnreadableFileError: Missing, truncated, not a picture.
        UnsupportedImageError: Colour Doppler.
        InvalidPixelsError: Blank, NaN, absurd size, or pictures of several sizes.
    """
    check_file(path)
    notes: tuple[str, ...] = ("no pixel size: a picture has none",)
    with decoding(path, "picture"), _opened(path) as image:
        count = int(getattr(image, "n_frames", 1))
        channels = len(image.getbands())
        check_size((count, image.height, image.width), channels, path)
        turn = turn_of_exif(int(image.getexif().get(_EXIF_ORIENTATION, 1) or 1))
        aspect = _pixel_aspect(image.info)
        interval = _imagej_interval(image, count)
        values, samples, delays = _decode(image, count, path)
    if samples is None:
        frames, scaled = to_uint8(values, path)
        notes += scaled
    else:
        frames = values
        check_not_constant(frames, path)
    times, note = _times(delays, interval, count)
    sequence = displayed(
        EchoSequence(
            frames=frames, times=times, source=path, storage=Storage("xyt"), notes=notes + note
        ),
        turn,
        aspect,
    )
    region = sector_region(sequence.frames)
    if samples is not None:
        if region is not None and samples.shape[1:3] == sequence.shape and not turn:
            samples = samples[:, region.slices[0], region.slices[1]]
        refuse_flow(samples, colored(samples), path)
    if region is None:
        return sequence
    return sequence.replace(
        region=region, notes=(*sequence.notes, "the ultrasound sector was found from the pixels")
    )


def _opened(path: Path) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(path, formats=_FORMATS)
    except UnidentifiedImageError:
        raise UnreadableFileError(
            "is not a PNG, JPEG, BMP, TIFF, WebP or GIF picture.",
            path=path,
            hint="Check that it is what its name says.",
        ) from None


def _decode(
    image: Any, count: int, path: Path
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8] | None, list[float]]:
    """Pixels (T, H, W), a few of them in colour or None where there is none, and delays in ms."""
    size, planes, delays = image.size, [], []
    grey = True
    sampler = ColorSampler()
    for number in range(count):
        image.seek(number)
        image.load()
        if image.size != size:
            raise InvalidPixelsError(
                f"holds pictures of {size[1]} × {size[0]} and {image.height} × {image.width} "
                "pixels: not one cine.",
                path=path,
                hint="Save the picture you want as a file of its own.",
            )
        grey = grey and image.mode in _GREY_MODES
        if grey:
            planes.append(np.array(image))
        else:
            planes = [np.asarray(p, dtype=np.uint8) for p in planes]
            planes.append(sampler.add(np.asarray(image.convert("RGB"))))
        delays.append(float(image.info.get("duration") or 0))
    return np.stack(planes), None if grey else sampler.frames, delays


def _pixel_aspect(info: dict[str, Any]) -> float:
    """Width of a pixel over its height, from the resolutions that the picture states."""
    density = info.get("jfif_density") or info.get("aspect") or info.get("dpi")
    if not isinstance(density, tuple) or len(density) != 2:
        return 1.0
    across, down = (float(n) for n in density)
    return down / across if across > 0 and down > 0 else 1.0


def _imagej_interval(image: Any, count: int) -> float | None:
    """Seconds between the pictures of an ImageJ stack, or None."""
    words = str(getattr(image, "tag_v2", {}).get(270, ""))
    match = re.search(r"^finterval=([\d.eE+-]+)\s*$", words, re.MULTILINE)
    if count < 2 or not words.startswith("ImageJ") or match is None:
        return None
    try:
        interval = float(match[1])
    except ValueError:
        return None
    return interval if 0.0005 <= interval <= 0.5 else None


def _times(
    delays: list[float], interval: float | None, count: int
) -> tuple[npt.NDArray[np.float64] | None, tuple[str, ...]]:
    if count < 2:
        return None, ()
    if interval is not None:
        return interval * np.arange(count, dtype=np.float64), (
            "frame times from the frame interval of the stack",
        )
    if min(delays) > 0:
        times = np.concatenate([[0.0], np.cumsum(delays[:-1])]) / 1000
        return times, ("frame times from the animation: playback may differ from acquisition",)
    return None, (f"no frame times: the file holds {count} pictures without them",)
