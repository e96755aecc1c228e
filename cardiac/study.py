"""Everything known about one processed sequence, and the one way to get there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from cardiac.clinical.volumes import Convention
from cardiac.segmentation.segmenter import Segmentation, SegmentationSettings, Segmenter
from cardiac.sequence import EchoSequence

if TYPE_CHECKING:
    from cardiac.anatomy import Attributes
    from cardiac.clinical import Indices
    from cardiac.geometry import Mask
    from cardiac.io import InputItem


class ProcessSettings(BaseModel):
    """Settings of the main job.

    Attributes:
        convention: How discs are stacked: ase, or camus-legacy as in much public code.
        clean: Remove islands and fill holes of the network's masks.
        pictures: Write a picture of every sequence.
        videos: Write a video of every sequence.
        segmentation: How the network runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    convention: Convention = Convention.ASE
    clean: bool = True
    pictures: bool = True
    videos: bool = True
    segmentation: SegmentationSettings = SegmentationSettings()


@dataclass(frozen=True, eq=False)
class Study:
    """One processed sequence.

    Attributes:
        sequence: What was read.
        segmentation: What the network said: its scores on the canonical grid.
        masks: (T, H, W) labels that are written.
        settings: How it was processed.
    """

    sequence: EchoSequence
    segmentation: Segmentation
    masks: Mask
    settings: ProcessSettings

    @cached_property
    def attributes(self) -> Attributes:
        """Areas, lengths and angles of every frame."""
        from cardiac.anatomy import measure

        return measure(self.masks, self.sequence.spacing)

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
        from cardiac.outputs import save_study, study_name, write_tables

        folder, name = Path(folder), name or study_name(self)
        files = save_study(self, folder, name)
        return files + write_tables(folder, [self.index_row(name)], self.frame_rows(name))

    def index_row(self, name: str, item: InputItem | None = None) -> dict[str, object]:
        """The sequence's row of ``indices.csv``."""
        from cardiac.outputs import index_row

        return index_row(self, name, item)

    def frame_rows(self, name: str) -> list[dict[str, object]]:
        """The sequence's rows of ``frames.csv``."""
        from cardiac.outputs import frame_rows

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
    from cardiac.correction.repair import remove_debris
    from cardiac.io import read

    settings = settings or ProcessSettings()
    sequence = source if isinstance(source, EchoSequence) else read(source)
    segmenter = models or Segmenter.load(settings.segmentation)
    segmentation = segmenter.segment(sequence)
    if settings.clean:
        # In place: the raw masks of a long cine weigh as much as the cine, and the
        # segmentation keeps the scores they came from.
        remove_debris(segmentation.masks, copy=False)
    return Study(sequence, segmentation, segmentation.masks, settings)
