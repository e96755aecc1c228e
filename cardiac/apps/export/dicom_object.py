"""What every DICOM object has in common: patient, study, equipment, identity, and its file."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from cardiac.apps.export.provenance import MANUFACTURER, NAME, Provenance
from cardiac.apps.export.source import OPTIONAL, PATIENT, STUDY, Source, valid_value
from cardiac.io.files import write_atomically

PRIVATE = "99CARDIAC"
"""Scheme of the codes that no public scheme has; the prefix 99 is kept free for such (PS3.16 8)."""


def private_code(value: str, meaning: str) -> Code:
    """A code of this project's own: at most 16 and 64 characters."""
    return Code(value, PRIVATE, meaning)


def code_item(code: Code) -> Dataset:
    """A code as an item of a code sequence (PS3.3 section 8)."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def private_scheme() -> Dataset:
    """What the scheme of the private codes is, for objects that use one (PS3.3 C.12.1)."""
    item = Dataset()
    item.CodingSchemeDesignator = PRIVATE
    item.CodingSchemeName = "Codes of the cardiac package"
    item.CodingSchemeResponsibleOrganization = MANUFACTURER
    return item


def set_uid(dataset: Dataset, keyword: str, value: str) -> None:
    """Write an identifier of the source as it is, even one with leading zeros."""
    dataset.add(DataElement(Tag(keyword), "UI", value, validation_mode=IGNORE))


def new_object(
    sop_class: str, source: Source, provenance: Provenance, *, anonymous: bool
) -> Dataset:
    """A data set with the modules of patient, study, equipment and identity.

    Args:
        sop_class: Its class.
        source: The cine that lends its patient and study, so that an archive files the object
            beside it.
        provenance: What made it.
        anonymous: Copy nothing of patient and study but the identifiers without which the
            object could not name its source frames.
    """
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID = sop_class
    for keyword in (*PATIENT, *STUDY):
        setattr(made, keyword, "")
    set_uid(made, "StudyInstanceUID", source.uid("StudyInstanceUID"))
    if anonymous:
        made.PatientIdentityRemoved = "YES"
        made.DeidentificationMethod = "patient and study not copied"
        made.DeidentificationMethodCodeSequence = [code_item(codes.DCM.RetainUidsOption)]
    else:
        for keyword in (*PATIENT, *STUDY, *OPTIONAL):
            value = valid_value(source.header, keyword)
            if value is not None:
                setattr(made, keyword, value)
    made.Manufacturer = MANUFACTURER
    made.ManufacturerModelName = NAME
    made.DeviceSerialNumber = provenance.serial
    made.SoftwareVersions = provenance.version
    _add_times(made, source, provenance.made)
    made.InstanceNumber = 1
    return made


def _add_times(made: Dataset, source: Source, when: datetime) -> None:
    """Content date and time, on the clock of the study where that is told."""
    offset = valid_value(source.header, "TimezoneOffsetFromUTC")
    zone = _zone(offset) or when.astimezone().tzinfo
    local = when.astimezone(zone)
    made.ContentDate = made.SeriesDate = local.strftime("%Y%m%d")
    made.ContentTime = made.SeriesTime = local.strftime("%H%M%S.%f")
    made.TimezoneOffsetFromUTC = local.strftime("%z")[:5]


def _zone(offset: str | None) -> timezone | None:
    if offset is None or len(offset) != 5 or offset[0] not in "+-" or not offset[1:].isdigit():
        return None
    minutes = 60 * int(offset[1:3]) + int(offset[3:])
    if minutes >= 24 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def referenced_image(source: Source, frames: tuple[int, ...] = ()) -> Dataset:
    """A reference to the source, or to some of its frames (counted from 0 here, from 1 there)."""
    item = Dataset()
    set_uid(item, "ReferencedSOPClassUID", source.uid("SOPClassUID"))
    set_uid(item, "ReferencedSOPInstanceUID", source.uid("SOPInstanceUID"))
    if frames and source.multiframe:
        item.ReferencedFrameNumber = [frame + 1 for frame in frames]
    return item


def referenced_series(sources: Iterable[Source], keyword: str) -> list[Dataset]:
    """The series of some cines with the cines in them, each once.

    Args:
        sources: The cines.
        keyword: Name of the sequence of instances: images and reports call it differently.
    """
    series: dict[str, Dataset] = {}
    instances: dict[str, dict[str, Dataset]] = {}
    for source in sources:
        name = source.uid("SeriesInstanceUID")
        if name not in series:
            series[name] = Dataset()
            set_uid(series[name], "SeriesInstanceUID", name)
        images = instances.setdefault(name, {})
        images.setdefault(source.uid("SOPInstanceUID"), referenced_image(source))
    for name, item in series.items():
        setattr(item, keyword, list(instances[name].values()))
    return list(series.values())


def hashed_uid(*parts: str) -> str:
    """A unique identifier (PS3.5 B.2) that is the same whenever the parts are."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, chr(0).join(parts)).int}"


def finish(made: Dataset) -> bytes:
    """Give a data set its identifiers, made from its content, and encode it as a file.

    What has the same content has the same identifiers, and what differs in anything differs
    in them: an archive that gets an object twice keeps it once.
    """
    digest = hashlib.sha256(_encoded(made)).hexdigest()
    made.SOPInstanceUID = UID(hashed_uid(digest, "instance"))
    made.SeriesInstanceUID = UID(hashed_uid(digest, "series"))
    syntax = getattr(made, "file_meta", FileMetaDataset()).get("TransferSyntaxUID")
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(syntax or ExplicitVRLittleEndian)
    made.file_meta.ImplementationVersionName = "CARDIAC"
    buffer = io.BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def _encoded(made: Dataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, made)
    return bytes(buffer.getvalue())


def save(made: Dataset, path: str | Path) -> Path:
    """Write a finished data set.

    Raises:
        OutputError: It cannot be written.
    """
    path = Path(path)
    write_atomically(path, finish(made))
    return path
