"""The work on one case: read, process, write beside it, and move the whole result into place."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.apps.batch.case import CaseResult, OutputFile, pack_indices
from cardiac.apps.batch.fingerprint import input_hashes, input_stamp
from cardiac.apps.batch.privacy import hide_patient, shown_error, shown_item
from cardiac.apps.batch.store import open_store
from cardiac.errors import CardiacError, OutputError, WeightsError
from cardiac.io.files import file_hash

if TYPE_CHECKING:
    from cardiac.apps.batch.settings import BatchSettings
    from cardiac.io import InputItem
    from cardiac.pipeline import Models
    from cardiac.sequence import EchoSequence
    from cardiac.settings import ProcessSettings
    from cardiac.study import Study

log = logging.getLogger(__name__)

STAGING = ".work"
"""Folder within the output folder where results wait until they are whole."""
_MARK = "at-work"


@dataclass(slots=True)
class CaseInProgress:
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
    """What is the same for every case: where the results go and how they are made.

    Attributes:
        out: Output folder.
        settings: How to process.
        batch: How the work is done.
        made_with: Hash of all that decides the results; other machines must have the same.
        base: Folder that relative paths are relative to.
        token: Name of the run, unlike that of any other.
    """

    out: Path
    settings: ProcessSettings
    batch: BatchSettings
    made_with: str = ""
    base: Path = field(default_factory=Path.cwd)
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def read(self, item: InputItem) -> CaseInProgress:
        """Read a case and hash its files. Never raises."""
        from cardiac.io import read_item

        case = CaseInProgress(item)
        with self._keeping(case):
            # The stamp comes first: a file that changes meanwhile is then seen as changed.
            case.stamp = input_stamp(item)
            case.sequence = hide_patient(read_item(item), item, self.batch)
        case.hashes = input_hashes(item)
        return case

    def segment(self, case: CaseInProgress, models: Models) -> CaseInProgress:
        """Process a case that was read. Never raises, but for weights that cannot be used.

        Raises:
            WeightsError: No case can be processed.
        """
        from cardiac.pipeline import process

        if case.sequence is not None:
            with self._keeping(case):
                case.study = process(case.sequence, models, self.settings)
        if isinstance(case.error, WeightsError):
            raise case.error
        return case

    def save(self, case: CaseInProgress) -> CaseResult:
        """Write a case's files, whole or not at all. Never raises."""
        result: CaseResult | None = None
        if case.study is not None:
            with self._keeping(case):
                result = self._save(case, case.study)
        return result or self.failed(case)

    def failed(self, case: CaseInProgress) -> CaseResult:
        """The result of a case that failed."""
        from cardiac.results import failed_row

        assert case.error is not None
        error = shown_error(case.error, case.item, self.batch)
        return CaseResult(
            failed_row(shown_item(case.item, self.batch), error),
            seconds=time.perf_counter() - case.started,
            stamp=case.stamp,
            input_hash=case.hashes[0],
            sha256=case.hashes[1],
            error=error,
        )

    def _save(self, case: CaseInProgress, study: Study) -> CaseResult:
        from cardiac.report import save_media
        from cardiac.results import frame_rows, index_row, save_arrays
        from cardiac.results.layout import FRAMES
        from cardiac.results.tables import table_lines

        name, item = case.item.id, shown_item(case.item, self.batch)
        row, rows = index_row(study, name, item), frame_rows(study, name)
        if self.batch.salt:
            row["source"] = None
        with self._staging() as folder:
            with ThreadPoolExecutor(1) as worker:
                arrays = worker.submit(save_arrays, study, folder, name)
                save_media(study, folder, name)
                arrays.result()
            files = tuple(self._publish(folder))
        return CaseResult(
            row,
            table_lines(FRAMES, rows),
            pack_indices(study.indices, study.assessment.intervals if study.assessment else None),
            study.sequence.subject.bsa_m2,
            frames=len(study.masks),
            seconds=time.perf_counter() - case.started,
            stamp=case.stamp,
            input_hash=case.hashes[0],
            sha256=case.hashes[1],
            outputs=files,
        )

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """A folder of a case's own, on the disk of the output folder, gone afterwards."""
        near = None if self.batch.store else self.out / STAGING / self.token
        try:
            folder = Path(tempfile.mkdtemp(dir=near))
        except OSError as error:
            raise OutputError(
                f"cannot be written to: {error.strerror or error}.",
                path=self.out,
                hint="The folder must be the same on every machine that works.",
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _publish(self, folder: Path) -> Iterator[OutputFile]:
        """Move every file below a folder to the same place in the store.

        Raises:
            OutputError: A file cannot be moved, or the run is over.
        """
        store = open_store(self.out, self.batch.store)
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            entry = OutputFile(name, file_hash(path), path.stat().st_size)
            if not self.batch.store and not (folder.parent / _MARK).exists():
                raise OutputError("belongs to a run that is over.", path=self.out / name)
            store.put(path, name)
            yield entry

    @contextmanager
    def _keeping(self, case: CaseInProgress) -> Iterator[None]:
        """Keep whatever goes wrong as the case's error: it is nobody else's."""
        try:
            yield
        except CardiacError as error:
            case.error = error
        except Exception as error:
            log.exception("a case failed in a way that was not foreseen")
            case.error = unforeseen(error)


def work_on(work: Work, item: InputItem, models: Models) -> CaseResult:
    """All the work on one case, one step after the other."""
    return work.save(work.segment(work.read(item), models))


def work_overlapping(
    work: Work,
    todo: Sequence[InputItem],
    models: Models,
    begun: Callable[[InputItem], None],
) -> Iterator[tuple[InputItem, CaseResult]]:
    """Work on cases with at most three of them in memory: one read, one segmented, one written.

    Args:
        work: What is the same for every case.
        todo: The cases.
        models: The trained models.
        begun: Called before a case is read.

    Yields:
        Each case when it is finished, and its result.

    Raises:
        WeightsError: The network cannot be used.
    """
    if not todo:
        return
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:

        def read(item: InputItem) -> Future[CaseInProgress]:
            begun(item)
            return reader.submit(work.read, item)

        reading = read(todo[0])
        saving: tuple[InputItem, Future[CaseResult]] | None = None
        for item, after in zip(todo, [*todo[1:], None], strict=True):
            case = work.segment(reading.result(), models)
            if after is not None:
                reading = read(after)
            if saving is not None:
                yield saving[0], saving[1].result()
            saving = item, writer.submit(work.save, case)
        if saving is not None:
            yield saving[0], saving[1].result()


def unforeseen(error: Exception) -> CardiacError:
    """An error of another kind as one of this package, so that the batch goes on."""
    return CardiacError(
        f"an unforeseen {type(error).__name__}: {error}",
        hint="Please report it with the file, or run again with --verbose.",
    )


def open_staging(work: Work) -> None:
    """Make the folder in which the cases of a run wait until they are whole.

    Those of earlier runs are removed with all that is in them, so that somebody who still works
    for one of them, on a machine that was not told of its end, can publish nothing any more.

    Raises:
        OutputError: It cannot be made.
    """
    clear_staging(work.out)
    folder = work.out / STAGING / work.token
    try:
        folder.mkdir(parents=True)
        (folder / _MARK).touch()
    except OSError as error:
        raise OutputError(
            f"cannot be made: {error.strerror or error}.",
            path=folder,
            hint="Choose a folder you may write to, with room on its disk.",
        ) from error


def clear_staging(out: Path) -> None:
    """Remove what killed runs left unfinished."""
    shutil.rmtree(out / STAGING, ignore_errors=True)
