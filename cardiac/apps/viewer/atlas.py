"""Where the hearts of a run lie in the latent space, and which of the experts' are near."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from cardiac.anatomy import ATTRIBUTE_TITLES, ATTRIBUTES
from cardiac.apps.viewer.review import Review
from cardiac.apps.viewer.serialize import frames
from cardiac.correction.fit import OutlineGrid
from cardiac.errors import CardiacError, NotFoundError
from cardiac.geometry import CANONICAL_SIZE
from cardiac.io.masks import read_mask
from cardiac.results import RunFolder
from cardiac.shape.bank import Bank
from cardiac.shape.explore import traverse
from cardiac.shape.outline import ATRIUM, BASE, EPI, WALL
from cardiac.shape.weights import ShapeBundle, load_shape_model
from cardiac.types import Array, Data

PHASES = ("ED", "ES")
COLOURS = {"ef": "lv_ef_percent", "uncertainty": "uncertainty"}
NEAREST = 5
STEPS = 7
EXPERTS_SHOWN = 400


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """Codes (D,) of one case, by phase; those that could not be had are missing."""

    frames: dict[str, int]
    codes: dict[str, Array]


class Atlas:
    """The codes of a run, found one case after the other in the background.

    Args:
        run: The run.
        review: Whose versions of the masks hold.
        busy: Whether somebody edits, who must not be made to wait.
    """

    def __init__(
        self, run: RunFolder, review: Review, busy: Callable[[], bool] = lambda: False
    ) -> None:
        self.run, self.review, self._busy = run, review, busy
        self._places: dict[str, Place] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @cached_property
    def shapes(self) -> ShapeBundle:
        """Shape model and bank."""
        return load_shape_model()

    @cached_property
    def plane(self) -> Plane:
        """Where codes are shown."""
        return Plane(self.shapes.model.density.codes)

    @cached_property
    def experts(self) -> Bank:
        """Codes of the experts' masks, to be searched."""
        return Bank(
            self.shapes.model.density.codes, self.shapes.bank.scale, self.shapes.model.signs
        )

    def start(self) -> None:
        """Begin to look at the cases, if nobody has."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Look at no more cases."""
        self._stop.set()

    def points(self) -> Data:
        """All places that are known by now, in the plane."""
        self.start()
        places = dict(self._places)
        found = []
        for row in self.run.rows:
            place = places.get(row["id"])
            for phase in PHASES if place else ():
                assert place is not None
                if phase not in place.codes:
                    continue
                x, y = self.plane.project(place.codes[phase][None])[0]
                found.append(
                    {
                        "id": row["id"],
                        "phase": phase,
                        "frame": place.frames[phase],
                        "x": round(float(x), 3),
                        "y": round(float(y), 3),
                        "view": row["view"],
                        "ef": _number(row.get("lv_ef_percent")),
                        "uncertainty": _number(row.get("uncertainty")),
                    }
                )
        wanted = sum(row["status"] == "ok" for row in self.run.rows)
        return {
            "points": found,
            "experts": self.plane.shown.round(2).tolist(),
            "ranges": {key: self._range(column) for key, column in COLOURS.items()},
            "explained": [round(float(share), 3) for share in self.plane.explained],
            "done": len(places),
            "total": wanted,
            "attributes": [{"key": name, "title": ATTRIBUTE_TITLES[name]} for name in ATTRIBUTES],
        }

    def _range(self, column: str) -> list[float] | None:
        """Least and largest number of a column over the run."""
        known = [float(row[column]) for row in self.run.rows if row.get(column)]
        return [min(known), max(known)] if known else None

    def near(self, name: str, phase: str) -> Data:
        """The outline of a case and the experts' nearest to it, nearest first.

        Raises:
            OutputError: The case has no code in this phase.
        """
        place = self._places.get(name) or self._find(name)
        if phase not in place.codes:
            raise NotFoundError("no heart's outline could be followed in this frame", path=name)
        code = place.codes[phase]
        codes, distance = self.experts.nearest(code, NEAREST)
        model = self.shapes.model
        outlines = model.outlines(np.vstack([code[None], codes[0]]))
        return {
            "frame": place.frames[phase],
            "box": _box(outlines),
            "shapes": [
                {"paths": _paths(outline), "distance": round(float(d), 2)}
                for outline, d in zip(outlines, [0.0, *distance[0]], strict=True)
            ],
        }

    def traverse(self, dimension: str) -> Data:
        """Shapes with one attribute from low to high.

        Raises:
            SettingsError: There is no such dimension.
        """
        return _sheet(dimension, self.shapes)

    def _work(self) -> None:
        for row in self.run.rows:
            while self._busy() and not self._stop.is_set():
                time.sleep(0.2)
            if self._stop.is_set():
                return
            if row["status"] == "ok" and row["id"] not in self._places:
                try:
                    self._find(row["id"])
                except CardiacError:
                    self._places[row["id"]] = Place({}, {})

    def _find(self, name: str) -> Place:
        row = self.run.by_id.get(name)
        if row is None or row["status"] != "ok":
            raise NotFoundError("there is no such case", path=name)
        masks, geometry = read_mask(self.review.mask_path(name))
        canvas = OutlineGrid((masks.shape[1], masks.shape[2]), geometry.spacing)
        chosen = {
            phase: found[0]
            for phase, key in zip(PHASES, ("ed_frames", "es_frames"), strict=True)
            if (found := [t for t in frames(row.get(key)) if t < len(masks)])
        }
        codes = {}
        if chosen:
            encoded = self.shapes.model.encode(
                canvas.canonical.nearest_labels(masks[list(chosen.values())])
            )
            codes = {phase: encoded.mean[k] for k, phase in enumerate(chosen) if encoded.found[k]}
        place = Place(chosen, codes)
        self._places[name] = place
        return place


class Plane:
    """The two directions along which the experts' codes differ most.

    Principal components of the experts' codes, each dimension in its own standard
    deviations: the same plane for every run, so that runs can be compared.

    Args:
        codes: (n, D) of the experts.

    Attributes:
        explained: (2,) share of the variance along each direction.
        shown: (m, 2) some of the experts.
    """

    def __init__(self, codes: Array) -> None:
        self._mean, self._sd = codes.mean(axis=0), codes.std(axis=0)
        whitened = (codes - self._mean) / self._sd
        _, size, axes = np.linalg.svd(whitened, full_matrices=False)
        # The sign of a component is arbitrary: its largest share is made positive.
        signs = np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])
        self._axes = axes[:2] * signs[:, None]
        self.explained = size[:2] ** 2 / (size**2).sum()
        self.shown = self.project(codes[:: max(1, len(codes) // EXPERTS_SHOWN)])

    def project(self, codes: Array) -> Array:
        """(N, 2) places of codes (N, D)."""
        return np.asarray((codes - self._mean) / self._sd @ self._axes.T)


@lru_cache(maxsize=16)
def _sheet(dimension: str, shapes: ShapeBundle) -> Data:
    model = shapes.model
    found = traverse(model, dimension, steps=STEPS)
    outlines = model.outlines(found.codes)
    at = ATTRIBUTES.index(dimension) if dimension in ATTRIBUTES else None
    return {
        "title": ATTRIBUTE_TITLES.get(dimension, f"dimension {dimension}"),
        "box": _box(outlines),
        "shapes": [
            {
                "paths": _paths(outline),
                "value": None if at is None else round(float(found.attributes[k, at]), 1),
                "sd": None if at is None else round(float(found.codes[k, at]), 2),
                "valid": bool(found.valid[k]),
            }
            for k, outline in enumerate(outlines)
        ],
        "unit": "°" if dimension == "lv_orientation" else _pixels(dimension),
    }


def _pixels(dimension: str) -> str:
    unit = "px²" if dimension.endswith("area") else "px"
    return f"{unit} of a {CANONICAL_SIZE}-pixel image"


def _paths(outline: Array) -> dict[str, list[float]]:
    """Closed lines as x, y, x, y, ... of an outline (POINTS, 2)."""
    lines = {
        "epi": np.vstack([outline[EPI], outline[BASE]]),
        "la": np.vstack([outline[ATRIUM], outline[BASE]]),
        "lv": np.vstack([outline[WALL], outline[BASE]]),
    }
    return {key: line[:, ::-1].round(1).ravel().tolist() for key, line in lines.items()}


def _box(outlines: Array) -> list[float]:
    """Left, top, width and height around outlines, with a margin."""
    points = outlines[:, : ATRIUM.stop].reshape(-1, 2)
    low, high = points.min(axis=0) - 6, points.max(axis=0) + 6
    return [round(float(v), 1) for v in (low[1], low[0], high[1] - low[1], high[0] - low[0])]


def _number(text: str | None) -> float | None:
    return float(text) if text else None
