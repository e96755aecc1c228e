"""Masks edited by their anatomy: sliders, neighbours that follow, and a record of who did what."""

from cardiac.editing.audit import AuditEntry, AuditLog, Version
from cardiac.editing.export import export_reviewed
from cardiac.editing.review import DECISIONS, Review
from cardiac.editing.run import Case, RunFolder
from cardiac.editing.session import Session
from cardiac.editing.sliders import Slider
from cardiac.editing.state import Key, Preview, State

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
