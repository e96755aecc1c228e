"""Names that tell nobody who it is."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.io.remote import shown_url

if TYPE_CHECKING:
    from cardiac.apps.batch.settings import BatchSettings
    from cardiac.errors import CardiacError
    from cardiac.io import InputItem
    from cardiac.sequence import EchoSequence

_DIGITS = 16


def pseudonym(text: str, salt: str) -> str:
    """A name in place of another: the same for the same text and salt (HMAC-SHA-256).

    Only a secret salt keeps somebody who guesses the text from confirming the guess.
    """
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def hide_ids(items: Sequence[InputItem], batch: BatchSettings) -> list[InputItem]:
    """The items with ids as salted hashes, where a salt is given."""
    if not batch.salt:
        return list(items)
    return [replace(item, id=pseudonym(item.id, batch.salt)) for item in items]


def hide_patient(sequence: EchoSequence, item: InputItem, batch: BatchSettings) -> EchoSequence:
    """The sequence with the patient's number as a hash.

    Without a salt this is for numbers from inside the file: what a list or the file's own name
    calls the patient is shown as it is.
    """
    number = sequence.subject.id
    if number is None or not (batch.salt or _from_inside(number, item, batch)):
        return sequence
    hidden = replace(sequence.subject, id=pseudonym(number, batch.salt or "cardiac"))
    return sequence.replace(subject=hidden)


def _from_inside(number: str, item: InputItem, batch: BatchSettings) -> bool:
    from cardiac.io.camus import parse_name

    name = parse_name(item.path)
    outside = (item.patient, name.patient if name else None)
    return number not in outside and not batch.keep_phi


def shown_item(item: InputItem, batch: BatchSettings) -> InputItem:
    """The item as rows may show it: with a salt, the patient is a hash and the file nameless."""
    if not batch.salt:
        return item
    patient = item.patient and pseudonym(item.patient, batch.salt)
    return replace(item, patient=patient, path=item.path.with_name(item.id))


def shown_error(error: CardiacError, item: InputItem, batch: BatchSettings) -> CardiacError:
    """The error as outputs may tell it: with a salt, without the file's name."""
    if not batch.salt:
        return error
    message = error.message
    urls = (item.url, shown_url(item.url)) if item.url else ()
    for known in (*urls, str(item.path), item.path.name):
        message = message.replace(known, item.id)
    return type(error)(message, path=None, hint=error.hint)


def shown_path(item: InputItem, batch: BatchSettings, out: Path) -> str:
    """How the records name an input: where it lies, or its id where a salt is given.

    What lies beside the output folder is named relative to it, so that both can move together;
    anything else by its absolute path. The folder that a command was given in plays no part.
    """
    if batch.salt:
        return item.id
    if item.url:
        return shown_url(item.url)
    path, base = Path(os.path.abspath(item.path)), Path(os.path.abspath(out))  # noqa: PTH100
    if path.is_relative_to(base.parent):
        return Path(os.path.relpath(path, base)).as_posix()
    return path.as_posix()
