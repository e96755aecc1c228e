"""Bounds of the twelve criteria: the published ones, and those calibrated on experts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import SettingsError

AT_LEAST = (10,)
"""Columns of the criteria that have a lower bound (wall thinning); the others have an upper."""
CONTINUOUS = (8, 9, 10, 11)
"""Columns whose bound can be calibrated; the others count pixels, of which none is allowed."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One bound for each criterion.

    Attributes:
        name: What a certificate calls it.
        bounds: Twelve numbers in the order of `cardiac.anatomy.CRITERIA`.
        provenance: Where the bounds come from.
    """

    name: str
    bounds: tuple[float, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.bounds) != 12 or not np.isfinite(self.bounds).all():
            raise SettingsError(f"profile {self.name!r} needs twelve finite bounds")

    def within(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which values (..., 12) keep their bound; NaN does not."""
        limits = np.asarray(self.bounds)
        valid = np.asarray(values <= limits)
        for column in AT_LEAST:
            valid[..., column] = values[..., column] >= limits[column]
        return valid

    def save(self, path: str | Path) -> None:
        """Write the profile as JSON."""
        content = {"name": self.name, "bounds": self.bounds, "provenance": self.provenance}
        Path(path).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


PUBLISHED = Profile(
    "published",
    (0, 0, 0, 0, 0, 0, 0, 0, 0.40, 0.11, 0.12, 4.15),
    {"source": "Painchaud et al., IEEE TMI 41(10), 2022"},
)


def load_profile(name: str | Path) -> Profile:
    """A profile by its name ("published", "camus") or from a JSON file.

    Raises:
        SettingsError: There is no such profile, or the file holds none.
    """
    if str(name) == PUBLISHED.name:
        return PUBLISHED
    shipped = resources.files(__package__) / f"{name}.json"
    source = shipped if shipped.is_file() else Path(name)
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
        return Profile(content["name"], tuple(content["bounds"]), content.get("provenance", {}))
    except FileNotFoundError:
        raise SettingsError(
            f"there is no profile {str(name)!r}", hint="Take published, camus, or a JSON file."
        ) from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise SettingsError(f"no profile can be read here ({error})", path=Path(name)) from error


def calibrate(
    values: Iterable[npt.NDArray[np.float64]],
    share: float = 0.99,
    name: str = "camus",
    provenance: dict[str, Any] | None = None,
) -> Profile:
    """Widen the published bounds just so far that a share of the experts' masks is valid.

    Of the four bounds that are no counts, those that fail more than their part of what may
    be invalid are widened, and share what the others leave of it.

    Args:
        values: Values (n, 12) of `cardiac.anatomy.measure_criteria`, one array for each
            resolution; every one of them must reach the share.
        share: Least share of masks that meet all twelve criteria.
        name: Name of the profile.
        provenance: What to remember of the masks.

    Raises:
        SettingsError: No values, or the share cannot be reached because of the counts.
    """
    groups = [np.asarray(group, dtype=float).reshape(-1, 12) for group in values]
    if not groups or any(len(group) == 0 for group in groups):
        raise SettingsError("a profile cannot be calibrated without masks")
    limits = list(PUBLISHED.bounds)
    invalid = 1 - np.min([PUBLISHED.within(group).mean(axis=0) for group in groups], axis=0)
    tight = [column for column in CONTINUOUS if invalid[column] > (1 - share) / len(CONTINUOUS)]
    spare = (1 - share - np.delete(invalid, tight).sum()) / max(len(tight), 1)
    for column in tight:
        sign = -1 if column in AT_LEAST else 1
        worst = max(
            np.quantile(sign * group[:, column], min(1 - spare, 1.0), method="higher")
            for group in groups
        )
        # Rounded outwards to three digits, so that the bound can be quoted as it is.
        needed = sign * np.ceil(worst * 1000) / 1000
        limits[column] = float(sign * max(sign * limits[column], sign * needed))
    profile = Profile(name, tuple(limits), dict(provenance or {}))
    reached = min(float(profile.within(group).all(axis=1).mean()) for group in groups)
    if reached < share:
        raise SettingsError(
            f"only {reached:.1%} of the masks can be made valid, not {share:.1%}",
            hint="Some have holes, gaps or loose pieces; a bound cannot mend that.",
        )
    return profile
