"""``--config FILE``: the settings of one job as YAML, under what is given on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cyclopts
import yaml
from cyclopts.argument import ArgumentCollection, update_argument_collection

from cardiac.errors import SettingsError, UnreadableFileError

Source = Callable[[cyclopts.App, tuple[str, ...], ArgumentCollection], None]


def settings_file(path: Path) -> Source:
    """Read a file of settings.

    Cyclopts' own reader drops keys that are names of jobs too, such as ``correct``,
    ``report`` and ``manifest``, without a word; this one takes every key or refuses it.

    Raises:
        UnreadableFileError: The file cannot be read.
        SettingsError: It is not YAML with one value for each name.
    """
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError("these settings cannot be read.", path=path) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"this is no YAML: {error}", path=path) from error
    if not isinstance(settings, dict) or not all(isinstance(key, str) for key in settings):
        raise SettingsError("settings are lines of 'name: value'.", path=path)

    def source(
        app: cyclopts.App, _commands: tuple[str, ...], arguments: ArgumentCollection
    ) -> None:
        apps = app.app_stack.stack[-1]
        update_argument_collection(
            settings, str(path), arguments, apps, root_keys=(), allow_unknown=False
        )

    return source
