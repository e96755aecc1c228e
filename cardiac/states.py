"""States: the closed sets of words that columns of tables, pages and programs share."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What became of an input."""

    OK = "ok"
    FAILED = "failed"
    """It could not be processed; the reason says why."""
    REJECTED = "rejected"
    """A person rejected it in a review."""


class Level(StrEnum):
    """What a row of ``indices.csv`` is about."""

    SEQUENCE = "sequence"
    PATIENT = "patient"
    """Two views of one patient, combined (biplane)."""


class Triage(StrEnum):
    """What a reader should do with a sequence."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"


class ViewSource(StrEnum):
    """Who says which view a sequence shows."""

    MANIFEST = "manifest"
    TAG = "tag"
    """The file's header."""
    NAME = "name"
    """The name of the file."""
    IMAGE = "image"
    """The view network."""


class Action(StrEnum):
    """What was done to the mask of a frame."""

    KEPT = "kept"
    REPAIRED = "repaired"
    """Labels mended in place."""
    MOVED = "moved"
    """Boundaries moved a little to what they do in time."""
    REPLACED = "replaced"
    """Drawn anew from its neighbours and the shape of hearts."""
    EDITED = "edited"
    """Changed by a person in a review."""


CORRECTIONS = (Action.KEPT, Action.REPAIRED, Action.MOVED, Action.REPLACED)
"""What the correction may do to a frame."""


class Phase(StrEnum):
    """Frames of a beat that are measured."""

    ED = "ED"
    ES = "ES"
