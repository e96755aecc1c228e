from __future__ import annotations

import numpy as np
import pytest

from cardiac.errors import GeometryError, InvalidPixelsError, UnreadableFileError
from cardiac.io import find_inputs, read, read_camus, read_item
from cardiac.sequence import View

INFO = "ED: 5\nES: 2\nNbFrame: 6\nSex: F\nAge: 61\nImageQuality: Good\nEF: 52\nFrameRate: 50\n"


@pytest.fixture
def patient(write_nifti, frames, tmp_path):
    """Stills of both views, and a half cycle of the two-chamber view."""
    for view in ("4CH", "2CH"):
        for i, phase in enumerate(("ED", "ES")):
            for ending in ("", "_gt"):
                write_nifti(frames[i : i + 1], f"p7/p7_{view}_{phase}{ending}.nii.gz", "xy")
    write_nifti(frames, "p7/p7_2CH_half_sequence.nii.gz")
    write_nifti(frames, "p7/p7_2CH_half_sequence_gt.nii.gz")
    folder = tmp_path / "p7"
    (folder / "Info_2CH.cfg").write_text(INFO)
    return folder


def test_stills_make_a_cine_of_two_frames_without_times(patient, frames):
    sequence = read(patient)
    np.testing.assert_array_equal(sequence.frames, frames[:2])
    assert (sequence.ed_frames, sequence.es_frames) == ((0,), (1,))
    assert sequence.times is None
    assert sequence.view is View.A4C
    assert sequence.spacing == (0.5, 0.4)
    assert sequence.subject.id == "p7"


def test_a_half_cycle_has_frames_from_zero_and_times_from_its_info_file(patient, frames):
    sequence = read_camus(patient, view="A2C")
    np.testing.assert_array_equal(sequence.frames, frames)
    # Counted from 1 in the file; ES may come before ED.
    assert (sequence.ed_frames, sequence.es_frames) == ((4,), (1,))
    assert sequence.frame_interval_s == pytest.approx(0.02)
    assert (sequence.subject.sex, sequence.subject.age_years) == ("F", 61)


def test_the_older_info_file_is_read_by_key(patient):
    (patient / "Info_2CH.cfg").write_text(
        "ES: 6\nED: 1\nNbFrame: 6\nSex: M\nAge: 50\nImageQuality: Poor\nLVedv: 94.1\nLVef: 52\n"
    )
    sequence = read_camus(patient, View.A2C)
    assert (sequence.ed_frames, sequence.es_frames) == ((0,), (5,))
    assert sequence.times is None


def test_an_impossible_frame_is_noted_and_left_out(patient):
    (patient / "Info_2CH.cfg").write_text("ED: 1\nES: 60\n")
    sequence = read_camus(patient, View.A2C)
    assert sequence.es_frames == ()
    assert any("ES frame 60" in note for note in sequence.notes)


def test_one_file_reads_as_one_frame(patient):
    sequence = read(patient / "p7_4CH_ES.nii.gz")
    assert len(sequence) == 1
    assert (sequence.ed_frames, sequence.es_frames) == ((), (0,))


def test_stills_that_do_not_fit_together_are_refused(patient, write_nifti, frames):
    write_nifti(frames[:1, :90], "p7/p7_4CH_ES.nii.gz", "xy")
    with pytest.raises(InvalidPixelsError, match="differ in size"):
        read(patient)
    write_nifti(frames[:1], "p7/p7_4CH_ES.nii.gz", "xy", (0.3, 0.3))
    with pytest.raises(GeometryError, match="differ in pixel size"):
        read(patient)


def test_a_missing_phase_is_said(patient):
    (patient / "p7_4CH_ED.nii.gz").unlink()
    sequence = read(patient)
    assert len(sequence) == 1
    assert any("no ED image" in note for note in sequence.notes)


def test_a_folder_without_the_view_is_an_error(patient, tmp_path):
    with pytest.raises(UnreadableFileError, match="A3C"):
        read_camus(patient, "A3C")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UnreadableFileError, match="CAMUS patient"):
        read(empty)


def test_a_patient_is_one_item_a_view(patient):
    items = find_inputs([patient.parent])
    assert [(i.id, i.view, i.patient) for i in items] == [
        ("p7_4CH", View.A4C, "p7"),
        ("p7_2CH_half_sequence", View.A2C, "p7"),
    ]
    assert [len(read_item(item)) for item in items] == [2, 6]


def test_several_patients_in_one_folder_stay_apart(patient, write_nifti, frames):
    for i, phase in enumerate(("ED", "ES")):
        write_nifti(frames[2 + i : 3 + i], f"p7/p8_4CH_{phase}.nii.gz", "xy")
    items = {item.id: item for item in find_inputs([patient])}
    assert set(items) == {"p7_4CH", "p7_2CH_half_sequence", "p8_4CH"}
    np.testing.assert_array_equal(read_item(items["p8_4CH"]).frames, frames[2:4])


def test_real_patients(data):
    items = find_inputs([data / "camus" / "patient0001", data / "camus" / "patient0002"])
    views = ["patient0001_2CH", "patient0001_4CH", "patient0002_2CH", "patient0002_4CH"]
    assert sorted(item.id for item in items) == views
    sequence = read_item(next(item for item in items if item.id == "patient0001_4CH"))
    assert sequence.frames.shape == (2, 389, 549)
    assert sequence.region is None
