"""The bank holds valid shapes only and finds the nearest one exactly."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.errors import SettingsError
from cardiac.shape import Bank, valid_codes


def test_every_code_in_the_bank_is_valid(trained):
    assert valid_codes(trained.model, trained.bank.codes).all()


def test_the_nearest_code_is_the_nearest(trained):
    bank = trained.bank
    queries = trained.model.sample(20, seed=9)
    codes, distance = bank.nearest(queries, k=3)
    either = np.concatenate([bank.codes, trained.model.mirror(bank.codes)])
    gap = np.linalg.norm((queries[:, None] - either[None]) / bank.scale, axis=-1)
    np.testing.assert_allclose(distance, np.sort(gap, axis=1)[:, :3])
    np.testing.assert_allclose(codes[:, 0], either[gap.argmin(axis=1)])


def test_a_code_of_the_bank_is_its_own_neighbour(trained):
    codes, distance = trained.bank.nearest(trained.bank.codes[5])
    assert distance[0, 0] == 0
    assert (codes[0, 0] == trained.bank.codes[5]).all()


def test_more_neighbours_than_codes_are_all_of_them():
    codes, distance = Bank(np.eye(3), np.ones(3)).nearest(np.zeros(3), k=10)
    assert codes.shape == (1, 3, 3)
    assert np.allclose(distance, 1)


def test_a_bank_is_never_empty():
    with pytest.raises(SettingsError):
        Bank(np.zeros((0, 3)), np.ones(3))
