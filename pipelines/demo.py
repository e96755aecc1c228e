"""The demo: from the real four-chamber cine that ships inside pydicom to masks with a certificate.

python pipelines/demo.py
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from pydicom.data import get_testdata_file

from cardiac.cli.app import run

OUT = Path("out/demo")
SAMPLE = "examples_ybr_color.dcm"


def main() -> int:
    """Run ``cardiac process`` on the sample and name the files it wrote."""
    sample = get_testdata_file(SAMPLE, download=False)
    if sample is None:
        sys.stderr.write(f"{SAMPLE} is not in this installation of pydicom\n")
        return 1
    shutil.rmtree(OUT, ignore_errors=True)
    code = run("process", str(sample), "--out", str(OUT))
    for path in sorted(p for p in OUT.rglob("[!.]*") if p.is_file()):
        sys.stdout.write(f"{path}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
