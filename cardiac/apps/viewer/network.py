"""The network's own outlines, before correction, as the report of the run keeps them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from cardiac.results import layout


def network_lines(
    folder: Path, name: str, count: int, size: tuple[int, int]
) -> list[dict[str, list[list[int]]] | None] | None:
    """Outlines of every frame for an image of this size; None where the report has none.

    Args:
        folder: Of the run.
        name: Id of the case, which must be one of the run's.
        count: Number of frames.
        size: (h, w) of the image that the lines are for.
    """
    try:
        told = json.loads(layout.case_file(folder, name).read_text("ascii"))
        layers = {layer["key"]: layer["lines"] for layer in told["layers"]}
        scale = size[1] / told["size"][1]
        found: list[dict[str, list[list[int]]] | None] = [None] * count
        for place, t in enumerate(told["shown"]):
            # None stands for the written outline, which the network's is in most frames.
            lines = layers["network"][place] or layers["written"][place]
            found[t] = {
                key: [_scaled(path, scale) for path in paths] for key, paths in lines.items()
            }
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None
    return found


def _scaled(path: list[Any], scale: float) -> list[int]:
    """A packed polyline (first point, then steps) on a grid that is finer by a factor."""
    points = np.array(path, dtype=float).reshape(-1, 2).cumsum(axis=0)
    tenths = np.rint(points * scale).astype(int)
    return [int(v) for v in np.concatenate([tenths[:1], np.diff(tenths, axis=0)]).ravel()]
