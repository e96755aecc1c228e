"""A file of weights has one hash, whoever writes it and when."""

import json
import subprocess
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

from cardiac.io.files import write_tensors

TENSORS = {
    "b": np.arange(6, dtype=np.float16).reshape(2, 3).T,
    "a": np.array([1, 2, 255], np.uint8),
    "number": np.array(3.5, np.float32),
    "empty": np.zeros((0, 4), np.float32),
}
TEXTS = {name: f"text {name} «ü»" for name in "qwertzuiopasdfghjkl"}


def test_what_is_written_is_read(tmp_path):
    path = write_tensors(tmp_path / "w.safetensors", TENSORS, TEXTS)
    found = load_file(path)
    assert found.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype
    with safe_open(path, "np") as file:
        assert file.metadata() == TEXTS


def test_bytes_are_the_same_in_another_process_and_order(tmp_path):
    texts = dict(reversed(TEXTS.items()))
    path = write_tensors(tmp_path / "here.safetensors", dict(reversed(TENSORS.items())), texts)
    program = (
        "import sys, json, pathlib, numpy as np; from cardiac.io.files import write_tensors;"
        "from tests.io.test_tensors import TENSORS;"
        "write_tensors(pathlib.Path(sys.argv[1]), TENSORS, json.loads(sys.argv[2]))"
    )
    for turn in range(2):
        other = tmp_path / f"{turn}.safetensors"
        command = [sys.executable, "-c", program, str(other), json.dumps(TEXTS)]
        subprocess.run(command, check=True)
        assert other.read_bytes() == path.read_bytes()
