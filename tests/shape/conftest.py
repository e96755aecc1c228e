"""A small shape model, trained in seconds on hearts that never were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cardiac.research.training.shape import fit
from cardiac.research.training.shape_data import TrainingShapes, shapes_of
from cardiac.research.training.shape_settings import TrainShapeSettings
from cardiac.shape.settings import ShapeSettings
from cardiac.shape.weights import ShapeBundle, load_shape_model
from tests.shapes import Apical


def random_hearts(count: int, seed: int) -> np.ndarray:
    """(count, 256, 256) label maps of hearts of many sizes, places and tilts."""
    rng = np.random.default_rng(seed)
    masks = []
    for _ in range(count):
        half_width = rng.uniform(16, 28)
        heart = Apical(
            length=rng.uniform(55, 90),
            half_width=half_width,
            thickness=rng.uniform(7, 13),
            tilt=rng.uniform(-20, 30),
            annulus=(rng.uniform(105, 125), rng.uniform(70, 100)),
            atrium=(rng.uniform(25, 45), half_width * rng.uniform(0.7, 0.95)),
        )
        masks.append(heart.mask())
    return np.stack(masks)


@pytest.fixture(scope="session")
def hearts() -> np.ndarray:
    """Hearts that the model has not seen."""
    return random_hearts(24, seed=1)


@pytest.fixture(scope="session")
def shapes() -> TrainingShapes:
    """What the model is trained on."""
    masks = random_hearts(120, seed=0)
    return shapes_of(masks, np.arange(120) % 2, [f"heart {i // 2}" for i in range(120)])


SETTINGS = TrainShapeSettings(
    data=Path(),
    epochs=30,
    batch_size=40,
    draws=100,
    threads=1,
    network=ShapeSettings(dimensions=16, components=24, width=16),
)


@pytest.fixture(scope="session")
def trained(shapes: TrainingShapes, tmp_path_factory: pytest.TempPathFactory) -> ShapeBundle:
    """Model and bank, as read from their file."""
    out = tmp_path_factory.mktemp("shape")
    return load_shape_model(fit(SETTINGS.model_copy(update={"out": out}), shapes))


def dice(first: np.ndarray, second: np.ndarray) -> float:
    """Overlap of two regions."""
    return 2 * (first & second).sum() / max(1, first.sum() + second.sum())
