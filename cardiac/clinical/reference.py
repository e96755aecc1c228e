"""Reference ranges and EF grades. Societies differ, so no grade comes without its table's name."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cardiac.errors import SettingsError

DEFAULT_TABLE = "ase-eacvi-2015"


class Grade(NamedTuple):
    """A grade and the table it is taken from.

    Attributes:
        grade: Words of the table, or None where it cannot be told.
        table: Title of the table.
        reason: Why there is no grade; "" where there is one.
    """

    grade: str | None
    table: str
    reason: str = ""


@cache
def load_tables(path: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """Reference tables by name, from the shipped file or one of the same form.

    Raises:
        SettingsError: The file is absent or is no such table.
    """
    import yaml

    shipped = resources.files(__package__) / "reference_ranges.yaml"
    source = shipped if path is None else Path(path)
    try:
        tables = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"no reference tables can be read ({error})", path=path) from error
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise SettingsError("the file holds no reference tables", path=path)
    return tables


def _table(name: str, path: str | Path | None) -> dict[str, Any]:
    tables = load_tables(path)
    if name not in tables:
        raise SettingsError(
            f"there is no reference table {name!r}", hint=f"Take one of {', '.join(tables)}."
        )
    return tables[name]


def grade_ef(
    ef_percent: float | None,
    sex: str | None = None,
    table: str = DEFAULT_TABLE,
    *,
    path: str | Path | None = None,
) -> Grade:
    """Grade an ejection fraction, rounded to a whole percent as the tables are.

    Where grades depend on the sex and it is not known, there is a grade only if both agree.

    Args:
        ef_percent: EF, or None where it is missing.
        sex: "M", "F" or None.
        table: Name of a table.
        path: File with other tables.

    Raises:
        SettingsError: There is no such table, or it grades no EF.
    """
    content = _table(table, path)
    title = str(content.get("title", table))
    grades = content.get("ef_grades")
    if not grades:
        raise SettingsError(f"the table {table!r} grades no ejection fraction")
    if ef_percent is None or not np.isfinite(ef_percent):
        return Grade(None, title, "the ejection fraction is missing")
    whole = int(np.floor(ef_percent + 0.5))
    steps = _of_sex(grades, sex)
    found = {next((str(g) for least, g in s if whole >= least), str(s[-1][1])) for s in steps}
    if len(found) > 1:
        return Grade(None, title, "the sex is not known and the grade depends on it")
    return Grade(found.pop(), title)


def reference_range(
    name: str,
    sex: str | None = None,
    table: str = DEFAULT_TABLE,
    *,
    path: str | Path | None = None,
) -> tuple[float | None, float | None] | None:
    """Normal (low, high) of an index; None where the table has none, or not without the sex."""
    ranges = _table(table, path).get("ranges", {})
    if name not in ranges:
        return None
    found = {tuple(limits) for limits in _of_sex(ranges[name], sex)}
    if len(found) > 1:
        return None
    low, high = found.pop()
    return low, high


def _of_sex(entry: dict[str, Any], sex: str | None) -> list[Any]:
    """What a table says of one sex, or of both where it is not known."""
    if "any" in entry:
        return [entry["any"]]
    return [entry[sex]] if sex in entry else list(entry.values())
