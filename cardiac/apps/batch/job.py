"""One run over many inputs: what is done stays done, one failure is never another's."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiac.apps.batch.ledger import Entry, Ledger, State
from cardiac.apps.batch.privacy import hide_ids, shown_error, shown_item, shown_path
from cardiac.apps.batch.result import Case, Failure, Result
from cardiac.apps.batch.settings import BatchSettings
from cardiac.apps.batch.store import open_store
from cardiac.apps.batch.work import Progress, Work, clear_aside, open_aside
from cardiac.errors import OutputError, SettingsError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from cardiac.apps.batch.log import RunLog
    from cardiac.io import InputItem
    from cardiac.segmentation.segmenter import Segmenter
    from cardiac.study import ProcessSettings

LOCK = ".lock"
SHOWN = 40
"""Cases that are kept in memory to be shown; all others are in the ledger alone."""
_DEADLY = 2
"""A case at which so many runs died is given a process of its own."""


class ProcessJob:
    """One run over many inputs.

    Args:
        out: Folder for the results; made if it does not exist.
        settings: How to process.
        segmenter: The network loaded with these settings, if it is already.
        batch: How the work is done.

    Attributes:
        shown: The first cases of the run.
        total, failed, skipped: Number of cases that are finished, that failed (now or before),
            and that needed no work.

    Raises:
        OutputError: The folder cannot be made or written to.
    """

    def __init__(
        self,
        out: Path,
        settings: ProcessSettings,
        segmenter: Segmenter | None = None,
        batch: BatchSettings | None = None,
    ) -> None:
        self.out = out
        self.settings = settings
        self.segmenter = segmenter
        self.batch = batch or BatchSettings()
        self.shown: list[Case] = []
        self.total = self.failed = self.skipped = self.uncertified = 0
        self._engine: dict[str, Any] | None = None
        self._work = Work(out, settings, self.batch)
        self._store = open_store(out, self.batch.store)
        check_folder(out)

    @property
    def exit_code(self) -> int:
        """0: all done; 1: some inputs failed; 3: none failed, but some lack a certificate."""
        if self.failed:
            return 1
        return 3 if self.settings.correct and self.uncertified else 0

    def find(self, inputs: list[Path]) -> list[InputItem]:
        """What there is to process.

        Raises:
            SettingsError: Nothing at all, or a manifest with errors, all of them told.
        """
        from cardiac.io import find_inputs
        from cardiac.io.manifest import check_manifests

        check_manifests(inputs)
        items = find_inputs(inputs)
        if not items:
            raise SettingsError(
                "no echo image was found in " + ", ".join(map(str, inputs)),
                hint="Name files, folders that hold some, or a manifest CSV with a column path.",
            )
        return items

    def run(self, items: list[InputItem]) -> Iterator[Case]:
        """Work on every item that is not done, and tell of each when it is finished.

        What is done and unchanged comes first. At most three sequences are in memory at a time,
        or one for each worker.

        Raises:
            OutputError: Another run works in this folder, or the ledger cannot be written.
            WeightsError: The network cannot be loaded.
        """
        from cardiac.apps.batch.fingerprint import settings_hash
        from cardiac.apps.batch.log import RunLog
        from cardiac.apps.batch.tables import GrowingTables

        with self._locked(), Ledger(self.out, create=True) as ledger:
            items = hide_ids(items, self.batch)
            made_with = settings_hash(self.settings, self.batch)
            if self.batch.scheduler:
                self._work = replace(self._work, made_with=made_with)
            open_aside(self._work)
            told = self.settings.model_dump(mode="json")
            run = ledger.open_run(
                made_with, told, ((item.id, shown_path(item, self.batch)) for item in items)
            )
            place = {item.id: position for position, item in enumerate(items)}
            with RunLog(self.out, run) as log, closing(GrowingTables(self.out, ledger, run)) as t:
                log.tell("started", cases=len(items), settings=made_with[:12])
                todo: list[InputItem] = []
                for item in items:
                    if (case := self._settled(ledger, item, made_with)) is None:
                        todo.append(item)
                        continue
                    t.add(place[item.id])
                    yield self._keep(case)
                log.tell("looked", skipped=self.skipped, to_do=len(todo))
                for item, result in self._results(ledger, todo):
                    self._remove_stale(ledger, item.id, result)
                    ledger.finish(item.id, made_with, result)
                    t.add(place[item.id])
                    _tell(log, item, result)
                    error = result.failure.error() if result.failure else None
                    yield self._keep(Case(item, result.row, error, result.frames, result.seconds))
            clear_aside(self.out)
            ledger.close_run(run, self.exit_code, self._engine)

    def finish(self) -> None:
        """Write the tables of the run and its record.

        Raises:
            OutputError: One cannot be written.
        """
        from cardiac.apps.batch.run_record import write_run_record
        from cardiac.apps.batch.tables import write_table_files
        from cardiac.report.page import write_report

        with self._locked(), Ledger(self.out) as ledger:
            run = ledger.last_run()
            assert run is not None, "finish comes after run"
            files = write_table_files(self.out, ledger, run["run"], parquet=self.batch.parquet)
            files.append(write_run_record(self.out, ledger, run))
            if self.settings.report:
                files.append(write_report(self.out)[0])
        if self.batch.store:
            with tempfile.TemporaryDirectory() as folder:
                for file in files:
                    self._store.put(Path(shutil.copy(file, folder)), file.name)

    def _locked(self) -> AbstractContextManager[object]:
        from filelock import FileLock, Timeout

        try:
            return FileLock(self.out / LOCK, thread_local=False).acquire(timeout=1)
        except Timeout:
            raise OutputError(
                "another run is at work in this folder.",
                path=self.out,
                hint="Wait for its end, or choose another folder with --out.",
            ) from None

    def _settled(self, ledger: Ledger, item: InputItem, made_with: str) -> Case | None:
        """The case as it stands, if there is nothing to do; None if there is."""
        from cardiac.apps.batch.fingerprint import input_hashes, input_stamp

        entry = ledger.entry(item.id)
        if entry is None or entry.settings_hash != made_with:
            return None
        if entry.state not in (State.DONE, State.FAILED):
            return None
        if entry.state is State.FAILED and self.batch.retry:
            return None
        stamp = input_stamp(item)
        if not stamp or stamp != entry.input_stamp:
            if not entry.input_hash or input_hashes(item)[0] != entry.input_hash:
                return None
            ledger.restamp(item.id, stamp)
        if not self._complete(ledger, entry):
            return None
        error = entry.failure.error() if entry.failure else None
        return Case(item, entry.row, error, entry.frames or 0, entry.seconds or 0, skipped=True)

    def _complete(self, ledger: Ledger, entry: Entry) -> bool:
        return all(self._store.size(o.path) == o.size for o in ledger.outputs(entry.id))

    def _remove_stale(self, ledger: Ledger, name: str, result: Result) -> None:
        """Remove files of an earlier attempt that this one has not written again."""
        fresh = {output.path for output in result.outputs}
        for output in ledger.outputs(name):
            if output.path not in fresh:
                self._store.remove(output.path)

    def _keep(self, case: Case) -> Case:
        self.total += 1
        self.failed += case.error is not None
        self.skipped += case.skipped
        self.uncertified += case.error is None and not case.index_row.get("certified")
        if len(self.shown) < SHOWN:
            self.shown.append(case)
        return case

    def _results(self, ledger: Ledger, todo: list[InputItem]) -> Iterator[tuple[InputItem, Result]]:
        """The work itself, here or in other processes, each case as it is finished."""
        sound: list[InputItem] = []
        deadly: list[InputItem] = []
        for item in todo:
            entry = ledger.entry(item.id)
            if item.error is not None:
                ledger.start(item.id)
                yield item, self._work.failed(Progress(item, error=item.error))
            elif entry and entry.state is State.RUNNING and entry.attempt >= _DEADLY:
                deadly.append(item)
            else:
                sound.append(item)
        if not self.batch.in_process(len(sound) + len(deadly)):
            yield from self._in_processes(ledger, sound + deadly)
            return
        if sound:
            yield from self._in_this_process(ledger, sound)
        yield from self._in_processes(ledger, deadly)

    def _in_this_process(
        self, ledger: Ledger, todo: list[InputItem]
    ) -> Iterator[tuple[InputItem, Result]]:
        from cardiac.apps.batch.overlap import work_overlapping
        from cardiac.apps.batch.run_record import engine_of
        from cardiac.segmentation.segmenter import Segmenter

        self.segmenter = self.segmenter or Segmenter.load(self.settings.segmentation)
        self._engine = engine_of(self.segmenter)
        yield from work_overlapping(
            self._work, todo, self.segmenter, lambda item: ledger.start(item.id)
        )

    def _in_processes(
        self, ledger: Ledger, todo: list[InputItem]
    ) -> Iterator[tuple[InputItem, Result]]:
        from cardiac.apps.batch.crew import work_side_by_side
        from cardiac.results import failed_row

        if not todo:
            return
        work = replace(self._work, batch=self.batch.for_cases(len(todo)))
        cases = work_side_by_side(work, iter(todo), lambda item: ledger.start(item.id))
        with closing(cases):
            for item, told in cases:
                self._engine = told.engine or self._engine
                if isinstance(told.outcome, Result):
                    yield item, told.outcome
                    continue
                failure = replace(told.outcome, path=str(item.path))
                error = shown_error(failure.error(), item, self.batch)
                row = failed_row(shown_item(item, self.batch), error)
                yield item, replace(self._fingerprint(item, row), failure=Failure.of(error))

    def _fingerprint(self, item: InputItem, row: dict[str, object]) -> Result:
        from cardiac.apps.batch.fingerprint import input_hashes, input_stamp

        stamp = input_stamp(item)
        whole, own = input_hashes(item)
        return Result(row, stamp=stamp, input_hash=whole, sha256=own)


def _tell(log: RunLog, item: InputItem, result: Result) -> None:
    for level, text in result.log:
        log.tell(text, level, id=item.id)
    if result.failure is not None:
        reason = str(result.failure.error())
        log.tell("failed", logging.ERROR, id=item.id, reason=reason, seconds=_s(result))
    else:
        log.tell("done", id=item.id, frames=result.frames, seconds=_s(result))


def _s(result: Result) -> float:
    return round(result.seconds, 3)


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
