"""Examples to learn doubt from: what the network says of stills, as they are and made harder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiac.geometry import FloatArray, Mask
from cardiac.research.training.augment import Augmenter, AugmentSettings, label_shares, normalize
from cardiac.uncertainty.grid import SIDE

Images = npt.NDArray[np.uint8]
Predict = Callable[[FloatArray], FloatArray]
Harden = Callable[[Images, Mask, int], Images]
"""Images (n, S, S) of one patient, their masks, and a seed, to harder images."""
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Examples:
    """N answers of the network with the experts' labels, on the canonical grid's half.

    Attributes:
        images: (N, h, w) grey levels.
        logits: (N, 4, h, w) float16.
        truth: (N, h, w) labels.
        still: (N,) number of the still; two of one patient follow each other, ED first.
        patient: (N,) number of the patient.
        variant: (N,) 0 for the still as it is.
        held: (N,) whether the patient was kept from all training.
        whole: (N, 2h, 2w) the images at full size, for methods that ask the network again.
    """

    images: Images
    logits: npt.NDArray[np.float16]
    truth: Mask
    still: npt.NDArray[np.intp]
    patient: npt.NDArray[np.intp]
    variant: npt.NDArray[np.intp]
    held: npt.NDArray[np.bool_]
    whole: Images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: npt.NDArray[np.generic]) -> Examples:
        return Examples(**{name: value[index] for name, value in vars(self).items()})

    def labels_of(self, chosen: npt.NDArray[np.intp]) -> Mask:
        """(n, h, w) the network's own labels of some of them."""
        return np.asarray(self.logits[chosen].argmax(axis=1), dtype=np.uint8)


def make_examples(
    images: Images,
    masks: Mask,
    patients: Sequence[str],
    held: set[str],
    predict: Predict,
    *,
    harden: Harden | None = None,
    augmented: int = 3,
    hardened: int = 3,
    both: int = 0,
    augment: AugmentSettings | None = None,
    seed: int = 0,
) -> Examples:
    """Ask the network about every still, as it is, augmented, and made harder.

    Args:
        images, masks: (n, S, S) stills on the canonical grid.
        patients: (n,) whose they are.
        held: Patients kept from all training.
        predict: Logits of normalised images (N, 1, S, S).
        harden: Makes images harder without moving the heart.
        augmented, hardened, both: Variants of each kind, in this order.
        augment: Strength of the augmentation.
        seed: Source of all randomness.
    """
    numbers = {name: index for index, name in enumerate(dict.fromkeys(patients))}
    patient = np.array([numbers[name] for name in patients])
    out = np.array([name in held for name in patients])
    if harden is None:
        hardened = both = 0
    parts = []
    for variant in range(1 + augmented + hardened + both):
        seen, labels = images, masks
        own = seed * 1009 + variant
        if 1 <= variant <= augmented or variant > augmented + hardened:
            seen, labels = _augmented(images, masks, augment, own)
        if variant > augmented and harden is not None:
            seen = _hardened(seen, labels, patient, harden, own)
        count = len(images)
        parts.append(
            Examples(
                _half(seen),
                _asked(seen, predict),
                _half_labels(labels),
                np.arange(count),
                patient,
                np.full(count, variant),
                out,
                seen,
            )
        )
    return Examples(
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in vars(parts[0])}
    )


def _hardened(
    images: Images, labels: Mask, patient: npt.NDArray[np.intp], harden: Harden, seed: int
) -> Images:
    """Images made harder patient by patient; labels may be of half the size."""
    step = images.shape[-1] // labels.shape[-1]
    masks = np.repeat(np.repeat(labels, step, axis=1), step, axis=2)
    seen = images.copy()
    for number in np.unique(patient):
        mine = patient == number
        seen[mine] = harden(images[mine], masks[mine], seed * 1009 + int(number))
    return seen


def _augmented(
    images: Images, masks: Mask, settings: AugmentSettings | None, seed: int
) -> tuple[Images, Mask]:
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


def _asked(images: Images, predict: Predict) -> npt.NDArray[np.float16]:
    import torch

    found = np.empty((len(images), 4, SIDE, SIDE), dtype=np.float16)
    for start in range(0, len(images), _BATCH):
        part = slice(start, start + _BATCH)
        x = normalize(torch.from_numpy(images[part])[:, None].float() / 255)
        found[part] = predict(x.numpy())
    return found


def _half(images: Images) -> Images:
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
