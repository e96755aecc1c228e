"""Everything known about one processed sequence, and the one way to get there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from cardiac.clinical.volumes import Convention
from cardiac.segmentation.segmenter import Segmentation, SegmentationSettings, Segmenter
from cardiac.sequence import EchoSequence
from cardiac.uncertainty.settings import Method, UncertaintySettings

if TYPE_CHECKING:
    from cardiac.anatomy import Attributes
    from cardiac.assessment import Assessment
    from cardiac.clinical import Indices
    from cardiac.correction.certificate import Certificate
    from cardiac.geometry import Mask
    from cardiac.io import InputItem
    from cardiac.types import Array
    from cardiac.uncertainty import Estimator, Uncertainty


class ProcessSettings(BaseModel):
    """Settings of the main job.

    Attributes:
        convention: How discs are stacked: ase, or camus-legacy as in much public code.
        correct: Bring the network's masks to the nearest that are anatomically valid and steady in
            time, and certify them.
        profile: Bounds of the anatomical criteria: published, or camus, which is wider.
        assess: Estimate uncertainty, intervals of the indices and the traffic light.
        fill: Before the correction, draw doubtful frames as the most likely heart behind what
            can be trusted of them.
        clean: Without correction, remove islands and fill holes of the network's masks.
        pictures: Write a picture of every sequence.
        videos: Write a video of every sequence.
        report: Write what the report shows of every sequence.
        segmentation: How the network runs.
        uncertainty: How uncertainty is estimated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    convention: Convention = Convention.ASE
    correct: bool = True
    profile: Literal["published", "camus"] = "published"
    assess: bool = True
    fill: bool = False
    clean: bool = True
    pictures: bool = True
    videos: bool = True
    report: bool = True
    segmentation: SegmentationSettings = SegmentationSettings()
    uncertainty: UncertaintySettings = UncertaintySettings()


@dataclass(frozen=True, eq=False)
class Study:
    """One processed sequence.

    Attributes:
        sequence: What was read.
        segmentation: What the network said: its scores on the canonical grid.
        masks: (T, H, W) labels that are written.
        certificate: Every criterion and attribute of ``masks`` against its bound, and what the
            correction did to every frame.
        settings: How it was processed.
        uncertainty: Of ``masks``, pixel by pixel and frame by frame; None if not asked for.
        before: Certificate of the network's own masks; None if they were not corrected.
    """

    sequence: EchoSequence
    segmentation: Segmentation
    masks: Mask
    certificate: Certificate
    settings: ProcessSettings
    uncertainty: Uncertainty | None = None
    estimator: Estimator | None = field(default=None, repr=False)
    before: Certificate | None = None

    @property
    def attributes(self) -> Attributes:
        """Areas, lengths and angles of every frame."""
        return self.certificate.attributes

    @cached_property
    def indices(self) -> Indices:
        """Clinical indices of the sequence."""
        from cardiac.clinical import sequence_indices

        return sequence_indices(
            self.sequence,
            self.masks,
            convention=self.settings.convention,
            attributes=self.attributes,
        )

    @cached_property
    def assessment(self) -> Assessment | None:
        """Intervals of the indices and the traffic light; None if not asked for."""
        from cardiac.assessment import assess

        if self.estimator is None or self.uncertainty is None:
            return None
        return assess(
            self.estimator,
            self.uncertainty,
            self.masks,
            self.indices,
            self.certificate,
            view=self.sequence.view,
        )

    def save(self, folder: str | Path, name: str | None = None) -> list[Path]:
        """Write mask, tables and pictures as ``cardiac process`` does.

        Args:
            folder: Where; made if it does not exist.
            name: Stem of the files; the source's name without its endings by default.

        Returns:
            The files written.

        Raises:
            OutputError: The folder cannot be written to.
        """
        from cardiac.results import save_study, study_name, write_tables

        folder, name = Path(folder), name or study_name(self)
        files = save_study(self, folder, name)
        files += write_tables(folder, [self.index_row(name)], self.frame_rows(name))
        if self.settings.report:
            from cardiac.report.page import write_report

            files += write_report(folder)
        return files

    def index_row(self, name: str, item: InputItem | None = None) -> dict[str, object]:
        """The sequence's row of ``indices.csv``."""
        from cardiac.results import index_row

        return index_row(self, name, item)

    def frame_rows(self, name: str) -> list[dict[str, object]]:
        """The sequence's rows of ``frames.csv``."""
        from cardiac.results import frame_rows

        return frame_rows(self, name)


def process(
    source: EchoSequence | str | Path,
    models: Segmenter | None = None,
    settings: ProcessSettings | None = None,
) -> Study:
    """Segment and measure one sequence: the whole way in one call.

    Args:
        source: A file, a CAMUS patient folder, or a sequence already read.
        models: Loaded models, to process many sequences with; loaded here otherwise.
        settings: How to process.

    Raises:
        CardiacError: The source cannot be used; the message says why.
    """
    from cardiac.io import read

    settings = settings or ProcessSettings()
    sequence = source if isinstance(source, EchoSequence) else read(source)
    segmenter = models or Segmenter.load(settings.segmentation)
    segmentation = segmenter.segment(sequence)
    if not settings.assess:
        masks, certificate, before = _certified(sequence, segmentation, settings)
        return Study(sequence, segmentation, masks, certificate, settings, before=before)
    from cardiac.assessment import estimator_for
    from cardiac.uncertainty import Estimator
    from cardiac.uncertainty.trust import frame_weights

    # What the network doubts itself tells its frames apart, and costs next to nothing.
    doubt = Estimator(UncertaintySettings(method=Method.ENTROPY))
    weights = frame_weights(doubt.estimate(sequence, segmentation, segmentation.masks))
    estimator = estimator_for(settings.uncertainty, segmenter)
    if settings.fill and settings.correct and estimator.weights is not None:
        masks, certificate, before = _filled(sequence, segmentation, settings, weights, estimator)
    else:
        masks, certificate, before = _certified(sequence, segmentation, settings, weights)
    uncertainty = estimator.estimate(sequence, segmentation, masks)
    return Study(
        sequence, segmentation, masks, certificate, settings, uncertainty, estimator, before
    )


def _filled(
    sequence: EchoSequence,
    segmentation: Segmentation,
    settings: ProcessSettings,
    weights: Array,
    estimator: Estimator,
) -> tuple[Mask, Certificate, Certificate]:
    """As `_certified`, but doubtful frames are first drawn anew by the latent space."""
    from cardiac.anatomy import load_profile
    from cardiac.correction.certificate import certify
    from cardiac.uncertainty.fill import fill_in, told_against

    network, profile = segmentation.masks, load_profile(settings.profile)
    before = certify(
        network, sequence.spacing, sequence.frame_interval_s, profile=profile, atrium=True
    )
    filled, drawn = fill_in(sequence, segmentation, estimator)
    start = replace(segmentation, masks=filled)
    masks, certificate, _ = _certified(sequence, start, settings, weights)
    return masks, told_against(certificate, network, masks, drawn, sequence), before


def _certified(
    sequence: EchoSequence,
    segmentation: Segmentation,
    settings: ProcessSettings,
    weights: Array | None = None,
) -> tuple[Mask, Certificate, Certificate | None]:
    """Masks to write, their certificate, and that of the masks before the correction.

    Args:
        sequence: What was read.
        segmentation: What the network said of it.
        settings: Whether and to which bounds to correct.
        weights: (T,) how far each frame is to be believed.
    """
    from cardiac.anatomy import load_profile
    from cardiac.correction import correct_masks, remove_debris
    from cardiac.correction.certificate import certify

    raw, profile = segmentation.masks, load_profile(settings.profile)
    spacing, interval = sequence.spacing, sequence.frame_interval_s
    if settings.correct:
        correction = correct_masks(
            raw, spacing, interval, weights=weights, profile=profile, atrium=True
        )
        return correction.masks, correction.after, correction.before
    if settings.clean:
        # In place: the raw masks of a long cine weigh as much as the cine, and the
        # segmentation keeps the scores they came from.
        remove_debris(raw, copy=False)
    return raw, certify(raw, spacing, interval, profile=profile, atrium=True), None
