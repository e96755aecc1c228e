"""Real texture in motion: the experts' masks at both ends, a plausible heart in between."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import check, measure
from cardiac.clinical import measure_indices
from cardiac.errors import InputError, SettingsError
from cardiac.geometry import CanonicalGrid, Mask
from cardiac.research.phantom import PhantomCine, real_texture_cine
from cardiac.research.phantom.pair import Pair
from cardiac.temporal.consistency import consistency
from tests.research.phantom.conftest import Stills


def dice(first: Mask, second: Mask, label: int) -> float:
    a, b = first == label, second == label
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def assert_true_to(cine: PhantomCine, stills: Stills) -> None:
    """All that is promised of a cine made from a pair of stills."""
    size = cine.masks.shape[1]
    grid = CanonicalGrid.fit(stills.ed_mask.shape, stills.spacing, size=size)
    ed, es = (grid.majority_labels(mask) for mask in (stills.ed_mask, stills.es_mask))
    for expert, frame in ((ed, cine.ed_frames[0]), (es, cine.es_frames[0])):
        assert min(dice(expert, cine.masks[frame], label) for label in (1, 2, 3)) >= 0.995
    if check(np.stack([ed, es])).valid.all():
        assert check(cine.masks).valid.all()
    values = measure(cine.masks, cine.spacing).values
    assert consistency(values, 1 / cine.frame_rate_hz).frames.all()
    experts = [
        measure_indices(np.stack([ed, es]), cine.spacing, ed_frames=(0,), es_frames=(1,)),
        measure_indices(
            cine.masks, cine.spacing, ed_frames=cine.ed_frames[:1], es_frames=cine.es_frames[:1]
        ),
    ]
    efs = [found.lv_ef_percent for found in experts]
    assert None not in efs
    assert efs[0] == pytest.approx(efs[1], abs=0.5)
    assert cine.ef_percent == pytest.approx(efs[0], abs=0.5)


def test_synthetic_pair_keeps_every_promise(textured: PhantomCine, stills: Stills) -> None:
    assert_true_to(textured, stills)


def test_expert_pairs_keep_every_promise(experts: list[Stills]) -> None:
    for stills in experts:
        assert_true_to(real_texture_cine(*stills, n_frames=50, seed=1), stills)
        images, masks = (stills.ed_image, stills.es_image), (stills.ed_mask, stills.es_mask)
        assert Pair.prepare(images, masks, stills.spacing, 256).flow.least_jacobian() > 0


def test_the_end_frames_show_the_stills(textured: PhantomCine, stills: Stills) -> None:
    grid = CanonicalGrid.fit(stills.ed_image.shape, stills.spacing, size=192)
    pairs = ((stills.ed_image, textured.ed_frames[0]), (stills.es_image, textured.es_frames[0]))
    for image, frame in pairs:
        still = grid.to_canonical(image)
        inside = textured.masks[frame] > 0
        seen = textured.frames[frame][inside].astype(float)
        assert np.corrcoef(seen, still[inside])[0, 1] > 0.95


def test_volume_follows_the_beat(textured: PhantomCine) -> None:
    volumes = textured.volumes_ml
    assert volumes.argmax() in (0, 1, *textured.ed_frames)
    fall = volumes[: textured.es_frames[0] + 1]
    assert (np.diff(fall) < 0.3).all()
    assert volumes.min() == pytest.approx(volumes[textured.es_frames[0]], abs=0.2)


def test_one_seed_gives_one_cine(stills: Stills) -> None:
    made = [real_texture_cine(*stills, n_frames=5, seed=s, size=96) for s in (1, 1, 2)]
    assert np.array_equal(made[0].frames, made[1].frames)
    assert not np.array_equal(made[0].frames, made[2].frames)


def test_beats_can_be_chosen(stills: Stills) -> None:
    cine = real_texture_cine(*stills, n_frames=91, frame_rate=45, beats=2, size=64)
    assert cine.heart_rate_bpm == pytest.approx(60)
    assert cine.ed_frames == (0, 45, 90)
    assert len(cine.es_frames) == 2
    with pytest.raises(SettingsError):
        real_texture_cine(*stills, n_frames=10, frame_rate=50, beats=5)


@pytest.mark.parametrize(
    ("label", "name"), [(1, "left ventricle"), (2, "myocardium"), (3, "left atrium")]
)
def test_a_mask_without_a_structure_is_refused(stills: Stills, label: int, name: str) -> None:
    lacking = np.where(stills.es_mask == label, 0, stills.es_mask).astype(np.uint8)
    with pytest.raises(InputError, match=f"end-systolic.*{name}"):
        real_texture_cine(*stills._replace(es_mask=lacking))


def test_different_sizes_and_unknown_labels_are_refused(stills: Stills) -> None:
    with pytest.raises(InputError, match="sizes differ"):
        real_texture_cine(*stills._replace(es_image=stills.es_image[:-3]))
    with pytest.raises(InputError, match="labels other"):
        real_texture_cine(*stills._replace(ed_mask=stills.ed_mask + np.uint8(2)))
