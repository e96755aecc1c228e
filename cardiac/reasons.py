"""Reasons: why a number is missing, a sequence uncertified or a case to be reviewed, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHOWN_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, kept apart from the sentence that it becomes on a screen.

    Attributes:
        code: What it is, in snake case, the same in every version: what programs compare,
            group and count.
        text: The sentence that people read, without the frames and without a full stop.
        frames: The frames it is about, counted from 0; empty where it is about all of them.
        general: The sentence for several cases together, without the numbers of one of them;
            ``text`` itself where it names none.
    """

    code: str
    text: str
    frames: tuple[int, ...] = ()
    general: str = ""

    def __str__(self) -> str:
        """The sentence with its frames: at most five are named, the rest counted."""
        if not self.frames:
            return self.text
        shown = ", ".join(map(str, self.frames[:SHOWN_FRAMES]))
        more = len(self.frames) - SHOWN_FRAMES
        rest = f" and {more} more" if more > 0 else ""
        return f"{self.text} in frame{'s' * (len(self.frames) > 1)} {shown}{rest}"

    def plain(self) -> dict[str, Any]:
        """The reason as JSON has it; what is empty is left out."""
        told: dict[str, Any] = {"code": self.code, "text": self.text}
        if self.frames:
            told["frames"] = list(self.frames)
        if self.general:
            told["general"] = self.general
        return told

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Reason:
        """The reason that :meth:`plain` told."""
        frames = tuple(int(frame) for frame in told.get("frames", ()))
        return cls(str(told["code"]), str(told["text"]), frames, str(told.get("general", "")))


def sentence(reasons: Iterable[Reason]) -> str:
    """Reasons as one line of text for a table or a terminal; "" without any."""
    return "; ".join(map(str, reasons))


def codes(reasons: Sequence[Reason]) -> str:
    """The codes of reasons, each once, space-separated as programs read them."""
    return " ".join(dict.fromkeys(reason.code for reason in reasons))
