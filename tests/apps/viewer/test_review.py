import csv
import hashlib

import numpy as np
import pytest

from cardiac.apps.viewer import Review, Session, export_reviewed
from cardiac.errors import NotFoundError, OutputError, SettingsError, UnreadableFileError
from cardiac.io import read_mask
from cardiac.results import FRAME_COLUMNS, INDEX_COLUMNS, RunFolder


def edited(run, name="four", share=1.06):
    """A case with an edit on it."""
    case = run.open(name)
    session = Session(case.sequence, case.masks, profile=run.profile)
    frame = session.indices.ed_frames[0]
    session.set(frame, {"lv_area": share * float(session.shapes.values[frame, 0])})
    return case, session


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def everything(folder):
    return {
        p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file() and "review" not in p.relative_to(folder).parts
    }


def test_an_edit_is_saved_beside_the_original_with_both_versions_in_the_log(run):
    before = everything(run.folder)
    case, session = edited(run)
    review = Review(run, "Ann")
    entry = review.decide(case, "edit", "apex was cut", session)
    assert everything(run.folder) == before
    assert entry.who == "Ann"
    assert entry.note == "apex was cut"
    for version in (entry.before, entry.after):
        data = (run.folder / version.path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == version.sha256
    assert entry.before.path == "masks/four.nii.gz"
    assert (read_mask(run.folder / entry.after.path)[0] == session.masks).all()
    assert review.mask_path("four") == run.folder / entry.after.path


def test_versions_are_numbered_and_never_overwritten(run):
    review = Review(run, "Ann")
    paths = []
    for share in (1.05, 0.95):
        case, session = edited(run, share=share)
        paths.append(review.decide(case, "edit", "", session).after.path)
    assert [path.rsplit("/", 1)[1] for path in paths] == ["1.nii.gz", "2.nii.gz"]
    first, second = (read_mask(run.folder / path)[0] for path in paths)
    assert (first != second).any()
    entries = review.history("four")
    assert entries[1].before == entries[0].after


def test_withdrawing_brings_the_masks_of_the_run_back(run):
    review = Review(run, "Ann")
    case, session = edited(run)
    review.decide(case, "edit", "", session)
    review.decide(case, "withdraw")
    assert review.mask_path("four") == run.mask_path("four")
    assert review.current() == {}
    assert len(review.history("four")) == 2


def test_a_rejection_needs_a_reason_and_an_edit_a_change(run):
    review = Review(run, "Ann")
    case = run.open("four")
    session = Session(case.sequence, case.masks)
    with pytest.raises(SettingsError, match="reason"):
        review.decide(case, "reject", "  ")
    with pytest.raises(SettingsError, match="nothing was edited"):
        review.decide(case, "edit", "", session)
    with pytest.raises(SettingsError, match="no decision"):
        review.decide(case, "publish")
    assert list(review.log.entries()) == []


def test_a_log_that_names_a_file_outside_the_run_is_not_followed(run):
    review = Review(run, "Ann")
    case, session = edited(run)
    review.decide(case, "edit", "", session)
    text = review.log.path.read_text().replace("review/edits/four/1.nii.gz", "../../secret.nii.gz")
    review.log.path.write_text(text)
    with pytest.raises(UnreadableFileError, match="outside"):
        review.mask_path("four")


def test_a_case_opens_with_its_source_or_says_that_it_is_gone(run):
    case = run.open("four")
    assert case.problem is None
    assert case.sequence.frames.max() > 0
    source = run.source_path("four")
    source.unlink()
    gone = RunFolder(run.folder).open("four")
    assert "not where it was" in gone.problem
    assert (gone.sequence.frames == 0).all()
    assert gone.sequence.spacing == pytest.approx(case.sequence.spacing)
    assert (gone.masks == case.masks).all()


def test_a_source_that_is_another_is_not_shown_under_the_masks(run):
    record = run.record
    record["cases"][0]["sha256"] = "0" * 64
    assert "changed" in run.open("four").problem


def test_what_failed_cannot_be_opened(run):
    for name in ("broken", "absent"):
        with pytest.raises(NotFoundError):
            run.open(name)


def test_an_untouched_export_is_the_run(run, tmp_path):
    export_reviewed(run, tmp_path / "out")
    for name in ("indices.csv", "frames.csv", "masks/four.nii.gz", "uncertainty/two.nii.gz"):
        assert (tmp_path / "out" / name).read_bytes() == (run.folder / name).read_bytes()


def test_an_edited_case_is_exported_like_any_other(run, tmp_path):
    review = Review(run, "Ann")
    case, session = edited(run)
    review.decide(case, "edit", "wider", session)
    export_reviewed(run, tmp_path / "out")
    assert (read_mask(tmp_path / "out" / "masks" / "four.nii.gz")[0] == session.masks).all()
    rows = {(r["id"], r["level"]): r for r in rows_of(tmp_path / "out" / "indices.csv")}
    before = {(r["id"], r["level"]): r for r in rows_of(run.folder / "indices.csv")}
    assert tuple(rows["four", "sequence"]) == INDEX_COLUMNS
    told = float(rows["four", "sequence"]["lv_ef_percent"])
    assert told == pytest.approx(session.indices.lv_ef_percent, rel=1e-5)
    assert told > float(before["four", "sequence"]["lv_ef_percent"]) + 1
    assert rows["two", "sequence"] == before["two", "sequence"]
    assert rows["p1", "patient"]["lv_edv_ml"] != before["p1", "patient"]["lv_edv_ml"]
    assert "edited by hand" in rows["four", "sequence"]["notes"]
    frames = [r for r in rows_of(tmp_path / "out" / "frames.csv") if r["id"] == "four"]
    assert tuple(frames[0]) == FRAME_COLUMNS
    actions = np.array([r["action"] for r in frames])
    assert (actions == "edited").tolist() == session.changed.tolist()


def test_a_rejected_case_keeps_its_row_without_numbers_and_has_no_masks(run, tmp_path):
    Review(run, "Ann").decide(run.open("two"), "reject", "wrong view")
    export_reviewed(run, tmp_path / "out")
    rows = {(r["id"], r["level"]): r for r in rows_of(tmp_path / "out" / "indices.csv")}
    row = rows["two", "sequence"]
    assert row["status"] == "rejected"
    assert "wrong view" in row["reason"]
    assert row["lv_ef_percent"] == ""
    assert ("p1", "patient") not in rows
    assert not (tmp_path / "out" / "masks" / "two.nii.gz").exists()
    assert (tmp_path / "out" / "masks" / "four.nii.gz").exists()
    decisions = rows_of(tmp_path / "out" / "review.csv")
    assert [(r["id"], r["decision"]) for r in decisions] == [("two", "reject")]


def test_only_what_was_decided_on_can_be_exported(run, tmp_path):
    Review(run, "Ann").decide(run.open("two"), "accept")
    export_reviewed(run, tmp_path / "out", reviewed_only=True)
    assert [r["id"] for r in rows_of(tmp_path / "out" / "indices.csv")] == ["two"]


def test_nothing_is_exported_into_the_run(run):
    with pytest.raises(OutputError, match="into the run"):
        export_reviewed(run, run.folder / "masks")
