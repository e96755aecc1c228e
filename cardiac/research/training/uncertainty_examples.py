"""Training examples of the uncertainty: the network's answers to stills, plain and made harder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiac.geometry import Mask
from cardiac.research.training.augment import Augmenter, AugmentSettings, label_shares
from cardiac.segmentation.normalise import normalise_each
from cardiac.sequence import View
from cardiac.types import Array32, ByteArray
from cardiac.uncertainty.method_input import SIDE

if TYPE_CHECKING:
    from cardiac.research.phantom import PhantomCine

Predict = Callable[[Array32], Array32]
Harden = Callable[[ByteArray, Mask, int], ByteArray]
"""ByteArray (n, S, S) of one patient, their masks, and a seed, to harder images."""
HARDER = ("speckle", "shadow", "clutter", "blur", "gain", "dropout")
"""Corruptions of a phantom that hide the heart without moving it."""
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Examples:
    """N answers of the network with the experts' labels, on the canonical grid's half.

    Attributes:
        images: (N, h, w) grey levels.
        logits: (N, 4, h, w) float16.
        truth: (N, h, w) labels.
        patient: (N,) number of the patient.
        variant: (N,) 0 for the still as it is.
        whole: (N, 2h, 2w) the images at full size, for methods that ask the network again;
            None where they are not kept.
    """

    images: ByteArray
    logits: npt.NDArray[np.float16]
    truth: Mask
    patient: npt.NDArray[np.intp]
    variant: npt.NDArray[np.intp]
    whole: ByteArray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: npt.NDArray[np.generic]) -> Examples:
        parts: dict[str, Any] = {
            name: None if v is None else v[index] for name, v in vars(self).items()
        }
        return Examples(**parts)

    def labels_of(self, chosen: npt.NDArray[np.intp]) -> Mask:
        """(n, h, w) the network's own labels of some of them."""
        return np.asarray(self.logits[chosen].argmax(axis=1), dtype=np.uint8)


def make_examples(
    images: ByteArray,
    masks: Mask,
    patients: Sequence[str],
    views: Sequence[str],
    predict: Predict,
    *,
    harden: Harden | None = None,
    augmented: int = 2,
    hardened: int = 2,
    augment: AugmentSettings | None = None,
    whole: bool = False,
    seed: int = 0,
) -> Examples:
    """Ask the network about every still: as it is, augmented, and made harder.

    Half of the stills of every variant but the first are mirrored: many laboratories display
    the heart that way round.

    Args:
        images, masks: (n, S, S) stills on the canonical grid.
        patients, views: (n,) whose they are, and of which view; two stills of one patient and
            view are a clip, which is made harder and mirrored as a whole.
        predict: Logits of normalised images (N, 1, S, S).
        harden: Makes images harder without moving the heart.
        augmented, hardened: Variants of each kind, in this order.
        augment: Strength of the augmentation.
        whole: Whether the images are kept at full size.
        seed: Source of all randomness.
    """
    numbers = {name: index for index, name in enumerate(dict.fromkeys(patients))}
    patient = np.array([numbers[name] for name in patients])
    clips = list(zip(patients, views, strict=True))
    clip_numbers = {name: index for index, name in enumerate(dict.fromkeys(clips))}
    clip = np.array([clip_numbers[name] for name in clips])
    count, parts = len(images), []
    for variant in range(1 + augmented + (hardened if harden else 0)):
        own = seed * 1009 + variant
        seen, labels = images, masks
        if 0 < variant <= augmented:
            seen, labels = _augmented(images, masks, augment, own)
        elif variant > augmented and harden is not None:
            seen, labels = _mirrored(images, masks, clip, own)
            seen = _hardened(seen, labels, clip, harden, own)
        parts.append(
            Examples(
                _half(seen),
                _predicted(seen, predict),
                _half_labels(labels),
                patient,
                np.full(count, variant),
                seen if whole else None,
            )
        )
    joined = {
        name: np.concatenate([getattr(p, name) for p in parts])
        for name, value in vars(parts[0]).items()
        if value is not None
    }
    return Examples(**joined)


def corrupted(images: ByteArray, masks: Mask, seed: int) -> ByteArray:
    """The images (n, S, S) of one patient with one to three of the corruptions, all alike.

    Args:
        images: Grey levels.
        masks: (n, S, S) labels; shadows and clutter lie where the heart is.
        seed: Source of all randomness.
    """
    from cardiac.research.phantom import corrupt

    rng = np.random.default_rng(seed)
    count = int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2]))
    chosen = rng.choice(HARDER, size=count, replace=False)
    grades = rng.integers(1, 4, size=count)
    made = images
    for name, grade in zip(chosen, grades, strict=True):
        request = f"{name}:{grade}"
        # Only some frames of a clip lose contact: here each image is a clip of its own.
        size = 1 if name == "dropout" else len(made)
        parts = [slice(start, start + size) for start in range(0, len(made), size)]
        made = np.concatenate(
            [corrupt(_clip(made[part], masks[part]), request, seed).frames for part in parts]
        )
    return np.asarray(made, dtype=np.uint8)


def _clip(images: ByteArray, masks: Mask) -> PhantomCine:
    """ByteArray as a cine of which the corruptions need frames and masks only."""
    from cardiac.research.phantom import PhantomCine

    nothing = np.zeros(len(images))
    return PhantomCine(
        frames=images.copy(), masks=masks.copy(), spacing=(1.0, 1.0),
        times=np.arange(len(images)) / 3, view=View.A4C,
        landmarks=np.zeros((len(images), 3, 2)), attributes={}, volumes_ml=nothing,
        ef_percent=0.0, ed_frames=(), es_frames=(), heart_rate_bpm=60.0, seed=0,
    )  # fmt: skip


def _mirrored(
    images: ByteArray, masks: Mask, clip: npt.NDArray[np.intp], seed: int
) -> tuple[ByteArray, Mask]:
    """Half of the clips, drawn by lot, left to right, and their masks."""
    flip = np.random.default_rng((seed, 7)).random(int(clip.max()) + 1)[clip] < 0.5
    images, masks = images.copy(), masks.copy()
    images[flip], masks[flip] = images[flip, :, ::-1], masks[flip, :, ::-1]
    return images, masks


def _hardened(
    images: ByteArray, masks: Mask, clip: npt.NDArray[np.intp], harden: Harden, seed: int
) -> ByteArray:
    """Images made harder clip by clip."""
    seen = images.copy()
    for number in np.unique(clip):
        mine = clip == number
        seen[mine] = harden(images[mine], masks[mine], seed * 1009 + int(number))
    return seen


def _augmented(
    images: ByteArray, masks: Mask, settings: AugmentSettings | None, seed: int
) -> tuple[ByteArray, Mask]:
    """Images (n, S, S) and labels moved and changed as in training, labels at half the size."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    change = Augmenter(settings or AugmentSettings(), images.shape[-1], generator)
    seen, labels = np.empty_like(images), []
    for start in range(0, len(images), _BATCH):
        part = slice(start, start + _BATCH)
        x = torch.from_numpy(images[part])[:, None].float() / 255
        x, shares = change(x, torch.from_numpy(masks[part])[:, None].float())
        seen[part] = np.rint(x[:, 0].numpy() * 255)
        labels.append(shares.argmax(1).numpy().astype(np.uint8))
    return seen, np.concatenate(labels)


def _predicted(images: ByteArray, predict: Predict) -> npt.NDArray[np.float16]:
    import torch

    found = np.empty((len(images), 4, SIDE, SIDE), dtype=np.float16)
    for start in range(0, len(images), _BATCH):
        part = slice(start, start + _BATCH)
        found[part] = predict(normalise_each(torch.from_numpy(images[part])[:, None]).numpy())
    return found


def _half(images: ByteArray) -> ByteArray:
    n, side = len(images), images.shape[-1] // 2
    blocks = images.reshape(n, side, 2, side, 2).astype(np.uint16)
    return np.asarray((blocks.sum(axis=(2, 4)) + 2) // 4, dtype=np.uint8)


def _half_labels(masks: Mask) -> Mask:
    import torch

    if masks.shape[-1] == SIDE:
        return masks
    shares = [
        label_shares(torch.from_numpy(masks[i : i + _BATCH])).argmax(1).numpy()
        for i in range(0, len(masks), _BATCH)
    ]
    return np.concatenate(shares).astype(np.uint8)
