import csv
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cardiac.errors import SettingsError, UnreadableFileError
from cardiac.research.data import labelled_stills, patients_of
from cardiac.research.training.loop import learning_rate_share
from cardiac.research.training.segmentation import (
    TrainSegmentationSettings,
    train,
)
from cardiac.segmentation.network import NetworkSettings
from cardiac.segmentation.weights import load_network, open_weights


@pytest.fixture
def settings(tmp_path: Path) -> TrainSegmentationSettings:
    """A tiny CAMUS-like folder of four patients and a network that trains in a second."""
    from cardiac.research.phantom import synthetic_cine

    for i in range(4):
        cine = synthetic_cine(n_frames=2, size=(64, 64), seed=i)
        patient = tmp_path / "data" / f"patient{i:04d}"
        patient.mkdir(parents=True)
        for t, phase in enumerate(("ED", "ES")):
            for array, end in ((cine.frames[t], ""), (cine.masks[t], "_gt")):
                path = patient / f"{patient.name}_4CH_{phase}{end}.nii.gz"
                nib.save(nib.Nifti1Image(array.T.copy(), np.diag([-0.3, -0.3, 1, 1])), path)
    manifest = tmp_path / "split.csv"
    lines = [f"patient{i:04d},{'train' if i < 3 else 'valid'}" for i in range(4)]
    manifest.write_text("patient,split\n" + "\n".join(lines))
    return TrainSegmentationSettings(
        data=tmp_path / "data",
        manifest=manifest,
        out=tmp_path / "run",
        epochs=2,
        batch_size=2,
        cache_size=64,
        threads=1,
        holdout=0.34,
        validate_every=1,
        network=NetworkSettings(channels=(4, 6, 8, 8)),
    )


def test_an_interrupted_run_ends_like_an_unbroken_one(settings, tmp_path):
    unbroken = train(settings).read_bytes()
    broken = settings.model_copy(update={"out": tmp_path / "broken"})

    def stop(row):
        if row["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(broken, stop)
    assert train(broken).read_bytes() == unbroken
    with (broken.out / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(0 <= float(row["dice_lv"]) <= 1 for row in rows)


def test_what_is_written_can_be_loaded(settings):
    weights = open_weights(train(settings))
    assert weights.network_settings == settings.network
    load_network(weights)
    assert weights.activation_ranges


def test_patients_are_split_not_images(settings):
    train_patients = set(patients_of("train", settings.manifest))
    valid_patients = set(patients_of("valid", settings.manifest))
    assert not train_patients & valid_patients
    stills = list(labelled_stills(settings.data, sorted(valid_patients)))
    assert [(s.patient, s.phase) for s in stills] == [("patient0003", "ED"), ("patient0003", "ES")]


def test_an_unknown_split_or_patient_is_told(settings, tmp_path):
    with pytest.raises(SettingsError, match="split"):
        patients_of("nobody", settings.manifest)
    with pytest.raises(SettingsError, match="manifest"):
        patients_of("train", tmp_path / "none.csv")
    with pytest.raises(UnreadableFileError, match="patient9999"):
        list(labelled_stills(settings.data, ["patient9999"]))


def test_the_learning_rate_rises_stays_and_falls_to_nothing():
    shares = [learning_rate_share(p, 0.1, 0.4) for p in np.linspace(0, 1, 101)]
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(0)
    assert max(shares) == 1
    assert np.all(np.diff(shares[:11]) > 0)
    assert np.all(np.diff(shares[61:]) < 0)
