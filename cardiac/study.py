"""Study: everything that is known of one processed sequence, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cardiac.states import Triage

if TYPE_CHECKING:
    from cardiac.clinical import Indices
    from cardiac.correction.certificate import Certificate
    from cardiac.geometry import Mask
    from cardiac.reasons import Reason
    from cardiac.segmentation.view import ViewEstimate
    from cardiac.sequence import EchoSequence
    from cardiac.settings import ProcessSettings
    from cardiac.uncertainty.intervals import Intervals
    from cardiac.uncertainty.result import Uncertainty


@dataclass(frozen=True, eq=False, slots=True)
class Assessment:
    """How far the numbers of a sequence can be trusted.

    Attributes:
        triage: What a reader should do with the sequence.
        triage_reasons: Why, the most critical first.
        intervals: Of the indices; None where the models for them are not of this network.
    """

    triage: Triage
    triage_reasons: tuple[Reason, ...] = ()
    intervals: Intervals | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """One processed sequence: results, and nothing that computes or writes.

    Attributes:
        sequence: What was read.
        masks: (T, H, W) uint8 labels after the correction: what is written.
        network_masks: (T, H, W) labels as the network gave them; ``masks`` itself where they
            were not corrected.
        certificate: Every criterion and attribute of ``masks`` against its bound, and what the
            correction did to every frame.
        before: Certificate of the network's masks; None where they were not corrected.
        indices: Clinical indices measured on ``masks``.
        settings: How the sequence was processed.
        uncertainty: Of ``masks``, pixel by pixel and frame by frame; None if not asked for.
        assessment: Triage and intervals; None if not asked for.
        shown: What the view network says of the picture; None if not asked for.
    """

    sequence: EchoSequence
    masks: Mask
    network_masks: Mask
    certificate: Certificate
    before: Certificate | None
    indices: Indices
    settings: ProcessSettings
    uncertainty: Uncertainty | None = None
    assessment: Assessment | None = field(default=None)
    shown: ViewEstimate | None = None

    @property
    def name(self) -> str:
        """Stem of its files: the source's name without its endings."""
        from cardiac.io.registry import stem

        return stem(self.sequence.source) if self.sequence.source else "sequence"

    def __repr__(self) -> str:
        """A few lines: size, EF with its interval, certificate and triage with their reasons."""
        frames, height, width = self.masks.shape
        lines = [f"Study of {self.name}: {frames} frames of {height}×{width}, {self.sequence.view}"]
        ef = self.indices.lv_ef_percent
        if ef is not None:
            lines.append(f"  EF {ef:.0f} %{self._interval('lv_ef_percent')}")
        certificate = self.certificate
        why = f": {certificate.reason}" if certificate.reason else ""
        lines.append(f"  {'certified' if certificate.certified else f'not certified{why}'}")
        if self.assessment is not None:
            told = "; ".join(map(str, self.assessment.triage_reasons))
            lines.append(f"  triage {self.assessment.triage}{f': {told}' if told else ''}")
        return "\n".join(lines)

    def _interval(self, name: str) -> str:
        intervals = self.assessment.intervals if self.assessment else None
        bounds = intervals.bounds.get(name) if intervals else None
        return "" if bounds is None else f" ({bounds[0]:.0f} to {bounds[1]:.0f})"
