"""What a method of the benchmark is: a name, its settings, and masks made better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cardiac.geometry import Mask
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence

if TYPE_CHECKING:
    from cardiac.research.benchmark.experts import Experts

Correction: TypeAlias = Callable[[Mask, EchoSequence, Segmentation], Mask]
"""Masks (T, H, W), the cine that they belong to and what the network said, to masks (T, H, W)."""
Advance: TypeAlias = Callable[[float], None]
"""Told the share (0 to 1) that is done of something long."""
Value: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class Method:
    """One entry of the registry.

    Attributes:
        name: As the table shows it.
        settings: Everything that changes its masks, the version of its code included: they
            stand in the table, and results are computed again when they change.
        build: Loads or fits what it needs; called once, and only if the method has work.
        learns: Whether it is fitted to the experts' masks.
    """

    name: str
    settings: Mapping[str, Value]
    build: Callable[[Experts, Advance], Correction]
    learns: bool = False

    def settings_with(self, experts: Experts) -> dict[str, Value]:
        """The settings, with what it learned from."""
        return dict(self.settings) | ({"fitted to": experts.source} if self.learns else {})
