"""Files in and out: one file per format, one registry, manifests and writers."""

from cardiac.io.camus import read_camus
from cardiac.io.describe import describe
from cardiac.io.files import write_atomically
from cardiac.io.inputs import Listing, PassedOver, find_inputs, list_inputs
from cardiac.io.item import InputItem, read_item
from cardiac.io.masks import read_map, read_mask
from cardiac.io.region import sector_region
from cardiac.io.registry import FORMATS, Format, read
from cardiac.io.write import (
    write_float_map,
    write_image,
    write_mask,
    write_share_map,
)

__all__ = [
    "FORMATS",
    "Format",
    "InputItem",
    "Listing",
    "PassedOver",
    "describe",
    "find_inputs",
    "list_inputs",
    "read",
    "read_camus",
    "read_item",
    "read_map",
    "read_mask",
    "sector_region",
    "write_atomically",
    "write_float_map",
    "write_image",
    "write_mask",
    "write_share_map",
]
