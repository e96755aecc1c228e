"""Names and colours of the labels for programs that open the NIfTI masks."""

from __future__ import annotations

from pathlib import Path

from cardiac.io import write_atomically
from cardiac.labels import Label

ITK_SNAP = "labels.txt"
SLICER = "labels.ctbl"
_RULE = "#" * 48
_ITK_SNAP_HEAD = f"""{_RULE}
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Where:
#    IDX:   Zero-based index
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    MSH:   Label mesh visibility (0 or 1)
#  LABEL:   Label description
{_RULE}
"""


def itk_snap_labels() -> str:
    """Label descriptions for ITK-SNAP (Segmentation, Import Label Descriptions)."""
    lines = []
    for label in Label:
        shown = int(label is not Label.BACKGROUND)
        name = label.title if shown else "Clear Label"
        red, green, blue = label.color
        lines.append(
            f'{label:5d}{red:6d}{green:5d}{blue:5d}{shown:9d}{shown:3d}{shown:3d}    "{name}"\n'
        )
    return _ITK_SNAP_HEAD + "".join(lines)


def slicer_colors() -> str:
    """Colour table for 3D Slicer; spaces in names are underscores, as its format wants."""
    lines = ["# Color table: value name red green blue alpha\n"]
    for label in Label:
        shown = 255 * (label is not Label.BACKGROUND)
        red, green, blue = label.color
        lines.append(f"{int(label)} {label.title.replace(' ', '_')} {red} {green} {blue} {shown}\n")
    return "".join(lines)


def write_labels(folder: str | Path) -> list[Path]:
    """Write ``labels.txt`` (ITK-SNAP) and ``labels.ctbl`` (3D Slicer) into a folder.

    Raises:
        OutputError: They cannot be written.
    """
    folder = Path(folder)
    files = []
    for name, text in ((ITK_SNAP, itk_snap_labels()), (SLICER, slicer_colors())):
        write_atomically(folder / name, text.encode())
        files.append(folder / name)
    return files
