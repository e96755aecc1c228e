"""Modules that every object shares: patient, study, equipment, identity (PS3.3 annex C)."""

from __future__ import annotations

import hashlib
import io
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.apps.export.dicom.codes import PRIVATE, RETAIN_UIDS
from cardiac.apps.export.dicom.source import OPTIONAL, PATIENT, STUDY, Source
from cardiac.apps.export.dicom.values import valid_value
from cardiac.apps.export.maker import MANUFACTURER, NAME, Maker

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


def new_object(sop_class: str, source: Source, maker: Maker, *, anonymous: bool) -> Dataset:
    """A data set with the modules of patient, study, equipment and identity.

    Args:
        sop_class: Its class.
        source: The cine that lends its patient and study, so that an archive files the object
            beside it.
        maker: Who made it.
        anonymous: Copy nothing of patient and study but the identifiers without which the
            object could not name its source frames.
    """
    from pydicom.dataset import Dataset

    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID = sop_class
    for keyword in (*PATIENT, *STUDY):
        setattr(made, keyword, "")
    made.StudyInstanceUID = source.uid("StudyInstanceUID")
    if anonymous:
        made.PatientIdentityRemoved = "YES"
        made.DeidentificationMethod = "patient and study not copied"
        made.DeidentificationMethodCodeSequence = [RETAIN_UIDS.item()]
    else:
        for keyword in (*PATIENT, *STUDY, *OPTIONAL):
            value = valid_value(source.header, keyword)
            if value is not None:
                setattr(made, keyword, value)
    made.Manufacturer = MANUFACTURER
    made.ManufacturerModelName = NAME
    made.DeviceSerialNumber = maker.serial
    made.SoftwareVersions = maker.version
    _add_times(made, source, maker.made)
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


def private_scheme() -> Dataset:
    """What the scheme of the private codes is, for objects that use one (PS3.3 C.12.1)."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodingSchemeDesignator = PRIVATE
    item.CodingSchemeName = "Codes of the cardiac package"
    item.CodingSchemeResponsibleOrganization = MANUFACTURER
    return item


def referenced_image(source: Source, frames: tuple[int, ...] = ()) -> Dataset:
    """A reference to the source, or to some of its frames (counted from 0 here, from 1 there)."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = source.uid("SOPClassUID")
    item.ReferencedSOPInstanceUID = source.uid("SOPInstanceUID")
    if frames and source.multiframe:
        item.ReferencedFrameNumber = [frame + 1 for frame in frames]
    return item


def referenced_series(source: Source, keyword: str) -> Dataset:
    """The series of the source with the source in it.

    Args:
        source: The cine.
        keyword: Name of the sequence of instances: images and reports call it differently.
    """
    from pydicom.dataset import Dataset

    item = Dataset()
    item.SeriesInstanceUID = source.uid("SeriesInstanceUID")
    setattr(item, keyword, [referenced_image(source)])
    return item


def hashed_uid(*parts: str) -> str:
    """A unique identifier (PS3.5 B.2) that is the same whenever the parts are."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, chr(0).join(parts)).int}"


def finish(made: Dataset) -> bytes:
    """Give a data set its identifiers, made from its content, and encode it as a file.

    What has the same content has the same identifiers, and what differs in anything differs
    in them: an archive that gets an object twice keeps it once.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import dcmwrite
    from pydicom.uid import UID

    digest = hashlib.sha256(_encoded(made)).hexdigest()
    made.SOPInstanceUID = UID(hashed_uid(digest, "instance"))
    made.SeriesInstanceUID = UID(hashed_uid(digest, "series"))
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    made.file_meta.ImplementationVersionName = "CARDIAC"
    buffer = io.BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def _encoded(made: Dataset) -> bytes:
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, made)
    return bytes(buffer.getvalue())


def save(made: Dataset, path: str | Path) -> Path:
    """Write a finished data set.

    Raises:
        OutputError: It cannot be written.
    """
    from cardiac.io.files import write_atomically

    path = Path(path)
    write_atomically(path, finish(made))
    return path
