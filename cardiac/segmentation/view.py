"""Which apical view a cine shows, and which way round, with a calibrated probability."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from cardiac.errors import WeightsError
from cardiac.reasons import Reason
from cardiac.segmentation.view_network import (
    CLASSES,
    FLIPPED,
    VIEW_SIZE,
    ViewClass,
    ViewNetworkSettings,
    build_view_network,
)
from cardiac.sequence import EchoSequence, View
from cardiac.states import Triage, ViewSource
from cardiac.types import Array, Array32, ByteArray

if TYPE_CHECKING:
    import torch

VIEW_WEIGHTS = Path(__file__).parent.parent / "weights" / "view.safetensors"
FRAMES = 8
"""Frames of a cine that are looked at."""
TOLD, SURE = 0.8, 0.95
"""Probability from which on the picture tells a view that nobody states, and contradicts one."""


@dataclass(frozen=True, eq=False)
class ViewEstimate:
    """What a cine shows.

    Attributes:
        probabilities: (5,) of ``CLASSES``, pooled over the frames; they sum to 1.
        frames: (n,) the frames that were looked at.
        frame_probabilities: (n, 5) of each of them.
    """

    probabilities: Array
    frames: npt.NDArray[np.intp]
    frame_probabilities: Array

    @property
    def view(self) -> View:
        """The likeliest view; unknown where it is none of the apical ones we measure."""
        by_view = self._by_view()
        return max(by_view, key=lambda view: by_view[view])

    @property
    def probability(self) -> float:
        """Probability of :attr:`view`, its two sides together."""
        return self._by_view()[self.view]

    def probability_of(self, view: View) -> float:
        """Probability that the cine shows this view; of what is neither A4C nor A2C, together."""
        return self._by_view()[view if view in (View.A4C, View.A2C) else View.UNKNOWN]

    @property
    def mirrored(self) -> bool | None:
        """Whether it is the other way round than in CAMUS; None where it is no apical view."""
        if self.view is View.UNKNOWN:
            return None
        p = dict(zip(CLASSES, self.probabilities, strict=True))
        return bool(p[ViewClass(f"{self.view} mirrored")] > p[ViewClass(str(self.view))])

    def _by_view(self) -> dict[View, float]:
        p = [float(x) for x in self.probabilities]
        return {View.A4C: p[0] + p[1], View.A2C: p[2] + p[3], View.UNKNOWN: p[4]}


class ViewClassifier:
    """The trained view network, loaded once.

    It looks at every picture and at its mirror image, so that a mirrored cine gets the same
    probabilities with the sides exchanged, to the last digit.
    """

    def __init__(self, network: torch.nn.Module, temperature: float) -> None:
        self.network, self.temperature = network, temperature

    @classmethod
    def load(cls, path: Path = VIEW_WEIGHTS) -> ViewClassifier:
        """Load the weights.

        Raises:
            WeightsError: They are missing or of another model.
        """
        return _load(path)

    def classify(self, images: ByteArray) -> ViewEstimate:
        """Look at some frames of a cine.

        Args:
            images: (T, S, S) uint8 on the canonical grid.
        """
        frames = np.unique(np.linspace(0, len(images) - 1, min(len(images), FRAMES)).astype(int))
        logits = self.logits(np.stack([view_picture(images[frame]) for frame in frames]))
        return ViewEstimate(_softmax(logits.mean(axis=0)), frames, _softmax(logits))

    def logits(self, pictures: ByteArray) -> Array:
        """(N, 5) calibrated logits of pictures (N, 80, 80)."""
        import torch

        x = torch.from_numpy(normalized(pictures))[:, None]
        with torch.inference_mode():
            both = self.network(torch.cat([x, x.flip(-1)])).double().numpy()
        straight, turned = both[: len(pictures)], both[len(pictures) :]
        return np.asarray((straight + turned[:, FLIPPED]) / (2 * self.temperature))


def classify_view(sequence: EchoSequence) -> ViewEstimate:
    """Look at some frames of a sequence with the shipped network.

    Raises:
        WeightsError: The weights are missing.
    """
    chosen = np.unique(np.linspace(0, len(sequence) - 1, min(len(sequence), FRAMES)).astype(int))
    planes = np.rint(sequence.grid.to_canonical(sequence.frames[chosen])).astype(np.uint8)
    found = ViewClassifier.load().classify(planes)
    return ViewEstimate(found.probabilities, chosen, found.frame_probabilities)


def with_view(sequence: EchoSequence, shown: ViewEstimate) -> EchoSequence:
    """The sequence with the view that its picture shows, where nothing else tells it."""
    if sequence.view is not View.UNKNOWN or shown.view is View.UNKNOWN:
        return sequence
    if shown.probability < TOLD:
        return sequence
    note = f"view from the picture (probability {shown.probability:.2f})"
    return sequence.replace(
        view=shown.view, view_source=ViewSource.IMAGE, notes=(*sequence.notes, note)
    )


def view_reason(sequence: EchoSequence, shown: ViewEstimate) -> tuple[Triage, Reason] | None:
    """What the picture says against the view that a sequence is taken for, and how grave it is.

    A stated view is never overruled in silence: where the picture contradicts it a person looks.
    """
    name = "no apical view" if shown.view is View.UNKNOWN else str(shown.view)
    told = f"(probability {shown.probability:.2f})"
    if sequence.view is View.UNKNOWN:
        if shown.view is View.UNKNOWN and shown.probability >= SURE:
            text = f"the picture shows no apical four- or two-chamber view {told}"
            return Triage.REJECT, Reason("other_view", text)
        if shown.probability < TOLD or shown.view is View.UNKNOWN:
            text = "the view is not stated, and the picture does not tell it for sure"
            return Triage.REVIEW, Reason("view_unsure", text)
    elif shown.view is not sequence.view and shown.probability >= SURE:
        text = f"the view is stated as {sequence.view}, but the picture shows {name} {told}"
        return Triage.REVIEW, Reason("view_contradicted", text)
    return None


def view_picture(image: ByteArray) -> ByteArray:
    """A canonical image (S, S) as the network sees it, (80, 80)."""
    return np.asarray(cv2.resize(image, (VIEW_SIZE, VIEW_SIZE), interpolation=cv2.INTER_AREA))


def normalized(pictures: ByteArray) -> Array32:
    """(N, 80, 80) float32: mean 0 and deviation 1 over what is not black."""
    x = pictures.astype(np.float32)
    lit = pictures > 1
    count = np.maximum(lit.sum(axis=(1, 2), keepdims=True), 1)
    mean = (x * lit).sum(axis=(1, 2), keepdims=True) / count
    variance = ((x - mean) ** 2 * lit).sum(axis=(1, 2), keepdims=True) / count
    return np.asarray((x - mean) / np.sqrt(variance + 25), dtype=np.float32)


def _softmax(logits: Array) -> Array:
    exponential = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponential / exponential.sum(axis=-1, keepdims=True))


@lru_cache(maxsize=4)
def _load(path: Path) -> ViewClassifier:
    import torch

    from cardiac.io.files import read_tensors

    stored = read_tensors(
        path, "the weights of the view network cannot be read", "Install the package again."
    )
    metadata, tensors = stored.metadata, stored.tensors
    if "view_network" not in metadata:
        raise WeightsError("these are not the weights of a view network", path=path)
    network = build_view_network(ViewNetworkSettings.model_validate_json(metadata["view_network"]))
    expected = network.state_dict()
    if set(expected) != set(tensors):
        raise WeightsError("the weights do not fit the view network", path=path)
    state = {
        name: torch.from_numpy(np.array(value)).to(expected[name].dtype)
        for name, value in tensors.items()
    }
    network.load_state_dict(state)
    return ViewClassifier(network.eval(), float(metadata["temperature"]))
