"""A profile keeps at least the share of the experts' masks that it was calibrated for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cardiac.anatomy import PUBLISHED, Profile, calibrate, load_profile
from cardiac.errors import SettingsError


def _values(n: int = 1000) -> np.ndarray:
    values = np.zeros((n, 12))
    values[:, 8] = 0.1
    values[:, 9] = np.linspace(0, 0.3, n)
    values[:, 10] = 0.5
    values[:, 11] = 2.0
    return values


def test_calibration_reaches_the_share_and_widens_only_what_must_be() -> None:
    profile = calibrate([_values()], share=0.99)
    assert profile.within(_values()).all(axis=1).mean() >= 0.99
    assert 0.25 < profile.bounds[9] < 0.3
    assert np.delete(profile.bounds, 9).tolist() == np.delete(PUBLISHED.bounds, 9).tolist()


def test_a_lower_bound_is_widened_downwards() -> None:
    values = _values()
    values[:, 9] = 0
    values[:, 10] = np.linspace(0.01, 0.5, len(values))
    profile = calibrate([values], share=0.95)
    assert profile.bounds[10] < PUBLISHED.bounds[10]
    assert profile.within(values).all(axis=1).mean() >= 0.95


def test_every_resolution_must_reach_the_share() -> None:
    coarse = _values()
    coarse[:, 9] *= 2
    profile = calibrate([_values(), coarse], share=0.99)
    assert profile.within(coarse).all(axis=1).mean() >= 0.99


def test_experts_with_holes_cannot_be_calibrated_away() -> None:
    values = _values()
    values[:100, 0] = 5
    with pytest.raises(SettingsError, match="only"):
        calibrate([values], share=0.99)


def test_no_masks_no_profile() -> None:
    with pytest.raises(SettingsError):
        calibrate([])


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    profile = calibrate([_values()], name="mine", provenance={"masks": 1000})
    profile.save(tmp_path / "mine.json")
    assert load_profile(tmp_path / "mine.json") == profile


def test_shipped_profiles_say_where_they_come_from() -> None:
    assert load_profile("published") is PUBLISHED
    camus = load_profile("camus")
    assert camus.provenance["masks"] == 798
    assert min(camus.provenance["share_valid"].values()) >= 0.99


def test_an_unknown_or_broken_profile_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no profile"):
        load_profile("nonesuch")
    (tmp_path / "bad.json").write_text('{"name": "x", "bounds": [1, 2]}')
    with pytest.raises(SettingsError):
        load_profile(tmp_path / "bad.json")
    with pytest.raises(SettingsError):
        Profile("nan", (np.nan,) * 12)
