"""Everything that the page of one case shows, in one small file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import cardiac
from cardiac.geometry import Mask
from cardiac.io.files import replacing
from cardiac.report.display import Display
from cardiac.report.page.curves import curves, latent, numbers
from cardiac.report.page.images import (
    SIZES,
    THUMB,
    TYPE,
    encode_cine,
    encode_map,
    frames_shown,
    shape_within,
    webp,
)
from cardiac.report.page.lines import STRUCTURES, outlines
from cardiac.report.page.verdicts import certificate_table, index_table, verdict
from cardiac.results import layout
from cardiac.types import BoolArray, Data

if TYPE_CHECKING:
    from cardiac.study import Study

VERSION = 1
MOST_BYTES = 2_800_000
"""Characters that a case may take; the cine is made as coarse as it must be."""
LEAST_CINE = 400_000
_FINE, _COARSE, _LONG = 3.0, 5.0, 120


def write_case(folder: Path, study: Study, name: str) -> list[Path]:
    """Write ``report/<name>.json`` and a thumbnail, ``report/<name>.webp``.

    Neither names the patient or the file: who it is about is in the tables.

    Raises:
        OutputError: They cannot be written.
    """
    files = [layout.case_file(folder, name), layout.thumbnail_file(folder, name)]
    for path, content in zip(
        files, (as_json(case_data(study, name)).encode("ascii"), thumbnail(study)), strict=True
    ):
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return files


def as_json(data: Any) -> str:
    """JSON that can stand inside a page: ASCII, and no character that markup is made of."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def case_data(study: Study, name: str) -> Data:
    """What the page of a case shows: images, outlines, curves, tables.

    Args:
        study: A processed sequence.
        name: Its id.
    """
    sequence, indices = study.sequence, study.indices
    display = Display.of(sequence, 1)
    shown = frames_shown(len(sequence), (*indices.ed_frames, *indices.es_frames))
    words = {
        "version": VERSION,
        "software": cardiac.__version__,
        "id": name,
        "view": str(sequence.view),
        "frames": len(sequence),
        "times": None if sequence.times is None else numbers(sequence.times - sequence.times[0], 6),
        "shown": shown,
        "ed": list(indices.ed_frames),
        "es": list(indices.es_frames),
        "curves": curves(
            study.certificate,
            study.before,
            None if study.uncertainty is None else study.uncertainty.scores,
        ),
        "latent": latent(sequence.shape, sequence.spacing, study.certificate, study.before),
        "certificate": certificate_table(study.certificate, study.before),
        "indices": index_table(indices, study.assessment.intervals if study.assessment else None),
        "verdict": verdict(study.assessment, study.uncertainty),
    }
    pictures = _map(study, shown, display) | {"structures": _structures()}
    room = MOST_BYTES - len(as_json(words)) - len(as_json(pictures))
    return words | pictures | _cine(study, shown, display, room)


def _map(study: Study, shown: list[int], display: Display) -> Data:
    if study.uncertainty is None:
        return {"map": None}
    side = max(shape_within(display.shape, SIZES[0].side))
    images, size = encode_map(study.uncertainty.levels, shown, display, side)
    method = study.uncertainty.method
    return {"map": {"type": TYPE, "size": size, "images": images, "method": method}}


def _cine(study: Study, shown: list[int], display: Display, room: int) -> Data:
    """Images and the outlines on them; the outlines are made once the size is known."""
    step = _FINE if len(shown) <= _LONG else _COARSE
    size = shape_within(display.shape, SIZES[0].side)
    layers = _layers(study, shown, display, size, step)
    room = max(LEAST_CINE, room - len(as_json(layers)))
    images, actual = encode_cine(study.sequence.frames, shown, display, room)
    pixel = None if display.pixel_mm is None else display.pixel_mm * display.shape[1] / size[1]
    return {
        "size": size,
        "pixel_mm": None if pixel is None else round(pixel, 5),
        "cine": {"type": TYPE, "size": actual, "images": images},
        "layers": layers,
    }


def _layers(
    study: Study, shown: list[int], display: Display, size: tuple[int, int], step: float
) -> list[Data]:
    """Outlines of the written masks, and of the network's where those were kept."""

    def lines(masks: Mask, skip: BoolArray) -> list[Any]:
        return [None if skip[t] else outlines(masks[t], display, size, step) for t in shown]

    nothing = np.zeros(len(study.masks), dtype=bool)
    corrected = study.before is not None
    title = "corrected" if corrected else "network, cleaned" if study.settings.clean else "network"
    layers = [{"key": "written", "title": title, "lines": lines(study.masks, nothing)}]
    if corrected:
        raw = study.network_masks
        # None stands for the written outline: most frames of a good cine are kept.
        same = (raw == study.masks).all(axis=(1, 2))
        layers.append({"key": "network", "title": "network", "lines": lines(raw, same)})
    return layers


def _structures() -> list[Data]:
    return [
        {"key": key, "title": title, "color": "#{:02x}{:02x}{:02x}".format(*label.color)}
        for key, title, label, _ in STRUCTURES
    ]


def thumbnail(study: Study) -> bytes:
    """The first end-diastole with the written outlines, as a small WebP."""
    from PIL import Image, ImageDraw

    sequence = study.sequence
    display = Display.of(sequence, 1)
    frame = study.indices.ed_frame or 0
    size = shape_within(display.shape, 2 * THUMB)
    image = Image.fromarray(display.image(sequence.frames[frame]))
    picture = image.resize((size[1], size[0]), Image.Resampling.LANCZOS).convert("RGB")
    pen = ImageDraw.Draw(picture)
    found = outlines(study.masks[frame], display, size, _FINE)
    for key, _, label, _ in STRUCTURES:
        for path in found[key]:
            points = np.cumsum(np.array(path).reshape(-1, 2), axis=0) / 10 - 0.5
            ring = [*map(tuple, points.tolist()), tuple(points[0].tolist())]
            pen.line(ring, fill=label.color, width=2)
    half = shape_within(display.shape, THUMB)
    return webp(picture.resize((half[1], half[0]), Image.Resampling.LANCZOS), 75)
