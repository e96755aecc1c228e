"""Files that travel with the package: settings of the commands and lists of patients and cines."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def packaged(path: str | Path) -> Path:
    """A settings file or manifest by its name, from the disk or from inside the package.

    ``configs/process.yaml`` and ``data_manifests/camus.csv`` are meant by the commands'
    defaults and by the documentation. They lie in a checkout's root and are copied into the
    package that is installed, so that these names work from any folder.

    Args:
        path: As a person writes it. What exists on the disk comes first.

    Returns:
        The file on the disk, or the packaged one; ``path`` itself where there is neither.
    """
    given = Path(path)
    if (
        given.exists()
        or given.is_absolute()
        or given.parts[:1]
        not in (
            ("configs",),
            ("data_manifests",),
        )
    ):
        return given
    root = Path(str(resources.files("cardiac")))
    for folder in (root, root.parent):
        found = folder / given
        if found.is_file():
            return found
    return given
