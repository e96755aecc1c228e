"""The work on one case: read, process, write aside, and move the whole result into place."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.errors import CardiacError, OutputError, WeightsError
from pipelines.batch.fingerprint import file_hash, input_hashes, input_stamp
from pipelines.batch.privacy import hide_patient, shown_error, shown_item
from pipelines.batch.result import Failure, OutputFile, Result, pack_indices

if TYPE_CHECKING:
    from cardiac.io import InputItem
    from cardiac.segmentation.segmenter import Segmenter
    from cardiac.sequence import EchoSequence
    from cardiac.study import ProcessSettings, Study
    from pipelines.batch.settings import BatchSettings

log = logging.getLogger(__name__)

ASIDE = ".work"
"""Folder within the output folder where results wait until they are whole."""


@dataclass(slots=True)
class Progress:
    """A case on its way through reading, the network and writing."""

    item: InputItem
    started: float = field(default_factory=time.perf_counter)
    stamp: str = ""
    hashes: tuple[str, str] = ("", "")
    sequence: EchoSequence | None = None
    study: Study | None = None
    error: CardiacError | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What is the same for every case: where the results go and how they are made."""

    out: Path
    settings: ProcessSettings
    batch: BatchSettings

    def read(self, item: InputItem) -> Progress:
        """Read a case and hash its files. Never raises."""
        from cardiac.io import read_item

        case = Progress(item)
        with self._keeping(case):
            # The stamp comes first: a file that changes meanwhile is then seen as changed.
            case.stamp = input_stamp(item)
            case.sequence = hide_patient(read_item(item), item, self.batch)
        case.hashes = input_hashes(item)
        return case

    def segment(self, case: Progress, segmenter: Segmenter) -> Progress:
        """Process a case that was read. Never raises, but for weights that cannot be used.

        Raises:
            WeightsError: No case can be processed.
        """
        from cardiac.study import process

        if case.sequence is not None:
            with self._keeping(case):
                case.study = process(case.sequence, segmenter, self.settings)
        if isinstance(case.error, WeightsError):
            raise case.error
        return case

    def save(self, case: Progress) -> Result:
        """Write a case's files, whole or not at all. Never raises."""
        result: Result | None = None
        if case.study is not None:
            with self._keeping(case):
                result = self._save(case, case.study)
        return result or self.failed(case)

    def failed(self, case: Progress) -> Result:
        """The result of a case that failed."""
        from cardiac.outputs import failed_row

        assert case.error is not None
        error = shown_error(case.error, case.item, self.batch)
        return Result(
            failed_row(shown_item(case.item, self.batch), error),
            seconds=time.perf_counter() - case.started,
            stamp=case.stamp,
            input_hash=case.hashes[0],
            sha256=case.hashes[1],
            failure=Failure.of(error),
        )

    def _save(self, case: Progress, study: Study) -> Result:
        from cardiac.outputs import save_study
        from pipelines.batch.tables import frame_lines

        name, item = case.item.id, shown_item(case.item, self.batch)
        row, rows = study.index_row(name, item), study.frame_rows(name)
        if self.batch.salt:
            row["source"] = None
        with aside(self.out, name) as folder:
            save_study(study, folder, name)
            files = tuple(publish(folder, self.out))
        return Result(
            row,
            frame_lines(rows),
            pack_indices(study.indices),
            study.sequence.subject.bsa_m2,
            frames=len(study.masks),
            seconds=time.perf_counter() - case.started,
            stamp=case.stamp,
            input_hash=case.hashes[0],
            sha256=case.hashes[1],
            outputs=files,
        )

    @contextmanager
    def _keeping(self, case: Progress) -> Iterator[None]:
        """Keep whatever goes wrong as the case's error: it is nobody else's."""
        try:
            yield
        except CardiacError as error:
            case.error = error
        except Exception as error:
            log.exception("a case failed in a way that was not foreseen")
            case.error = unforeseen(error)


def work_on(work: Work, item: InputItem, segmenter: Segmenter) -> Result:
    """All the work on one case, one step after the other."""
    return work.save(work.segment(work.read(item), segmenter))


def unforeseen(error: Exception) -> CardiacError:
    """An error of another kind, told like one of ours so that the batch goes on."""
    return CardiacError(
        f"an unforeseen {type(error).__name__}: {error}",
        hint="Please report it with the file, or run again with --verbose.",
    )


@contextmanager
def aside(out: Path, name: str) -> Iterator[Path]:
    """A folder of a case's own, on the disk of the output folder, gone afterwards."""
    folder = out / ASIDE / f"{name}.{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, out: Path) -> Iterator[OutputFile]:
    """Flush every file below a folder and move it to the same place below another.

    Raises:
        OutputError: A file cannot be flushed or moved.
    """
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        told = path.relative_to(folder)
        target = out / told
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            entry = OutputFile(told.as_posix(), file_hash(path), path.stat().st_size)
            path.replace(target)
        except OSError as error:
            raise OutputError(
                f"cannot be written: {error.strerror or error}.",
                path=target,
                hint="Choose a folder you may write to, with room on its disk.",
            ) from error
        yield entry


def clear_aside(out: Path) -> None:
    """Remove what killed runs left unfinished."""
    shutil.rmtree(out / ASIDE, ignore_errors=True)
