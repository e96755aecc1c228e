"""Video frames (YUV 4:2:0) with image, outlines and a footer that names the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiac.geometry import FloatArray, Mask
from cardiac.report.display import Display
from cardiac.report.outlines import Stroke, names, outline

if TYPE_CHECKING:
    from av import VideoFrame
    from PIL.ImageFont import FreeTypeFont, ImageFont

Bytes = npt.NDArray[np.uint8]

TINT = (204, 121, 167)
"""Reddish purple of the Okabe-Ito palette, for uncertainty."""

TINT_STRENGTH = 0.6
"""Opacity of that tint where the uncertainty is 1."""
_MIN_WIDTH = 320
_ROW = 22
_BLACK, _NEUTRAL = 16, 128
_GREY = (170, 170, 170)
_LIMITED = bytes(round(16 + 219 * level / 255) for level in range(256))
"""Grey levels 0 to 255 in the 16 to 235 of video."""


class Canvas:
    """Draws the frames of one video.

    Args:
        display: How the cine is laid out.
        remark: Last words of the footer.
        tinted: The footer also explains the tint of uncertainty.
    """

    def __init__(self, display: Display, remark: str, tinted: bool = False) -> None:
        from av.video.reformatter import VideoReformatter

        self.display = display
        height, width = display.size
        wide = max(width, _MIN_WIDTH)
        wide += wide % 2
        top = height + height % 2
        below = footer(wide, remark, tinted)
        self.left = (wide - width) // 4 * 2
        self.size = (top + below.shape[0], wide)
        self._planes = [
            np.full((self.size[0], wide), _BLACK, np.uint8),
            np.full((self.size[0] // 2, wide // 2), _NEUTRAL, np.uint8),
            np.full((self.size[0] // 2, wide // 2), _NEUTRAL, np.uint8),
        ]
        for plane, part in zip(self._planes, _to_yuv(below), strict=True):
            plane[-part.shape[0] :] = part
        self._reformatter = VideoReformatter()

    def draw(self, frame: Bytes, mask: Mask, uncertainty: FloatArray | None = None) -> VideoFrame:
        """Make the (height, width) video frame of one (H, W) image and its mask."""
        import av

        result = av.VideoFrame(self.size[1], self.size[0], "yuv420p")
        planes = [_view(plane) for plane in result.planes]
        for plane, blank in zip(planes, self._planes, strict=True):
            plane[:, : blank.shape[1]] = blank
        height, width = self.display.size
        image = self.display.image(frame)
        # A table on the small image is cheaper than the scaler's own change of range.
        limited = np.frombuffer(image.tobytes().translate(_LIMITED), np.uint8)
        grey = self._magnified(limited.reshape(image.shape), (height, width))
        planes[0][:height, self.left : self.left + width] = grey
        if uncertainty is not None:
            self._tint(planes, uncertainty)
        strokes = outline(self.display.labels(mask), self.display.scale)
        for stroke in strokes:
            self._stroke(planes, stroke)
        return result

    def _stroke(self, planes: list[Bytes], stroke: Stroke) -> None:
        luma, *chroma = _yuv(stroke.label.color)
        rows, columns = stroke.rows, stroke.columns + np.int32(self.left)
        luma_pitch, chroma_pitch = (np.int32(plane.shape[1]) for plane in planes[:2])
        _blend(planes[0].reshape(-1), rows * luma_pitch + columns, stroke.alpha, luma)
        position = (rows >> 1) * chroma_pitch + (columns >> 1)
        first = position.min()
        cover = np.bincount(position - first, stroke.alpha)
        touched = np.flatnonzero(cover > 0)
        # Twice the mean coverage of the four pixels: a line two pixels wide keeps its colour.
        alpha = np.minimum(cover[touched] / 2, 1).astype(np.float32)
        for plane, value in zip(planes[1:], chroma, strict=True):
            _blend(plane.reshape(-1), touched + first, alpha, value)

    def _tint(self, planes: list[Bytes], uncertainty: FloatArray) -> None:
        level = np.nan_to_num(np.clip(uncertainty, 0, 1)) * (255 * TINT_STRENGTH)
        small = self.display.labels(level.astype(np.uint8))
        height, width = self.display.size
        # Chroma samples start at even columns of the picture.
        for plane, value, step in zip(planes, _yuv(TINT), (1, 2, 2), strict=True):
            size = (height // step, width // step)
            alpha = self._magnified(small, size).astype(np.float32) / 255
            left = self.left // step
            part = plane[: size[0], left : left + size[1]]
            part[:] = (part + alpha * (value - part) + 0.5).astype(np.uint8)

    def _magnified(self, image: Bytes, size: tuple[int, int]) -> Bytes:
        """Resample (h, w) bytes to ``size``."""
        import av
        from av.video.reformatter import Interpolation

        source = av.VideoFrame.from_ndarray(image, format="gray")
        plane = self._reformatter.reformat(
            source, width=size[1], height=size[0], interpolation=Interpolation.BICUBIC
        ).planes[0]
        return _view(plane)[: size[0], : size[1]]


def _view(plane: Any) -> Bytes:
    """The bytes of a video plane, writable, with what the encoder keeps beyond each row."""
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height]


def _blend(flat: Bytes, index: npt.NDArray[np.integer], alpha: FloatArray, value: float) -> None:
    under = flat.take(index)
    flat[index] = (under + alpha * (np.float32(value) - under) + np.float32(0.5)).astype(np.uint8)


def _yuv(color: Any) -> tuple[Any, Any, Any]:
    """Y, Cb and Cr in video range, by ITU-R BT.601, of red, green and blue (numbers or planes)."""
    red, green, blue = (channel / 255 for channel in color)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402


def _to_yuv(rgb: Bytes) -> tuple[Bytes, Bytes, Bytes]:
    """Planes of an RGB picture with an even number of rows and columns."""
    luma, cb, cr = _yuv(np.moveaxis(rgb.astype(np.float32), -1, 0))
    halves = [
        chroma.reshape(chroma.shape[0] // 2, 2, chroma.shape[1] // 2, 2).mean(axis=(1, 3))
        for chroma in (cb, cr)
    ]
    planes = [np.asarray(np.round(plane), dtype=np.uint8) for plane in (luma, *halves)]
    return planes[0], planes[1], planes[2]


def footer(width: int, remark: str, tinted: bool) -> Bytes:
    """Rows of text under the image: the colours by name, then the remark; (h, width, 3)."""
    from PIL import Image, ImageDraw

    entries: list[tuple[tuple[int, int, int] | None, str]] = [
        (label.color, name) for label, name in names()
    ]
    if tinted:
        entries.append((TINT, "uncertain"))
    sample, gap, margin = 18, 14, 8
    picture = Image.new("RGB", (width, 2 * _ROW + 4))
    pen = ImageDraw.Draw(picture)
    text = "".join(name for _, name in entries)
    fixed = len(entries) * (sample + 5 + gap) + 2 * margin
    font = _font(text, width - fixed)
    x, y = float(margin), _ROW // 2 + 2
    for color, name in entries:
        pen.line([(x, y), (x + sample, y)], fill=color, width=3)
        x += sample + 5
        pen.text((x, y), name, fill=color, font=font, anchor="lm")
        x += pen.textlength(name, font=font) + gap
    font = _font(remark, width - 2 * margin)
    pen.text((margin, y + _ROW - 2), remark, fill=_GREY, font=font, anchor="lm")
    return np.asarray(picture)


def _font(text: str, room: float) -> FreeTypeFont | ImageFont:
    """The largest font, up to 14 pixels, in which a text fits its room."""
    from PIL import ImageFont

    for size in range(14, 7, -1):
        font = ImageFont.load_default(size)
        if font.getlength(text) <= room:
            break
    return font
