"""Reasons: why a number is missing, a sequence uncertified or a case to be reviewed, as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHOWN_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, kept apart from the sentence that it becomes on a screen.

    Attributes:
        code: What it is, in snake case, the same in every version: what programs compare,
            group and count.
        text: The sentence that people read, without the frames and without a full stop.
        frames: The frames it is about, counted from 0; empty where it is about all of them.
    """

    code: str
    text: str
    frames: tuple[int, ...] = ()

    def __str__(self) -> str:
        """The sentence with its frames: at most five are named, the rest counted."""
        if not self.frames:
            return self.text
        shown = ", ".join(map(str, self.frames[:SHOWN_FRAMES]))
        more = len(self.frames) - SHOWN_FRAMES
        rest = f" and {more} more" if more > 0 else ""
        return f"{self.text} in frame{'s' * (len(self.frames) > 1)} {shown}{rest}"


def sentence(reasons: Iterable[Reason]) -> str:
    """Reasons as one line of text for a table or a terminal; "" without any."""
    return "; ".join(map(str, reasons))


def codes(reasons: Sequence[Reason]) -> str:
    """The codes of reasons for a table's column, space-separated as programs read them."""
    return " ".join(dict.fromkeys(reason.code for reason in reasons))
