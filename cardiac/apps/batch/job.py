"""One run over many inputs: what is done stays done, one failure is never another's."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiac.apps.batch.case import CaseResult, FinishedCase
from cardiac.apps.batch.database import CaseEntry, RunDatabase, State
from cardiac.apps.batch.privacy import hide_ids, shown_error, shown_item, shown_path
from cardiac.apps.batch.settings import BatchSettings
from cardiac.apps.batch.store import open_store
from cardiac.apps.batch.work import CaseInProgress, Work, clear_staging, open_staging
from cardiac.errors import CardiacError, OutputError, SettingsError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from cardiac.apps.batch.record import RunLog
    from cardiac.io import InputItem, PassedOver
    from cardiac.pipeline import Models
    from cardiac.settings import ProcessSettings
    from cardiac.types import Row

    Finished = tuple[InputItem, CaseResult]
    Watch = Callable[[str, InputItem | None], None]

LOCK = ".lock"
SHOWN = 40
"""Cases that are kept in memory to be shown; all others are in the database alone."""
_MAX_CRASHES = 2
"""A case at which so many runs died is given a process of its own."""


class ProcessJob:
    """One run over many inputs.

    Args:
        out: Folder for the results; made if it does not exist.
        settings: How to process.
        models: The models loaded with these settings, if they are already.
        batch: How the work is done.

    Attributes:
        watch: Called with every step, and the case that it is about if any: long before the
            first case is finished there is something to be told.
        shown: The first cases of the run.
        total, failed, skipped: Number of cases that are finished, that failed (now or before),
            and that needed no work.
        passed_over: Files among the inputs that are none.
        patients, copies, earlier: Once it is finished: rows of patients with both views, ids of
            cases whose files hold the same bytes, and number of cases of earlier runs.

    Raises:
        OutputError: The folder cannot be made or written to.
    """

    def __init__(
        self,
        out: Path,
        settings: ProcessSettings,
        models: Models | None = None,
        batch: BatchSettings | None = None,
    ) -> None:
        self.out = out
        self.settings = settings
        self.models = models
        self.batch = batch or BatchSettings()
        self.shown: list[FinishedCase] = []
        self.total = self.failed = self.skipped = self.uncertified = 0
        self.passed_over: tuple[PassedOver, ...] = ()
        self.patients: list[Row] = []
        self.copies: list[list[str]] = []
        self.earlier = 0
        self.watch: Watch = lambda _step, _item: None
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
            SettingsError: Nothing at all, a manifest with errors, all of them named, or a folder
                that is to hold inputs and results alike.
        """
        from cardiac.io import list_inputs
        from cardiac.io.manifest import check_manifests
        from cardiac.io.region import parse_region

        self._check_apart(inputs)
        check_manifests(inputs)
        listing = list_inputs(inputs)
        items, self.passed_over = list(listing.items), listing.passed_over
        if told := self.settings.region:
            region = parse_region(told)
            items = [replace(item, region=item.region or region) for item in items]
        if not items:
            raise SettingsError(
                "no echo image was found in " + ", ".join(map(str, inputs)),
                hint="Name files, folders that hold some, or a manifest CSV with a column path.",
            )
        return items

    def run(self, items: list[InputItem]) -> Iterator[FinishedCase]:
        """Work on every item that is not done, and give each when it is finished.

        Cases of earlier runs that are not among the items are left as they are. What is done and
        unchanged comes first. At most three sequences are in memory at a time, or one for each
        worker.

        Raises:
            OutputError: Another run works in this folder, or the database cannot be written.
            WeightsError: The network cannot be loaded.
        """
        from cardiac.apps.batch.fingerprint import settings_hash
        from cardiac.apps.batch.record import RunLog
        from cardiac.apps.batch.tables import GrowingTables

        with self._locked(), RunDatabase(self.out, create=True) as database:
            items = hide_ids(items, self.batch)
            made_with = settings_hash(self.settings, self.batch)
            if self.batch.scheduler:
                self._work = replace(self._work, made_with=made_with)
            items = self._under_own_ids(database, items)
            open_staging(self._work)
            settings = self.settings.model_dump(mode="json")
            run = database.open_run(
                made_with, settings, ((item.id, self._stored_path(item)) for item in items)
            )
            place = database.positions(run)
            with RunLog(self.out, run) as log, closing(GrowingTables(self.out, database, run)) as t:
                log.write("started", cases=len(items), settings=made_with[:12])
                todo: list[InputItem] = []
                for item in items:
                    self.watch("comparing with what is done", item)
                    if (case := self._settled(database, item, made_with)) is None:
                        todo.append(item)
                        continue
                    t.add(place[item.id])
                    yield self._keep(case)
                log.write("looked", skipped=self.skipped, to_do=len(todo))
                for item, result in self._results(database, todo):
                    self._remove_stale(database, item.id, result)
                    database.finish(item.id, made_with, result)
                    t.add(place[item.id])
                    _log_case(log, item, result)
                    done = (result.row, result.error, result.frames, result.seconds)
                    yield self._keep(FinishedCase(item, *done))
            clear_staging(self.out)
            database.close_run(run, self.exit_code, self._engine)

    def finish(self) -> None:
        """Write the tables of the run and its record.

        Raises:
            OutputError: One cannot be written.
        """
        from cardiac.apps.batch.record import write_run_record
        from cardiac.apps.batch.tables import biplane_rows, write_table_files
        from cardiac.report.page import write_report

        with self._locked(), RunDatabase(self.out) as database:
            run = database.last_run()
            assert run is not None, "finish comes after run"
            files = write_table_files(self.out, database, parquet=self.batch.parquet)
            files.append(write_run_record(self.out, database, run))
            if self.settings.report:
                files.append(write_report(self.out)[0])
            self.patients = list(biplane_rows(database))
            self.copies = database.same_content()
            self.earlier = database.earlier(run["run"])
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

    def _check_apart(self, inputs: list[Path]) -> None:
        """Refuse an output folder that is an input, or that an input lies in."""
        out = self.out.resolve()
        for path in inputs:
            given = path.resolve()
            if given == out or (given.is_dir() and given.is_relative_to(out)):
                raise SettingsError(
                    "the results would lie among the inputs.",
                    path=path,
                    hint="Choose another folder with --out: a new one within this one will do.",
                )

    def _stored_path(self, item: InputItem) -> str:
        return shown_path(item, self.batch, self.out)

    def _under_own_ids(self, database: RunDatabase, items: list[InputItem]) -> list[InputItem]:
        """The items, numbered where the folder has another file under the same id.

        A file that was moved or changed keeps its id and is updated; one of the same name from
        elsewhere is a case of its own.
        """
        taken = {item.id for item in items}
        found = []
        for item in items:
            name, number = item.id, 2
            while (entry := database.entry(name)) and self._is_another(entry, item):
                name, number = f"{item.id}-{number}", number + 1
                while name in taken:
                    name, number = f"{item.id}-{number}", number + 1
            taken.add(name)
            found.append(item if name == item.id else replace(item, id=name))
        return found

    def _is_another(self, entry: CaseEntry, item: InputItem) -> bool:
        from cardiac.apps.batch.fingerprint import input_hashes

        if entry.input in (self._stored_path(item), str(item.path)):
            return False
        own = input_hashes(item)[1]
        if own and entry.sha256:
            return own != entry.sha256
        return (self.out / entry.input).exists()

    def _settled(
        self, database: RunDatabase, item: InputItem, made_with: str
    ) -> FinishedCase | None:
        """The case as it stands, if there is nothing to do; None if there is."""
        from cardiac.apps.batch.fingerprint import input_hashes, input_stamp

        entry = database.entry(item.id)
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
            database.restamp(item.id, stamp)
        if not self._complete(database, entry):
            return None
        done = (entry.row, entry.error, entry.frames or 0, entry.seconds or 0.0)
        return FinishedCase(item, *done, skipped=True)

    def _complete(self, database: RunDatabase, entry: CaseEntry) -> bool:
        return all(self._store.size(o.path) == o.size for o in database.outputs(entry.id))

    def _remove_stale(self, database: RunDatabase, name: str, result: CaseResult) -> None:
        """Remove files of an earlier attempt that this one has not written again."""
        fresh = {output.path for output in result.outputs}
        for output in database.outputs(name):
            if output.path not in fresh:
                self._store.remove(output.path)

    def _keep(self, case: FinishedCase) -> FinishedCase:
        self.total += 1
        self.failed += case.error is not None
        self.skipped += case.skipped
        self.uncertified += case.error is None and not case.index_row.get("certified")
        if len(self.shown) < SHOWN:
            self.shown.append(case)
        return case

    def _results(self, database: RunDatabase, todo: list[InputItem]) -> Iterator[Finished]:
        """The work itself, here or in other processes, each case as it is finished."""
        sound: list[InputItem] = []
        crashed: list[InputItem] = []
        for item in todo:
            entry = database.entry(item.id)
            if item.error is not None:
                database.start(item.id)
                yield item, self._work.failed(CaseInProgress(item, error=item.error))
            elif entry and entry.state is State.RUNNING and entry.attempt >= _MAX_CRASHES:
                crashed.append(item)
            else:
                sound.append(item)
        if not self.batch.in_process(len(sound) + len(crashed)):
            yield from self._in_processes(database, sound + crashed)
            return
        if sound:
            self.watch("loading the network", None)
            yield from self._in_this_process(database, sound)
        yield from self._in_processes(database, crashed)

    def _in_this_process(self, database: RunDatabase, todo: list[InputItem]) -> Iterator[Finished]:
        from cardiac.apps.batch.record import engine_of
        from cardiac.apps.batch.work import work_overlapping
        from cardiac.pipeline import Models

        self.models = self.models or Models.load(self.settings.segmentation)
        self._engine = engine_of(self.models)
        yield from work_overlapping(
            self._work, todo, self.models, lambda item: self._start(database, item)
        )

    def _start(self, database: RunDatabase, item: InputItem) -> None:
        database.start(item.id)
        self.watch("at work on", item)

    def _in_processes(self, database: RunDatabase, todo: list[InputItem]) -> Iterator[Finished]:
        from cardiac.apps.batch.pool import work_side_by_side
        from cardiac.results import failed_row

        if not todo:
            return
        self.watch("starting the workers", None)
        work = replace(self._work, batch=self.batch.for_cases(len(todo)))
        cases = work_side_by_side(work, iter(todo), lambda item: self._start(database, item))
        with closing(cases):
            for item, reply in cases:
                self._engine = reply.engine or self._engine
                if isinstance(reply.outcome, CaseResult):
                    yield item, reply.outcome
                    continue
                known = reply.outcome
                named = CardiacError(known.message, path=item.path, hint=known.hint)
                error = shown_error(named, item, self.batch)
                row = failed_row(shown_item(item, self.batch), error)
                yield item, replace(self._fingerprint(item, row), error=error)

    def _fingerprint(self, item: InputItem, row: dict[str, object]) -> CaseResult:
        from cardiac.apps.batch.fingerprint import input_hashes, input_stamp

        stamp = input_stamp(item)
        whole, own = input_hashes(item)
        return CaseResult(row, stamp=stamp, input_hash=whole, sha256=own)


def _log_case(log: RunLog, item: InputItem, result: CaseResult) -> None:
    for level, text in result.log:
        log.write(text, level, id=item.id)
    if result.error is not None:
        reason = str(result.error)
        log.write("failed", logging.ERROR, id=item.id, reason=reason, seconds=_s(result))
    else:
        log.write("done", id=item.id, frames=result.frames, seconds=_s(result))


def _s(result: CaseResult) -> float:
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
