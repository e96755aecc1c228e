import copy
import pickle
import subprocess
import sys

import cardiac
from cardiac import errors


def test_the_public_names_are_sorted_and_exist():
    assert cardiac.__all__ == sorted(cardiac.__all__)
    assert all(getattr(cardiac, name) is not None for name in cardiac.__all__)


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, cardiac, cardiac.cli.app\n"
        "heavy = {'torch', 'monai', 'openvino', 'matplotlib', 'pandas', 'av', 'skimage'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_error_is_drawn_in_the_tree():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    for kind in kinds:
        if issubclass(kind, Exception):
            assert kind.__name__ in errors.__doc__
            assert issubclass(kind, errors.CardiacError)


def test_an_error_says_what_where_and_what_to_do():
    error = errors.UnreadableFileError("it is empty", path="a.dcm", hint="Export it again.")
    assert str(error) == "a.dcm: it is empty. Export it again."


def test_every_error_survives_pickling_and_copying():
    found = (k for k in vars(errors).values() if isinstance(k, type))
    kinds = [k for k in found if issubclass(k, Exception)]
    for kind in kinds:
        error = kind("it is empty.", path="a.dcm", hint="Export it again.")
        error.add_note("case 7")
        for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert type(twin) is kind
            assert (str(twin), twin.path, twin.hint) == (str(error), error.path, error.hint)
            assert twin.__notes__ == ["case 7"]
