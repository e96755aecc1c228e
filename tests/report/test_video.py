from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cardiac.errors import GeometryError, OutputError
from cardiac.geometry import Mask
from cardiac.labels import Label
from cardiac.report import outline, video, write_video
from cardiac.report.display import Display
from cardiac.sequence import EchoSequence

from .conftest import cine


def decoded(path: Path) -> tuple[list[av.VideoFrame], dict[str, str], Fraction]:
    """Frames, metadata and length in s."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        stream = container.streams.video[0]
        return frames, dict(container.metadata), stream.duration * stream.time_base


def test_frames_play_at_the_times_of_the_file(tmp_path: Path) -> None:
    times = np.array([0, 0.021, 0.04, 0.075, 0.09, 0.11])
    sequence, masks = cine(times=times + 3)
    write_video(tmp_path / "a.mp4", sequence, masks)
    frames, metadata, length = decoded(tmp_path / "a.mp4")
    np.testing.assert_allclose([frame.time for frame in frames], times, atol=1e-4)
    assert float(length) == pytest.approx(0.11 + 0.02, abs=1e-3)
    assert "real time" in metadata["comment"]
    assert "Not for clinical use" in metadata["comment"]
    assert metadata["title"] == "a"


@pytest.mark.parametrize(("count", "rate"), [(1, 1), (2, 1), (5, 25), (40, 25)])
def test_without_times_the_rate_is_a_stated_guess(tmp_path: Path, count: int, rate: int) -> None:
    sequence, masks = cine(count, shape=(60, 50))
    write_video(tmp_path / "a.mp4", sequence, masks)
    frames, metadata, length = decoded(tmp_path / "a.mp4")
    assert len(frames) == count
    assert float(length) == pytest.approx(count / rate, abs=1e-3)
    assert ("unknown" in metadata["comment"]) == (count > 1)


def test_it_is_what_browsers_play(tmp_path: Path, beating: tuple[EchoSequence, Mask]) -> None:
    write_video(tmp_path / "a.mp4", *beating)
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert context.name in {"h264", "vp9"}
        assert context.pix_fmt == "yuv420p"
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("shape", [(97, 113), (481, 33), (601, 803), (8, 8), (3, 700)])
def test_any_size_gives_even_sides_and_is_tall_enough(
    tmp_path: Path, shape: tuple[int, int]
) -> None:
    sequence, masks = cine(2, shape)
    write_video(tmp_path / "a.mp4", sequence, masks)
    frame = decoded(tmp_path / "a.mp4")[0][0]
    assert frame.width % 2 == frame.height % 2 == 0
    assert frame.height >= 480 or frame.width > 1024


def test_lines_have_their_colours_and_the_image_stays_grey(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    sequence, masks = beating
    write_video(tmp_path / "a.mp4", sequence, masks)
    frames, _, _ = decoded(tmp_path / "a.mp4")
    display = Display.of(sequence)
    height, width = display.size
    for frame, mask, original in zip(frames, masks, sequence.frames, strict=True):
        rgb = frame.to_ndarray(format="rgb24")[:height, :width].astype(float)
        line = np.zeros((height, width), bool)
        for stroke in outline(mask, display.scale):
            line[stroke.rows, stroke.columns] = True
            solid = (stroke.alpha == 1) & (np.ptp(rgb, axis=2)[stroke.rows, stroke.columns] > 40)
            assert solid.sum() > 50
            seen = rgb[stroke.rows[solid], stroke.columns[solid]].mean(axis=0)
            others = [label for label in Label if label != stroke.label and label]
            off = np.abs(seen - stroke.label.color).max()
            assert off < min(np.abs(seen - label.color).max() for label in others)
        away = ~np.kron(mask, np.ones((display.scale,) * 2, bool))
        away[:, : width // 5] = True
        assert np.ptp(rgb[:, : width // 5], axis=2).mean() < 3
        assert rgb[:, : width // 5].mean() == pytest.approx(
            original[:, : original.shape[1] // 5].mean(), abs=4
        )


def test_outside_the_region_nothing_is_shown(tmp_path: Path) -> None:
    from cardiac.geometry import Region

    sequence, masks = cine(2, shape=(600, 500), region=Region(100, 50, 600, 450))
    write_video(tmp_path / "a.mp4", sequence, masks)
    frame = decoded(tmp_path / "a.mp4")[0][0]
    assert frame.width == 400
    assert 500 < frame.height < 600


def test_the_same_input_gives_the_same_bytes(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    for folder in ("one", "two"):
        write_video(tmp_path / folder / "a.mp4", *beating)
    one, two = ((tmp_path / folder / "a.mp4").read_bytes() for folder in ("one", "two"))
    assert one == two


def test_uncertainty_tints_only_where_it_is(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    sequence, masks = beating
    unsure = np.zeros(masks.shape, np.float32)
    unsure[:, :20, :20] = 1
    write_video(tmp_path / "a.mp4", sequence, np.zeros_like(masks), uncertainty=unsure)
    rgb = decoded(tmp_path / "a.mp4")[0][0].to_ndarray(format="rgb24").astype(float)
    scale = Display.of(sequence).scale
    corner, rest = rgb[: 18 * scale, : 18 * scale], rgb[: 96 * scale, 25 * scale :]
    assert (corner[..., 0] - corner[..., 1]).mean() > 25
    assert abs((rest[..., 0] - rest[..., 1]).mean()) < 3


def test_masks_or_maps_of_another_grid_are_refused(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    sequence, masks = beating
    with pytest.raises(GeometryError):
        write_video(tmp_path / "a.mp4", sequence, masks[:-1])
    with pytest.raises(GeometryError):
        write_video(
            tmp_path / "a.mp4", sequence, masks, uncertainty=masks[:, 1:].astype(np.float32)
        )
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_an_output_error(
    tmp_path: Path, beating: tuple[EchoSequence, Mask]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_video(tmp_path / "file" / "a.mp4", *beating)


@pytest.fixture(params=list(video.ENCODERS))
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = request.param
    if name not in av.codecs_available:
        pytest.skip(f"this PyAV has no {name}")
    monkeypatch.setattr(video, "_encoder", lambda: name)
    return name


def test_every_encoder_at_hand_can_be_used(
    tmp_path: Path, beating: tuple[EchoSequence, Mask], encoder: str
) -> None:
    write_video(tmp_path / "a.mp4", *beating)
    frames, _, _ = decoded(tmp_path / "a.mp4")
    assert len(frames) == len(beating[0])


def test_no_encoder_is_an_output_error(
    tmp_path: Path, beating: tuple[EchoSequence, Mask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "_encoder", lambda: None)
    with pytest.raises(OutputError, match="encoder"):
        write_video(tmp_path / "a.mp4", *beating)
    assert not list(tmp_path.iterdir())
