"""A manifest made from a tree of files."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from cardiac.errors import SettingsError
from cardiac.io import echonet
from cardiac.io.dicom_header import read_view, view_from_text
from cardiac.io.files import csv_cell
from cardiac.io.inputs import find_inputs
from cardiac.io.item import InputItem
from cardiac.io.registry import find_format, stem
from cardiac.sequence import View

BUILT = ("path", "id", "patient", "view", "ed_frame", "es_frame")
"""Columns of a manifest that is made; calibration stays with the files."""
_TAGS = [
    "ViewCodeSequence",
    "ViewName",
    "StageName",
    "SeriesDescription",
    "ProtocolName",
    "ImageComments",
]


def build_manifest(folder: Path, base: Path) -> list[dict[str, str]]:
    """List the cines of a CAMUS, EchoNet, DICOM or other tree.

    No pixels are read. The view is that of the DICOM tags (ViewCodeSequence first), else of the
    file's name, else ``unknown``.

    Args:
        folder: The tree.
        base: Folder that the paths are to be relative to.

    Returns:
        Rows with the columns of :data:`BUILT`, in the order in which a batch would go.

    Raises:
        SettingsError: The folder holds no cine.
    """
    items = [item for item in find_inputs([folder]) if item.error is None]
    if not items:
        raise SettingsError("holds no file that can be read.", path=folder, hint="Check the path.")
    base = base.resolve()
    return [_row(item, base) for item in items]


def manifest_csv(rows: list[dict[str, str]]) -> str:
    """Rows of a manifest as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, BUILT, lineterminator="\n")
    writer.writeheader()
    # An id begins with no sign of a formula, and a path that does is told from here.
    signs = ("=", "+", "-", "@")
    for row in rows:
        path = f"./{row['path']}" if row["path"].startswith(signs) else row["path"]
        writer.writerow(row | {"path": path, "patient": str(csv_cell(row["patient"]))})
    return text.getvalue()


def _row(item: InputItem, base: Path) -> dict[str, str]:
    # On another drive there is no relative path.
    path = item.path.resolve() if item.path.is_dir() else item.path.absolute()
    try:
        shown = os.path.relpath(path, base)
    except ValueError:
        shown = str(path)
    return {
        "path": Path(shown).as_posix(),
        "id": item.id,
        "patient": item.patient or "",
        "view": str(_view_of(item)),
        "ed_frame": ";".join(map(str, item.ed_frames)),
        "es_frame": ";".join(map(str, item.es_frames)),
    }


def _view_of(item: InputItem) -> View:
    if item.view is not View.UNKNOWN or item.path.is_dir():
        return item.view
    known = find_format(item.path)
    view = _dicom_view(item.path) if known and known.module == "dicom" else View.UNKNOWN
    if view is not View.UNKNOWN:
        return view
    if item.path.parent.name == "Videos" and echonet.is_folder(item.path.parent.parent):
        return View.UNKNOWN if "psax" in str(item.path).lower() else View.A4C
    return view_from_text(stem(item.path))


def _dicom_view(path: Path) -> View:
    import pydicom

    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS))
        return read_view(dataset)[0]
    except Exception:  # a damaged file is told when it is read; here it has no view
        return View.UNKNOWN
