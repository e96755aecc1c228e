"""Single pictures (PNG, JPEG, BMP, TIFF) as cines of one frame, without pixel size."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cardiac.errors import UnreadableFileError
from cardiac.io.color import colored, luma, refuse_flow
from cardiac.io.pixels import check_file, check_not_constant, check_size, decoding, to_uint8
from cardiac.io.region import sector_region
from cardiac.sequence import EchoSequence, Storage

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
_GREY_MODES = ("1", "L", "I", "F", "I;16", "I;16B", "I;16L")


def read(path: Path) -> EchoSequence:
    """Read one picture.

    Raises:
        UnreadableFileError: Missing, truncated, not a picture.
        UnsupportedImageError: Colour Doppler.
        InvalidPixelsError: Blank, NaN, absurd size.
    """
    from PIL import Image, UnidentifiedImageError

    check_file(path)
    notes: tuple[str, ...] = ("no pixel size: a picture has none",)
    with decoding(path, "picture"):
        try:
            opened = Image.open(path, formats=_FORMATS)
        except UnidentifiedImageError:
            raise UnreadableFileError(
                "is not a PNG, JPEG, BMP or TIFF picture.",
                path=path,
                hint="Check that it is what its name says.",
            ) from None
        with opened as image:
            check_size((1, image.height, image.width), len(image.getbands()), path)
            image.load()
            grey = image.mode in _GREY_MODES
            pixels = np.asarray(image if grey else image.convert("RGB"))
            count = int(getattr(image, "n_frames", 1))
            if count > 1:
                notes += (f"the first of {count} pictures in the file",)
    if grey:
        frames, scaled = to_uint8(pixels[None], path)
        notes += scaled
    else:
        frames = luma(pixels)[None]
        check_not_constant(frames, path)
    region = sector_region(frames)
    if not grey:
        rows, columns = region.slices if region else (slice(None), slice(None))
        samples = pixels[None, rows, columns]
        refuse_flow(samples, colored(samples), path)
    if region is not None:
        notes += ("the ultrasound sector was found from the pixels",)
    return EchoSequence(
        frames=frames, region=region, source=path, storage=Storage("xyt"), notes=notes
    )
