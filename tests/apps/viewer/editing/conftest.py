import shutil

import pytest

from cardiac.apps.viewer.editing import Session
from cardiac.results import RunFolder
from tests.apps.viewer.editing.runs import cine_of, hearts, make_run


@pytest.fixture(scope="session")
def masks():
    return hearts()


@pytest.fixture
def session(masks):
    """A certified beat on the desk."""
    return Session(cine_of(masks), masks)


@pytest.fixture(scope="session")
def made(tmp_path_factory, masks):
    folder = tmp_path_factory.mktemp("made") / "run"
    return make_run(folder, {"four": masks, "two": masks[:, :, ::-1].copy()})


@pytest.fixture
def run(made, tmp_path):
    """A run of its own for every test: a four-chamber and a two-chamber view of one patient."""
    copy = tmp_path / "copy"
    shutil.copytree(made.parent, copy)
    record = copy / "run" / "run.json"
    record.write_text(record.read_text().replace(str(made.parent), str(copy)))
    return RunFolder(copy / "run")
