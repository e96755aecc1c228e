"""OHIF's own loader, run in Node from its npm packages, gives the labels of every frame back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cardiac.apps.export import SegmentationType, Source, mask_segmentation, save
from cardiac.io import read
from tests.apps.export.test_real import SAMPLES

HERE = Path(__file__).parent / "ohif"
FORMS = (SegmentationType.BINARY, SegmentationType.LABELMAP)


@pytest.fixture(scope="session")
def loader(request: pytest.FixtureRequest) -> Path:
    """The loader of OHIF, built once from its pinned packages and kept in pytest's cache."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node with npm is not installed")
    folder = Path(str(request.config.cache.mkdir("ohif-loader")))
    built, names = folder / "loader.cjs", ("package.json", "loader.mjs")
    same = all(
        (folder / n).is_file() and (folder / n).read_bytes() == (HERE / n).read_bytes()
        for n in names
    )
    if same and built.is_file():
        return built
    for name in names:
        shutil.copyfile(HERE / name, folder / name)
    built.unlink(missing_ok=True)
    for command in (["install", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build"]):
        try:
            subprocess.run(
                [npm, *command], cwd=folder, capture_output=True, check=True, timeout=240
            )
        except (OSError, subprocess.SubprocessError) as error:
            (folder / "package.json").unlink()
            pytest.skip(f"OHIF's packages cannot be installed from npm: {error}")
    return built


def loaded(loader: Path, segmentation: Path, cine: Path, shape: tuple[int, ...]) -> np.ndarray:
    """(T, H, W) labels of a Segmentation of a cine as OHIF sees them."""
    out = segmentation.with_suffix(".raw")
    done = subprocess.run(
        ["node", str(loader), str(segmentation), str(cine), str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return np.fromfile(out, np.uint8).reshape(shape)


@pytest.mark.parametrize("spacing", [(0.4, 0.5), None])
@pytest.mark.parametrize("form", FORMS)
def test_labels_come_back_frame_by_frame(  # noqa: PLR0917
    tmp_path, loader, source, masks, provenance, form, spacing
):
    made = mask_segmentation(masks, source, provenance, form=form, spacing=spacing)
    back = loaded(loader, save(made, tmp_path / "seg.dcm"), source.path, masks.shape)
    np.testing.assert_array_equal(back, masks)


@pytest.mark.parametrize("name", SAMPLES)
def test_labels_of_real_cines_come_back(tmp_path, loader, data, provenance, name):
    path = data / "dicom" / f"{name}.dcm"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    cine, source = read(path), Source.read(path)
    random = np.random.default_rng(4)
    # Every frame has other counts, so that frames in another order would be found out.
    labels = random.integers(0, 4, cine.frames.shape).astype(np.uint8)
    labels *= random.random(cine.frames.shape) < 0.02
    made = mask_segmentation(labels, source, provenance, spacing=cine.spacing)
    back = loaded(loader, save(made, tmp_path / "seg.dcm"), path, labels.shape)
    np.testing.assert_array_equal(back, labels)
