"""Names and colours reach the programs that open the NIfTI masks."""

from __future__ import annotations

import re

from cardiac.apps.export import write_labels
from cardiac.labels import Label


def test_itk_snap_gets_every_label_with_its_color(tmp_path):
    text, _ = write_labels(tmp_path)
    rows = [line.split(None, 7) for line in text.read_text().splitlines() if line[0] != "#"]
    assert len(rows) == len(Label)
    for row, label in zip(rows, Label, strict=True):
        assert tuple(map(int, row[:4])) == (int(label), *label.color)
        shown = "0" if label is Label.BACKGROUND else "1"
        assert row[4:7] == [shown] * 3
        assert re.fullmatch(r'"[^"]+"', row[7])
    assert rows[1][7] == '"left ventricle"'


def test_slicer_gets_every_label_with_its_color(tmp_path):
    _, table = write_labels(tmp_path)
    rows = [line.split() for line in table.read_text().splitlines() if line[0] != "#"]
    for row, label in zip(rows, Label, strict=True):
        value, name, red, green, blue, alpha = row
        assert (int(value), int(red), int(green), int(blue)) == (int(label), *label.color)
        assert name.replace("_", " ") == label.title
        assert alpha == ("0" if label is Label.BACKGROUND else "255")
