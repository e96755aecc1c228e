"""Models and hearts made once for the tests of the rooms that are measured here."""

from tests.shape.conftest import hearts, shapes, trained
from tests.uncertainty.conftest import answer, estimators, weights

__all__ = ["answer", "estimators", "hearts", "shapes", "trained", "weights"]
