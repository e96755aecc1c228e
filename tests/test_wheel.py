"""The package as it is installed: everything works from a wheel, in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HELPS = """
import json, sys
from cardiac.cli.app import app

def paths(one, before=()):
    for name in one:
        if name.startswith("-"):
            continue
        yield (*before, name)
        yield from paths(one[name], (*before, name))

json.dump(list(paths(app)), sys.stdout)
"""


class Installed:
    """The package in an environment of its own, outside the checkout."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.home = folder / "empty"
        self.home.mkdir()
        environment = folder / "environment"
        venv.create(environment, with_pip=False)
        scripts = "Scripts" if os.name == "nt" else "bin"
        self.python = environment / scripts / "python"
        packages = Path(
            sysconfig.get_path("purelib", vars={"base": str(environment)})
            if os.name == "nt"
            else next((environment / "lib").glob("python*")) / "site-packages"
        )
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
        # The libraries are those of this environment, the package is the wheel's alone: lines
        # of a .pth file are read, the .pth files in the folders they name are not.
        (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.packages = packages

    def run(self, *tokens: str, code: int = 0) -> str:
        """Run ``cardiac``; its output."""
        return self.call("-m", "cardiac.cli", *tokens, code=code)

    def call(self, *arguments: str, code: int = 0) -> str:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            [str(self.python), *arguments],
            cwd=self.home,
            env=clean,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_the_wheel_holds_the_package_alone_typed_with_its_settings_and_manifests(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"cardiac", next(top for top in tops if top.endswith(".dist-info"))}
    for name in ("py.typed", "__init__.pyi", "configs/process.yaml", "data_manifests/camus.csv"):
        assert f"cardiac/{name}" in names


def test_the_tests_see_the_wheel_and_not_the_checkout(installed):
    found = installed.call("-c", "import cardiac; print(cardiac.__file__)")
    assert Path(found.strip()).is_relative_to(installed.packages)


def test_every_command_explains_itself(installed):
    commands = json.loads(installed.call("-c", HELPS))
    assert ["process"] in commands
    assert ["train", "segmentation"] in commands
    for command in commands:
        assert "Usage" in installed.run(*command, "--help"), command


def test_the_main_job_and_what_follows_it(installed):
    sample = installed.call(
        "-c",
        "from pydicom.data import get_testdata_file as f;"
        "print(f('examples_ybr_color.dcm', download=False))",
    ).strip()
    installed.run("process", sample, "--out", "results", "--config", "configs/process.yaml")
    results = installed.home / "results"
    written = {
        path.relative_to(results).as_posix()
        for path in results.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    name = "examples_ybr_color"
    assert {
        f"masks/{name}.nii.gz",
        f"pictures/{name}.png",
        f"pictures/{name}.mp4",
        f"uncertainty/{name}.nii.gz",
        "frames.csv",
        "indices.csv",
        "report.html",
        "run.json",
    } <= written
    installed.run("check", f"results/masks/{name}.nii.gz")
    (results / "report.html").unlink()
    installed.run("report", "results")
    assert (results / "report.html").is_file()
    installed.run("export", "results", "--out", "for_others")
    assert list((installed.home / "for_others").rglob("*.dcm"))
