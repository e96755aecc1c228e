"""Runs to look at and to review, made in a second."""

import shutil

import pytest

from cardiac.apps.viewer import Session
from cardiac.results import RunFolder
from tests.apps.viewer.runs import cine_of, hearts, make_run


@pytest.fixture(scope="session")
def masks():
    return hearts()


@pytest.fixture
def session(masks):
    """Edits of a certified beat."""
    return Session(cine_of(masks), masks)


@pytest.fixture(scope="session")
def made(tmp_path_factory, masks):
    """A run of two views of one patient, and of a case that failed; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "run"
    return make_run(folder, {"four": masks, "two": masks[:, :, ::-1].copy()})


@pytest.fixture
def folder(made, tmp_path):
    """The same, to be changed."""
    copy = tmp_path / "copy"
    shutil.copytree(made.parent, copy)
    record = copy / "run" / "run.json"
    record.write_text(record.read_text().replace(str(made.parent), str(copy)))
    return copy / "run"


@pytest.fixture
def run(folder):
    """The same, read."""
    return RunFolder(folder)
