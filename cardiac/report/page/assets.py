"""Web files of the report: its page, and the player that other pages share."""

from __future__ import annotations

from functools import cache
from importlib import resources

PLAYER = ("player.js", "player.css")
"""What shows a cine with its outlines, for every page of this package."""


@cache
def asset(name: str) -> str:
    """The text of a web file.

    Raises:
        FileNotFoundError: There is none of this name.
    """
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
