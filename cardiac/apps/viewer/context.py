"""Context of the viewer: the run, its review and the open cases that pages and interface share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cardiac.apps.viewer.atlas import Atlas
    from cardiac.apps.viewer.desks import Desks
    from cardiac.apps.viewer.editing import Review
    from cardiac.results import RunFolder


@dataclass(frozen=True, eq=False, slots=True)
class Viewer:
    """What the pages and the interface share.

    Attributes:
        run: The run.
        review: Who decided what.
        desks: Cases that are worked on.
        peeks: Cases that are looked at from the atlas.
        atlas: Of the run.
    """

    run: RunFolder
    review: Review
    desks: Desks
    peeks: Desks
    atlas: Atlas
