"""A denoising autoencoder of masks, in the manner of Post-DAE.

Source: Larrazabal et al., "Post-DAE: anatomically plausible segmentation via post-processing with
denoising autoencoders", IEEE TMI 39(12), 2020. Smaller than there, and on the share that
each class has of a pixel instead of one-hot masks, so that 64×64 pixels suffice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cardiac.geometry import Mask
from cardiac.labels import Label
from cardiac.research.benchmark.experts import SIZE, Experts
from cardiac.research.benchmark.method import Advance, Correction
from cardiac.research.benchmark.settings import AutoencoderSettings
from cardiac.research.benchmark.store import Arrays, kept
from cardiac.research.phantom.grades import GRADES
from cardiac.research.phantom.mask_corruptions import MASK_CORRUPTIONS, corrupt_masks
from cardiac.segmentation.segmenter import Segmentation, labels_on_image
from cardiac.sequence import EchoSequence

if TYPE_CHECKING:
    import torch

VERSION = 2
SIDE = SIZE // 2
FAILURES = tuple(name for name in MASK_CORRUPTIONS if name != "jump")
"""What it learns to undo; a jump cannot be seen in a single frame."""
_ROUNDS = 2


def build_network(code: int) -> torch.nn.Module:
    """Shares (N, 4, SIDE, SIDE) to logits of the same shape, through a code."""
    from torch import nn

    widths = (4, 16, 32, 64)
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Conv2d(a, b, 3, stride=2, padding=1), nn.BatchNorm2d(b), nn.LeakyReLU(0.1)]
    size = SIDE // 8
    layers += [nn.Flatten(), nn.Linear(64 * size**2, code), nn.LeakyReLU(0.1)]
    layers += [nn.Linear(code, 64 * size**2), nn.Unflatten(1, (64, size, size))]
    for a, b in ((64, 32), (32, 24)):
        layers += [nn.LeakyReLU(0.1), nn.Upsample(scale_factor=2)]
        layers += [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b)]
    # The last step up is made of channels: convolutions at full size would take most of the time.
    layers += [nn.LeakyReLU(0.1), nn.Conv2d(24, 16, 3, padding=1), nn.PixelShuffle(2)]
    return nn.Sequential(*layers)


def trained_autoencoder(
    experts: Experts, settings: AutoencoderSettings, advance: Advance
) -> Correction:
    """The autoencoder as a method, from the cache or trained and kept there."""
    import torch

    text = f"{VERSION} {experts.source} {settings.model_dump_json()}"
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = experts.cache / "benchmark" / f"autoencoder-{name}.npz"
    arrays = kept(path, lambda: train(experts.masks, settings, advance))
    network = build_network(settings.code)
    network.load_state_dict({k: torch.from_numpy(v) for k, v in arrays.items()})
    network.eval()

    def correct(masks: Mask, _: EchoSequence, segmentation: Segmentation) -> Mask:
        shares = replace(segmentation.grid, size=SIDE).label_fractions(masks)
        with torch.inference_mode(), _one_thread():
            logits = network(torch.from_numpy(shares)).numpy()
        return labels_on_image(logits, segmentation.grid)

    return correct


def train(masks: Mask, settings: AutoencoderSettings, advance: Advance) -> Arrays:
    """Weights of an autoencoder trained to undo failures of masks (N, SIZE, SIZE)."""
    import torch
    from torch import nn

    # The random state of the caller is left as it was.
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(settings.seed)
        network = build_network(settings.code)
        rng = np.random.default_rng(settings.seed)
        failed, whole = pool(masks, settings.seed)
        optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-3, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, settings.steps + 1
        )
        for step in range(settings.steps):
            chosen = rng.integers(len(failed), size=settings.batch_size)
            pair = np.stack([failed[chosen], whole[chosen % len(whole)]])
            x, y = _moved(torch.from_numpy(pair.astype(np.float32) / 4), rng)
            logits = network(x)
            loss = nn.functional.cross_entropy(logits, y) + _overlap_loss(logits.softmax(1), y)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            advance((step + 1) / settings.steps)
    return {k: v.numpy() for k, v in network.state_dict().items()}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small layers gain little from threads, lose much where cores are busy, and differ a bit."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def pool(masks: Mask, seed: int) -> tuple[Mask, Mask]:
    """Failed masks (2 N, 4, SIDE, SIDE) and whole ones (N, ...), as quarters of a pixel."""
    rng = np.random.default_rng(seed)
    rounds = []
    for turn in range(_ROUNDS):
        requests = [f"{name}:{rng.choice(GRADES)}" for name in FAILURES]
        rounds.append(_quarters(corrupt_masks(masks, requests, seed * _ROUNDS + turn)))
    return np.concatenate(rounds), _quarters(masks)


def _quarters(masks: Mask) -> Mask:
    """(N, 4, SIDE, SIDE) how many of the four pixels under each coarse one are of each class."""
    onehot = masks[:, None] == np.arange(len(Label))[:, None, None]
    blocks = onehot.reshape(len(masks), len(Label), SIDE, 2, SIDE, 2)
    return np.asarray(blocks.sum(axis=(3, 5)), np.uint8)


def _moved(pair: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Both members of (2, N, 4, H, W), turned, scaled and shifted alike."""
    import torch

    n = pair.shape[1]
    angle, size = rng.uniform(-0.25, 0.25, n), np.exp(rng.uniform(-0.2, 0.2, (2, n)))
    matrix = np.zeros((n, 2, 3), np.float32)
    matrix[:, 0, 0], matrix[:, 0, 1] = size[0] * np.cos(angle), -size[0] * np.sin(angle)
    matrix[:, 1, 0], matrix[:, 1, 1] = size[1] * np.sin(angle), size[1] * np.cos(angle)
    matrix[:, :, 2] = rng.uniform(-0.15, 0.15, (n, 2))
    grid = torch.nn.functional.affine_grid(
        torch.from_numpy(matrix), [n, 4, SIDE, SIDE], align_corners=False
    )
    out = []
    for shares in pair:
        # Without the background's channel, what comes in from outside is background.
        moved = torch.nn.functional.grid_sample(shares[:, 1:], grid, align_corners=False)
        out.append(torch.cat([1 - moved.sum(1, keepdim=True), moved], dim=1))
    return out[0], out[1]


def _overlap_loss(probabilities: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """One less the mean Dice of the structures."""
    p, y = probabilities[:, 1:], shares[:, 1:]
    both = (p * y).sum(dim=(0, 2, 3))
    return 1 - (2 * both / ((p**2).sum(dim=(0, 2, 3)) + (y**2).sum(dim=(0, 2, 3)) + 1e-6)).mean()
