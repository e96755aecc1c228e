"""Values copied from another file: kept where they are valid, left out where they are not."""

from __future__ import annotations

import re
import unicodedata
import warnings
from typing import Any

MAX_UID = 64
_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")
_UNTOLD = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories that no name or number has: controls, halves of pairs, line breaks."""
_GROUPS, _PARTS = 3, 5
"""Writings of a person's name, and parts of each (PS3.5 6.2, PN)."""
_SEXES = ("M", "F", "O")


def valid_uid(value: object) -> str | None:
    """A unique identifier as text, or None where it is none (PS3.5 section 9)."""
    text = "" if value is None else str(value).strip().rstrip("\0")
    return text if len(text) <= MAX_UID and _UID.fullmatch(text) else None


def valid_value(dataset: Any, keyword: str) -> str | None:
    """A single value of a header as text, or None where it is absent, empty or malformed.

    A value that breaks the rules of its type (too long, a date that is none, control
    characters, several values where one belongs) would make a valid object invalid, and a
    value cut short could name somebody else: neither is copied.
    """
    from pydicom.config import RAISE
    from pydicom.valuerep import validate_value

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            element = dataset[keyword]
            if element.VM != 1:
                return None
            text = str(element.value).strip()
        if not text or "\\" in text or any(unicodedata.category(c) in _UNTOLD for c in text):
            return None
        if element.VR == "PN" and not _is_name(text):
            return None
        validate_value(str(element.VR), text, RAISE)
    except Exception:  # whatever a decoder raises on a malformed element: it counts as absent
        return None
    return None if keyword == "PatientSex" and text not in _SEXES else text


def _is_name(text: str) -> bool:
    groups = text.split("=")
    return len(groups) <= _GROUPS and all(group.count("^") < _PARTS for group in groups)


def dropped(dataset: Any, keyword: str) -> bool:
    """Whether a header has a value that `valid_value` leaves out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            present = keyword in dataset and str(dataset[keyword].value or "").strip() != ""
    except Exception:  # as above: present, but beyond reading
        return True
    return present and valid_value(dataset, keyword) is None
