"""Masks edited by their anatomy: sliders, neighbours that follow, and a record of who did what."""

from cardiac.apps.viewer.editing.audit import AuditEntry, AuditLog, Version
from cardiac.apps.viewer.editing.export import export_reviewed
from cardiac.apps.viewer.editing.review import DECISIONS, Review
from cardiac.apps.viewer.editing.run import Case, RunFolder
from cardiac.apps.viewer.editing.session import Session
from cardiac.apps.viewer.editing.sliders import Slider
from cardiac.apps.viewer.editing.state import Key, Preview, State

__all__ = [
    "DECISIONS",
    "AuditEntry",
    "AuditLog",
    "Case",
    "Key",
    "Preview",
    "Review",
    "RunFolder",
    "Session",
    "Slider",
    "State",
    "Version",
    "export_reviewed",
]
