"""What is done stays done, what changed is done again, and the tables are always whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cardiac.apps.batch.database import RunDatabase, State
from cardiac.apps.batch.fingerprint import settings_hash
from cardiac.apps.batch.job import LOCK, ProcessJob
from cardiac.apps.batch.settings import BatchSettings
from cardiac.apps.batch.verify import verify
from cardiac.apps.batch.work import STAGING, Work, open_staging
from cardiac.apps.batch.worker import check_version
from cardiac.errors import OutputError, SettingsError
from cardiac.io import InputItem
from cardiac.settings import ProcessSettings
from tests.apps.batch.conftest import QUICK, write_cine

TABLES = ("indices.csv", "frames.csv")


def tables(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in TABLES]


def attempts(out: Path) -> dict[str, int]:
    with RunDatabase(out) as database:
        return {entry.id: entry.attempt for entry in database.entries()}


def test_a_second_run_does_nothing_and_says_the_same(cines, tmp_path, run):
    out = tmp_path / "out"
    first = run(cines, out)
    before = tables(out)
    second = run(cines, out)
    assert (first.total, first.failed, first.skipped) == (4, 1, 0)
    assert (second.total, second.failed, second.skipped) == (4, 1, 4)
    assert second.exit_code == first.exit_code == 1
    assert tables(out) == before
    assert set(attempts(out).values()) == {1}
    assert json.loads((out / "run.json").read_text())["weights"]


def test_what_changed_is_done_again_and_nothing_else(cines, tmp_path, run, small_cines):
    out = tmp_path / "out"
    run(cines, out)
    write_cine(cines / "c1.nii.gz", small_cines[0])
    (out / "masks" / "c2.nii.gz").unlink()
    (cines / "c0.nii.gz").touch()  # a new time, the same bytes
    job = run(cines, out)
    assert job.skipped == 2
    assert attempts(out) == {"broken": 1, "c0": 1, "c1": 2, "c2": 2}
    assert (out / "masks" / "c1.nii.gz").read_bytes() == (out / "masks" / "c0.nii.gz").read_bytes()


def test_other_settings_do_all_again_and_leave_no_old_files(cines, tmp_path, run):
    out = tmp_path / "out"
    run(cines, out, ProcessSettings(videos=False, assess=False))
    assert (out / "pictures" / "c0.png").exists()
    job = run(cines, out, QUICK)
    assert job.skipped == 0
    assert not list((out / "pictures").iterdir())
    assert not list(verify(out))


def test_what_failed_is_tried_again_only_if_asked_to(cines, tmp_path, run):
    out = tmp_path / "out"
    run(cines, out)
    assert run(cines, out).skipped == 4
    assert run(cines, out, retry=True).skipped == 3
    assert attempts(out)["broken"] == 2


def test_a_file_that_was_missing_is_done_when_it_comes(cines, tmp_path, run, small_cines):
    out, late = tmp_path / "out", tmp_path / "late.nii.gz"
    assert run(late, out).exit_code == 1
    write_cine(late, small_cines[0])
    assert run(late, out).failed == 0


def test_a_results_folder_is_a_collection(cines, tmp_path, run, small_cines):
    out, whole = tmp_path / "out", tmp_path / "whole"
    run(cines, whole)
    late = (cines / "c2.nii.gz").rename(tmp_path / "c2.nii.gz")
    first = run(cines, out)
    second = run(late, out)
    assert (first.total, second.total, second.earlier) == (3, 1, 3)
    # Cases that came in two runs stand as if they had come in one.
    assert tables(out) == tables(whole)
    record = json.loads((out / "run.json").read_text())
    assert [case["id"] for case in record["cases"]] == ["broken", "c0", "c1", "c2"]
    assert not list(verify(out, inputs=True))
    # A list without them changes nothing of them, whatever became of their files.
    (cines / "c0.nii.gz").unlink()
    assert run(cines, out).total == 2
    assert tables(out) == tables(whole)


def test_a_case_that_comes_again_is_updated_in_its_place(cines, tmp_path, run, small_cines):
    out = tmp_path / "out"
    run(cines, out)
    before = (out / "indices.csv").read_text().splitlines()
    write_cine(cines / "c0.nii.gz", small_cines[1])
    run(cines / "c0.nii.gz", out)
    after = (out / "indices.csv").read_text().splitlines()
    assert after[2] == before[3].replace("c1", "c0")
    assert [line for k, line in enumerate(after) if k != 2] == before[:2] + before[3:]


def test_a_file_of_the_same_name_from_elsewhere_is_a_case_of_its_own(
    cines, tmp_path, run, small_cines
):
    out, other = tmp_path / "out", tmp_path / "other"
    run(cines, out)
    write_cine(other / "c0.nii.gz", small_cines[1])
    write_cine(other / "c1.nii.gz", small_cines[1])
    job = run(other, out)
    with RunDatabase(out) as database:
        found = {entry.id: entry.input for entry in database.entries()}
    # c1 has the bytes of the one that is there: it was moved.
    assert found["c0"] == "../in/c0.nii.gz"
    assert found["c0-2"] == "../other/c0.nii.gz"
    assert found["c1"] == "../other/c1.nii.gz"
    assert job.copies == [["c1", "c0-2"]]
    assert run(other, out).skipped == 2


@pytest.mark.parametrize("place", [".", "sub"])
def test_results_do_not_go_among_the_inputs(cines, run, place):
    out = cines / place
    (out / "in").mkdir(parents=True)
    with pytest.raises(SettingsError, match="among the inputs"):
        run(out if place == "." else out / "in", out)
    assert run(cines, cines / "out").total == 4


def test_a_run_moves_with_its_inputs(cines, tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(Path("in"), Path("out"))
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("in", "out"):
        (tmp_path / name).rename(moved / name)
    monkeypatch.chdir("/")
    assert not list(verify(moved / "out", inputs=True))
    assert run(moved / "in", moved / "out").skipped == 4
    (moved / "in").rename(tmp_path / "far")
    assert {f.kind for f in verify(moved / "out", inputs=True)} == {"missing"}
    assert not list(verify(moved / "out", sources=[tmp_path / "far"]))


def test_a_run_cut_short_goes_on_to_the_same_tables(cines, tmp_path, run, models):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run(cines, whole)
    job = ProcessJob(cut, QUICK, models)
    going = job.run(job.find([cines]))
    for _ in range(2):
        next(going)
    grown = (cut / "indices.csv").read_bytes()
    going.close()
    # The table of a run that is not over holds the first cases of the list, whole.
    assert (whole / "indices.csv").read_bytes().startswith(grown)
    assert grown.endswith(b"\n")
    assert {finding.kind for finding in verify(cut)} >= {"unfinished"}
    assert run(cines, cut).skipped == 2
    assert tables(cut) == tables(whole)
    assert not list(verify(cut))
    assert not (cut / STAGING).exists() or not list((cut / STAGING).iterdir())


def test_an_unfinished_output_folder_is_no_input(cines, run):
    run(cines, cines / "out")
    (cines / "out" / "run.json").unlink()
    assert run(cines, cines / "out").total == 4


def test_who_works_for_a_run_that_is_over_publishes_nothing(cines, tmp_path, models):
    out = tmp_path / "out"
    item = InputItem("c0", cines / "c0.nii.gz")
    old, new = (Work(out, QUICK, BatchSettings()) for _ in range(2))
    open_staging(old)
    case = old.segment(old.read(item), models)
    with old._staging() as folder:
        open_staging(new)  # meanwhile another run has begun
        (folder / "masks").mkdir(parents=True)
        (folder / "masks" / "c0.nii.gz").write_bytes(b"old")
        with pytest.raises(OutputError, match="over"):
            list(old._publish(folder))
    assert old.save(case).error is not None
    assert not (out / "masks").exists()
    assert new.save(case).error is None
    assert (out / "masks" / "c0.nii.gz").exists()


def test_a_machine_with_another_version_is_refused(tmp_path):
    same = settings_hash(QUICK, BatchSettings())
    check_version(Work(tmp_path, QUICK, BatchSettings(), made_with=same))
    with pytest.raises(SettingsError, match="another version"):
        check_version(Work(tmp_path, QUICK, BatchSettings(retry=True), made_with="0" * 64))


def test_two_runs_do_not_share_a_folder(cines, tmp_path, run):
    from filelock import FileLock

    out = tmp_path / "out"
    out.mkdir()
    with FileLock(out / LOCK), pytest.raises(OutputError, match="another run"):
        run(cines, out)


def test_verify_finds_what_is_missing_altered_or_nobodys(cines, tmp_path, run):
    out = tmp_path / "out"
    run(cines, out)
    assert not list(verify(out, inputs=True))
    altered = out / "masks" / "c0.nii.gz"
    data = bytearray(altered.read_bytes())
    data[-1] ^= 1
    altered.write_bytes(data)
    (out / "masks" / "c1.nii.gz").unlink()
    (out / "masks" / "mine.nii.gz").touch()
    (out / "frames.csv").write_text("id\n")
    (cines / "c2.nii.gz").write_bytes(b"other")
    found = {(finding.kind, Path(finding.path).name) for finding in verify(out, inputs=True)}
    assert found == {
        ("altered", "c0.nii.gz"),
        ("missing", "c1.nii.gz"),
        ("stray", "mine.nii.gz"),
        ("altered", "frames.csv"),
        ("altered", "c2.nii.gz"),
    }


def test_the_database_says_why(cines, tmp_path, run):
    run(cines, tmp_path / "out")
    with RunDatabase(tmp_path / "out") as database:
        entry = database.entry("broken")
        assert entry.state is State.FAILED
        assert "DICOM" in str(entry.error)
        assert database.counts(1) == {
            State.WAITING: 0, State.RUNNING: 0, State.DONE: 3, State.FAILED: 1,
        }  # fmt: skip


def test_a_folder_that_holds_no_database_says_so(tmp_path):
    with pytest.raises(OutputError, match="no run database"):
        RunDatabase(tmp_path)
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database, not at all" * 100)
    with pytest.raises(OutputError, match="cannot be used"):
        RunDatabase(tmp_path)


def test_a_manifest_with_errors_is_refused_with_all_of_them(tmp_path, run, cines):
    manifest = tmp_path / "list.csv"
    manifest.write_text(
        "path,id,view,spacing_row_mm,extra\n"
        "in/c0.nii.gz,a,sideways,-1,\n"
        "in/c1.nii.gz,a,A4C,0.5,\n"
        "in/c2.nii.gz,a,,,\n"
        ",b,,,\n"
    )
    with pytest.raises(SettingsError) as caught:
        run(manifest, tmp_path / "out")
    told = str(caught.value)
    for words in ("line 1", "extra", "line 2", "sideways", "spacing_row_mm", "line 4", "line 5"):
        assert words in told
    assert "line 3" not in told.replace("of line 3", "")


def test_the_log_is_for_people_and_for_programs(cines, tmp_path, run):
    run(cines, tmp_path / "out")
    readable = (tmp_path / "out" / "logs" / "run-0001.log").read_text()
    assert "ERROR failed  id=broken" in readable
    lines = (tmp_path / "out" / "logs" / "run-0001.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [e["event"] for e in events].count("done") == 3
    assert {e["level"] for e in events} == {"INFO", "ERROR"}


def test_verify_looks_at_the_review_too(cines, tmp_path, run, small_cines):
    from cardiac.apps.viewer import Review, Session
    from cardiac.results import RunFolder

    out = tmp_path / "out"
    run(cines, out)
    folder = RunFolder(out)
    review, case = Review(folder, "Ann"), folder.open("c0")
    session = Session(case.sequence, case.masks)
    frame = int(np.flatnonzero(session.shapes.found)[0])
    session.set(frame, {"lv_area": 1.05 * float(session.shapes.values[frame, 0])})
    edit = review.decide(case, "edit", "", session)
    review.decide(folder.open("c1"), "accept")
    assert not list(verify(out))
    # What was decided on and then processed anew has to be looked at again.
    write_cine(cines / "c1.nii.gz", small_cines[2])
    run(cines, out)
    (found,) = verify(out)
    assert (found.kind, found.case) == ("outdated", "c1")
    edited = out / edit.after.path
    edited.write_bytes(edited.read_bytes()[:-1])
    (out / "review" / "edits" / "mine.nii.gz").touch()
    review.log.path.write_bytes(review.log.path.read_bytes().replace(b"accept", b"reject"))
    kinds = {(f.kind, f.path.rpartition("/")[2]) for f in verify(out)}
    assert ("altered", "1.nii.gz") in kinds
    assert ("stray", "mine.nii.gz") in kinds
    assert ("altered", "audit.jsonl: line 2 was changed") in kinds
