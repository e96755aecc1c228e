from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cardiac.errors import GeometryError, OutputError
from cardiac.geometry import Mask
from cardiac.labels import Label
from cardiac.report import draw_picture
from cardiac.report.display import Display
from cardiac.report.still import make_still
from cardiac.sequence import EchoSequence

from .conftest import cine

DATA = Path(os.environ.get("CARDIAC_DATA", Path(__file__).parents[3] / "shared" / "data"))


def area(sequence: EchoSequence, masks: Mask) -> np.ndarray:
    return (masks == Label.LV).sum(axis=(1, 2)).astype(float)


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def find(page: np.ndarray, still: np.ndarray) -> tuple[int, int] | None:
    """Where ``still`` stands in ``page``, by its first row and then all of it."""
    h, w = still.shape[:2]
    for top in range(page.shape[0] - h + 1):
        for left in np.flatnonzero((page[top, : page.shape[1] - w + 1] == still[0, 0]).all(axis=1)):
            if (page[top : top + h, left : left + w] == still).mean() > 0.98:
                return top, int(left)
    return None


def test_ed_and_es_are_shown_pixel_for_pixel(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    sequence, masks = beating
    draw_picture(
        tmp_path / "a.png",
        sequence,
        masks,
        title="a · A4C",
        curve=area(sequence, masks),
        curve_label="LV area (cm²)",
        ed_frames=(0, 5),
        es_frames=(3,),
    )
    page = read(tmp_path / "a.png")
    display = Display.of(sequence)
    places = [
        find(page, make_still(display, sequence.frames[t], masks[t], "").pixels) for t in (0, 3)
    ]
    assert places[0] is not None
    assert places[1] is not None
    assert places[0][0] == places[1][0]
    assert places[0][1] < places[1][1]


def test_the_same_input_gives_the_same_bytes(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    sequence, masks = beating
    for name in ("a.png", "b.png"):
        draw_picture(tmp_path / name, sequence, masks, title="x", curve=area(*beating))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("frames", [1, 2, 7])
@pytest.mark.parametrize("with_times", [True, False])
@pytest.mark.parametrize("curve", [None, "missing", "gaps", "whole"])
def test_nothing_that_can_be_missing_breaks_it(
    tmp_path: Path, frames: int, with_times: bool, curve: str | None
) -> None:
    times = np.arange(frames) * 0.03 if with_times else None
    sequence, masks = cine(frames, shape=(40, 48), times=times)
    values = None if curve is None else np.full(frames, np.nan)
    if values is not None and curve != "missing":
        values[:: 2 if curve == "gaps" else 1] = 7.0
    marks = np.full((frames, 3, 2), np.nan)
    draw_picture(
        tmp_path / "a.png",
        sequence,
        np.zeros_like(masks),
        title="",
        curve=values,
        ed_frames=(0,) if frames > 1 else (),
        landmarks=marks,
    )
    page = read(tmp_path / "a.png")
    assert page.std() > 0


def test_a_long_or_odd_name_neither_widens_nor_breaks_the_page(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    sizes = set()
    for k, title in enumerate(("a", "long " * 100, "$x_{1}^$ \\frac{", "patient_0001$")):
        draw_picture(tmp_path / f"{k}.png", *beating, title=title, subtitle=["b" * 500])
        sizes.add(read(tmp_path / f"{k}.png").shape)
    assert len(sizes) == 1


def test_landmarks_are_drawn_where_they_are(beating: tuple[EchoSequence, Mask]) -> None:
    sequence, masks = beating
    display = Display.of(sequence)
    points = np.array([[57.0, 45.0], [57.0, 66.0], [17.0, 55.5]])
    still = make_still(display, sequence.frames[0], masks[0], "", landmarks=points)
    np.testing.assert_allclose(still.marks, (points[:, ::-1] + 0.5) * display.scale)
    points[1, 0] = np.nan
    assert not len(make_still(display, sequence.frames[0], masks[0], "", landmarks=points).marks)


def test_a_shrunk_still_keeps_its_scale_in_millimetres() -> None:
    sequence, masks = cine(1, shape=(1000, 1600), spacing=(0.1, 0.1))
    still = make_still(Display.of(sequence), sequence.frames[0], masks[0], "")
    assert still.size == (500, 800)
    assert still.pixel_mm == pytest.approx(0.2)


def test_arrays_and_frames_that_do_not_fit_are_refused(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    sequence, masks = beating
    path = tmp_path / "a.png"
    with pytest.raises(GeometryError):
        draw_picture(path, sequence, masks[:, :-1], title="x")
    with pytest.raises(GeometryError):
        draw_picture(path, sequence, masks, title="x", curve=np.zeros(5))
    with pytest.raises(GeometryError):
        draw_picture(path, sequence, masks, title="x", landmarks=np.zeros((6, 2, 2)))
    with pytest.raises(GeometryError):
        draw_picture(path, sequence, masks, title="x", es_frames=(6,))
    assert not path.exists()


def test_an_unwritable_place_is_an_output_error(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        draw_picture(tmp_path / "file" / "a.png", *beating, title="x")


@pytest.mark.skipif(not (DATA / "camus").is_dir(), reason="CARDIAC_DATA has no camus folder")
def test_an_experts_outline_runs_along_the_experts_border(tmp_path: Path) -> None:
    import nibabel as nib

    folder = DATA / "camus" / "patient0002"
    image, truth = (
        np.ascontiguousarray(np.asarray(nib.load(folder / f"patient0002_4CH_{n}.nii.gz").dataobj).T)
        for n in ("ED", "ED_gt")
    )
    sequence = EchoSequence(image.astype(np.uint8)[None], spacing=(0.308, 0.308))
    mask = truth.astype(np.uint8)
    draw_picture(tmp_path / "a.png", sequence, mask[None], title="patient0002 · A4C")
    still = make_still(Display.of(sequence), sequence.frames[0], mask, "")
    assert find(read(tmp_path / "a.png"), still.pixels) is not None
    colored = np.ptp(still.pixels.astype(int), axis=2) > 60
    y, x = np.nonzero(colored)
    rows, columns = (
        np.clip((v * n / m).astype(int), 3, n - 4)
        for v, n, m in zip((y, x), mask.shape, colored.shape, strict=True)
    )
    mixed = [
        np.ptp(mask[r - 3 : r + 4, c - 3 : c + 4]) > 0 for r, c in zip(rows, columns, strict=True)
    ]
    assert np.mean(mixed) > 0.97
