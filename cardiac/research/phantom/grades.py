"""How a corruption is asked for: a name, a grade from 1 to 3, and a stream of its own."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cardiac.errors import SettingsError

GRADES = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Request:
    """One corruption: ``name`` at ``grade``, written "name:grade"."""

    name: str
    grade: int

    def __str__(self) -> str:
        return f"{self.name}:{self.grade}"

    def rng(self, seed: int) -> np.random.Generator:
        """The random stream of this corruption.

        It depends on the name, not on what else is asked for: a corruption is the same alone
        and combined, and its grades differ in strength, not in place.
        """
        return np.random.default_rng([seed, zlib.crc32(self.name.encode())])


def parse_requests(requests: str | Sequence[str], known: Collection[str]) -> tuple[Request, ...]:
    """Requests in the order of ``known``, whatever order they were written in.

    Args:
        requests: "shadow:2", "shadow" (grade 2), or several of them.
        known: Names there are, in the order in which they are applied.

    Raises:
        SettingsError: An unknown name, a grade other than 1, 2 or 3, or a name twice.
    """
    found = []
    for text in [requests] if isinstance(requests, str) else requests:
        name, _, grade = text.partition(":")
        if name not in known:
            hint = f"There are: {', '.join(known)}."
            raise SettingsError(f"there is no corruption {name!r}", hint=hint)
        if (grade or "2") not in ("1", "2", "3"):
            raise SettingsError(f"the grade of {text!r} is not 1, 2 or 3")
        found.append(Request(name, int(grade or 2)))
    names = [request.name for request in found]
    if len(set(names)) < len(names):
        raise SettingsError("a corruption is asked for twice", hint="Give each name once.")
    order = list(known)
    return tuple(sorted(found, key=lambda request: order.index(request.name)))
