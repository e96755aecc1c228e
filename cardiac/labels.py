"""The structures of an apical view, as CAMUS numbers them."""

from __future__ import annotations

from enum import IntEnum


class Label(IntEnum):
    """Pixel value of a structure in every mask that is read or written."""

    BACKGROUND = 0
    LV = 1
    MYOCARDIUM = 2
    LA = 3

    @property
    def title(self) -> str:
        """Name to show to a reader."""
        return _TITLES[self]

    @property
    def color(self) -> tuple[int, int, int]:
        """Red, green and blue (0 to 255) of the Okabe-Ito palette, told apart by all."""
        return _COLORS[self]

    @property
    def snomed(self) -> str | None:
        """SNOMED CT code, or None for the background."""
        return _SNOMED[self]


_TITLES = {
    Label.BACKGROUND: "background",
    Label.LV: "left ventricle",
    Label.MYOCARDIUM: "myocardium",
    Label.LA: "left atrium",
}
_COLORS = {
    Label.BACKGROUND: (0, 0, 0),
    Label.LV: (230, 159, 0),
    Label.MYOCARDIUM: (0, 158, 115),
    Label.LA: (86, 180, 233),
}
_SNOMED = {
    Label.BACKGROUND: None,
    Label.LV: "87878005",
    Label.MYOCARDIUM: "49848007",
    Label.LA: "82471001",
}
STRUCTURES = (Label.LV, Label.MYOCARDIUM, Label.LA)
