"""``cardiac manifest``: lists of cines, made and checked."""

from __future__ import annotations

import sys
from pathlib import Path

import cyclopts

app = cyclopts.App(name="manifest", help="Make and check lists of cines.")


@app.command
def build(folder: Path, /, *, out: Path | None = None) -> int:
    """List the cines of a CAMUS, EchoNet, DICOM or other tree as a manifest.

    The view comes from the DICOM tags, else from the file's name, else it is unknown. Correct the
    list by hand where need be and give it to cardiac process.

    Args:
        folder: The tree.
        out: CSV file to write; standard output if left out. Paths in it are relative to its folder.
    """
    from cardiac.io import write_atomically
    from cardiac.io.manifest_build import build_manifest, manifest_csv

    base = out.parent if out is not None else Path.cwd()
    rows = build_manifest(folder, base)
    text = manifest_csv(rows)
    if out is None:
        sys.stdout.write(text)
    else:
        write_atomically(out, text.encode())
    views = sorted({row["view"] for row in rows})
    counts = ", ".join(f"{sum(row['view'] == view for row in rows)} {view}" for view in views)
    sys.stderr.write(f"{len(rows)} cines ({counts})\n")
    return 0


@app.command
def check(manifest: Path, /) -> int:
    """Tell every error of a manifest, with its line. Exit code 0 if there is none, 1 if some.

    Args:
        manifest: CSV or Parquet file.
    """
    from cardiac.io.manifest import check_manifest

    faults = check_manifest(manifest)
    for fault in faults:
        sys.stdout.write(f"{manifest}: {fault.message}\n")
    sys.stdout.write(f"{len(faults)} errors\n" if faults else "no errors\n")
    return 1 if faults else 0
