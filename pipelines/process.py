"""``cardiac process``: every input on its own, one failure never another's."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cardiac.errors import CardiacError, OutputError, SettingsError
from cardiac.study import ProcessSettings, Study, process
from pipelines.run_record import write_run_record

if TYPE_CHECKING:
    from cardiac.clinical import Indices
    from cardiac.io import InputItem
    from cardiac.segmentation.segmenter import Segmenter
    from cardiac.sequence import EchoSequence

log = logging.getLogger(__name__)


def process_command(
    inputs: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path,
    settings: Annotated[ProcessSettings, Parameter(name="*")] = ProcessSettings(),  # noqa: B008
) -> int:
    """Segment apical echo cines and write masks, clinical indices and pictures.

    Args:
        inputs: Files, folders or manifest CSVs.
        out: Folder for the results.
        settings: See configs/process.yaml.
    """
    from pipelines.screen import print_summary, progress_bar

    job = ProcessJob(out, settings)
    items = job.find(inputs)
    with progress_bar(len(items)) as advance:
        for case in job.run(items):
            advance(case)
    job.finish()
    print_summary(job.cases, out)
    return job.exit_code


@dataclass(frozen=True, eq=False)
class Case:
    """What became of one input: its rows, and its indices or the reason why there are none."""

    item: InputItem
    index_row: dict[str, object]
    frame_rows: list[dict[str, object]] = field(default_factory=list)
    indices: Indices | None = None
    bsa_m2: float | None = None
    error: CardiacError | None = None
    frames: int = 0
    seconds: float = 0.0


class ProcessJob:
    """One run over many inputs: reading, the network and writing overlap.

    Args:
        out: Folder for the results; made if it does not exist.
        settings: How to process.
        segmenter: The network, if it is loaded already.

    Raises:
        OutputError: The folder cannot be made or written to.
    """

    def __init__(
        self, out: Path, settings: ProcessSettings, segmenter: Segmenter | None = None
    ) -> None:
        self.out = out
        self.settings = settings
        self.cases: list[Case] = []
        self.started = datetime.now(UTC)
        self.segmenter = segmenter
        check_folder(out)

    @property
    def exit_code(self) -> int:
        """0: all done; 1: some inputs failed; 3: none failed, but some lack a certificate."""
        if any(case.error is not None for case in self.cases):
            return 1
        if not self.settings.correct:
            return 0
        return 0 if all(case.index_row["certified"] for case in self.cases) else 3

    def find(self, inputs: list[Path]) -> list[InputItem]:
        """What there is to process.

        Raises:
            SettingsError: Nothing at all.
        """
        from cardiac.io import find_inputs

        items = find_inputs(inputs)
        if not items:
            raise SettingsError(
                "no echo image was found in " + ", ".join(map(str, inputs)),
                hint="Name files, folders that hold some, or a manifest CSV with a column path.",
            )
        return items

    def run(self, items: list[InputItem]) -> Iterator[Case]:
        """Process every item, in order. At most three sequences are in memory at a time."""
        from cardiac.io import read_item
        from cardiac.segmentation.segmenter import Segmenter

        self.segmenter = self.segmenter or Segmenter.load(self.settings.segmentation)
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
            reading = reader.submit(read_item, items[0])
            saving: Future[Case] | None = None
            for item, following in zip(items, [*items[1:], None], strict=True):
                started = time.perf_counter()
                current = reading
                study, error = self._segment(current)
                if following is not None:
                    reading = reader.submit(read_item, following)
                if saving is not None:
                    yield self._keep(saving.result())
                saving = writer.submit(self._save, item, study, error, started)
            if saving is not None:
                yield self._keep(saving.result())

    def _segment(self, reading: Future[EchoSequence]) -> tuple[Study | None, CardiacError | None]:
        try:
            return process(reading.result(), self.segmenter, self.settings), None
        except CardiacError as error:
            return None, error
        except Exception as error:
            log.exception("a case failed in a way that was not foreseen")
            return None, unforeseen(error)

    def _save(
        self, item: InputItem, study: Study | None, error: CardiacError | None, started: float
    ) -> Case:
        from cardiac.outputs import failed_row, save_study

        if study is not None:
            try:
                save_study(study, self.out, item.id)
                return Case(
                    item,
                    study.index_row(item.id, item),
                    study.frame_rows(item.id),
                    study.indices,
                    study.sequence.subject.bsa_m2,
                    frames=len(study.masks),
                    seconds=time.perf_counter() - started,
                )
            except CardiacError as failure:
                error = failure
            except Exception as failure:
                log.exception("a case failed in a way that was not foreseen")
                error = unforeseen(failure)
        assert error is not None
        seconds = time.perf_counter() - started
        return Case(item, failed_row(item, error), error=error, seconds=seconds)

    def _keep(self, case: Case) -> Case:
        self.cases.append(case)
        return case

    def finish(self) -> None:
        """Write the tables of the run and its record."""
        from cardiac.outputs import patient_rows, write_tables

        rows = [case.index_row for case in self.cases]
        rows += patient_rows(
            (case.index_row, case.indices, case.bsa_m2)
            for case in self.cases
            if case.indices is not None
        )
        frames = [row for case in self.cases for row in case.frame_rows]
        write_tables(self.out, rows, frames)
        write_run_record(self.out, self)


def unforeseen(error: Exception) -> CardiacError:
    """An error of another kind, told like one of ours so that the batch goes on."""
    return CardiacError(
        f"an unforeseen {type(error).__name__}: {error}",
        hint="Please report it with the file, or run again with --verbose.",
    )


def check_folder(folder: Path) -> None:
    """Make the output folder and see that it can be written to.

    Raises:
        OutputError: It cannot.
    """
    probe = folder / ".cardiac-write-test"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"results cannot be written here ({error.strerror})",
            path=folder,
            hint="Choose another folder with --out.",
        ) from error
