"""``cardiac train uncertainty``: CRISP, the learned doubt and their calibration, with progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from cyclopts import Parameter

from cardiac.geometry import CANONICAL_SIZE, Mask
from cardiac.research.training.uncertainty import TrainUncertaintySettings
from cardiac.segmentation.segmenter import SegmentationSettings

if TYPE_CHECKING:
    from cardiac.research.training.uncertainty_examples import Examples
    from cardiac.segmentation.segmenter import Segmenter

Images = npt.NDArray[np.uint8]
HARDER = ("speckle", "shadow", "clutter", "blur", "gain", "dropout")
PICTURES = (
    "astronaut", "brick", "chelsea", "coffee", "coins", "grass", "gravel", "horse", "page",
    "rocket", "text", "clock_motion", "moon",
)  # fmt: skip
STRANGERS = 3000


def train_uncertainty(
    settings: Annotated[TrainUncertaintySettings, Parameter(name="*")],
    *,
    segmentation: Annotated[SegmentationSettings, Parameter(name="segmentation")] = (
        SegmentationSettings()  # noqa: B008
    ),
) -> int:
    """Train the uncertainty of a network on a CAMUS folder; an unfinished run is resumed.

    Args:
        settings: See configs/train_uncertainty.yaml.
        segmentation: The network whose errors are learnt.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console()
    with Progress(console=console) as progress:
        task = progress.add_task(
            "asking the network", total=settings.crisp_epochs + settings.fused_epochs
        )

        def show(row: dict[str, Any]) -> None:
            progress.update(task, advance=1, description=f"{row['stage']} loss {row['loss']:.3f}")

        path = make(settings, segmentation, show)
    console.print(f"weights: {path}\nlog: {settings.out / 'log.csv'}")
    return 0


def make(
    settings: TrainUncertaintySettings,
    segmentation: SegmentationSettings,
    show: Callable[[dict[str, Any]], None],
) -> Path:
    """Examples, training, calibration, file."""
    from cardiac.research.training.calibrate import calibrate
    from cardiac.research.training.conformal import with_misses
    from cardiac.research.training.ood_examples import strangers
    from cardiac.research.training.uncertainty import Training
    from cardiac.segmentation.segmenter import Segmenter
    from cardiac.shape.weights import SHIPPED as SHAPE
    from cardiac.shape.weights import load_shape_model
    from cardiac.uncertainty.hashes import file_hash
    from cardiac.uncertainty.weights import save

    if settings.threads:
        import torch

        torch.set_num_threads(settings.threads)
    segmenter, shape = Segmenter.load(segmentation), load_shape_model().model
    examples, names = answers(settings, segmenter)
    plain = examples.images[(examples.variant == 0) & ~examples.held]
    odd = strangers(plain, STRANGERS, pictures(), settings.seed)
    weights = replace(
        Training(settings, examples, odd, show).run(),
        segmentation_sha256=segmenter.weights.sha256,
        shape_sha256=file_hash(SHAPE),
    )
    held = examples[np.flatnonzero(examples.held)]
    weights = calibrate(weights, held, shape, ordinary=1 + settings.augmented, segmenter=segmenter)
    weights = with_misses(weights, examples, names, shape, settings.seed)
    return save(weights, settings.out / "uncertainty.safetensors")


def answers(settings: TrainUncertaintySettings, segmenter: Segmenter) -> tuple[Examples, list[str]]:
    """What the network says of the stills of ``train``, and the patients by number.

    The stills come as they are, augmented, and made harder.
    """
    from cardiac.research.data import canonical_arrays, labelled_stills, patients_of
    from cardiac.research.training.loop import held_out
    from cardiac.research.training.uncertainty_examples import make_examples

    patients = patients_of("train", settings.manifest)
    stills = list(labelled_stills(settings.data, patients))
    images, masks = canonical_arrays(iter(stills), CANONICAL_SIZE)
    examples = make_examples(
        images, masks, [s.patient for s in stills], held_out(patients, settings.holdout),
        segmenter.predictor, harden=harder, augmented=settings.augmented,
        hardened=settings.hardened, both=settings.both, augment=settings.augment,
        seed=settings.seed,
    )  # fmt: skip
    return examples, patients


def harder(images: Images, masks: Mask, seed: int) -> Images:
    """The images (n, S, S) of one patient with one to three of the corruptions, all alike."""
    from cardiac.research.phantom import PhantomCine, corrupt
    from cardiac.sequence import View

    rng = np.random.default_rng(seed)
    count = int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2]))
    chosen = rng.choice(HARDER, size=count, replace=False)
    grades = rng.integers(1, 4, size=count)
    requests = [f"{name}:{grade}" for name, grade in zip(chosen, grades, strict=True)]
    made = images
    for request in requests:
        # Only some frames lose contact: here each image is a clip of its own.
        parts = [images[i : i + 1] for i in range(len(images))] if "dropout" in request else [made]
        done = []
        for index, part in enumerate(parts):
            frames = made[index : index + 1] if len(parts) > 1 else part
            some = np.zeros(len(frames))
            cine = PhantomCine(
                frames=frames.copy(), masks=masks[: len(frames)].copy(), spacing=(1.0, 1.0),
                times=np.arange(len(frames)) / 3.0, view=View.A4C,
                landmarks=np.zeros((len(frames), 3, 2)), attributes={}, volumes_ml=some,
                ef_percent=0.0, ed_frames=(), es_frames=(), heart_rate_bpm=60.0, seed=seed,
            )  # fmt: skip
            done.append(corrupt(cine, request, seed).frames)
        made = np.concatenate(done)
    return np.asarray(made, dtype=np.uint8)


def pictures(names: Sequence[str] = PICTURES) -> list[Images]:
    """Grey photographs that come with scikit-image; some are left for the evaluation."""
    import skimage
    from skimage.color import rgb2gray
    from skimage.io import imread

    folder = Path(skimage.__file__).parent / "data"
    found = []
    for name in names:
        path = next((p for p in folder.glob(f"{name}.*") if p.suffix in (".png", ".jpg")), None)
        if path is None:
            continue
        image = imread(path)
        grey = rgb2gray(image[..., :3]) if image.ndim == 3 else image / max(1, image.max())
        found.append(np.asarray(np.rint(255 * grey), dtype=np.uint8))
    return found
