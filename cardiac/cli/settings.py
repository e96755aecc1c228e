"""Settings of one job: ``--config FILE`` as YAML, and what is said of wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path

import cyclopts
import pydantic
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


def wrong_usage(error: cyclopts.CycloptsError) -> str:
    """What is wrong with a command, in a sentence for each fault."""
    if isinstance(error.__cause__, pydantic.ValidationError):
        return " ".join(_faults(error.__cause__))
    if isinstance(error, cyclopts.UnknownOptionError):
        token = error.token
        name = (token.keyword or token.value).strip("[]")
        place = "" if token.source in ("", "cli") else f" in {token.source}"
        known = [n for argument in error.argument_collection for n in argument.names]
        near = get_close_matches(name, known, n=1, cutoff=0.75)
        hint = f"Did you mean {near[0]}?" if near else "See --help for what there is."
        return f"there is no option {name}{place}. {hint}"
    return str(error).replace("\n", " ")


def _faults(error: pydantic.ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False):
        name = ".".join(str(part) for part in fault["loc"]).replace("_", "-")
        value, message = fault["input"], fault["msg"]
        if fault["type"] == "extra_forbidden":
            yield f"there is no setting {name}."
        elif message.startswith("Input should be "):
            wanted = message.removeprefix("Input should be ").partition(", unable")[0]
            yield f"--{name} is {value}, but must be {wanted}."
        else:
            yield f"--{name}: {message.removeprefix('Value error, ').rstrip('.')}."
