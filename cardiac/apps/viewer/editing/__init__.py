"""Masks edited by their anatomy: sliders, neighbours that follow, and a record of who did what."""

from cardiac.apps.viewer.editing.export import export_reviewed
from cardiac.apps.viewer.editing.review import Review
from cardiac.apps.viewer.editing.session import Session
from cardiac.apps.viewer.editing.sliders import Slider
from cardiac.apps.viewer.editing.state import Key, Preview, State

__all__ = ["Key", "Preview", "Review", "Session", "Slider", "State", "export_reviewed"]
