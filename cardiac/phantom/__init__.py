"""Cines with known truth: made from nothing, or from two expert masks and their images."""

from cardiac.phantom.cache import cached_cine, default_cache, iterate
from cardiac.phantom.cine import PhantomCine
from cardiac.phantom.corruptions import CORRUPTIONS, corrupt
from cardiac.phantom.curve import BeatCurve
from cardiac.phantom.manifest import CineSpec, make_cine, read_manifest, write_manifest
from cardiac.phantom.mask_corruptions import MASK_CORRUPTIONS, corrupt_masks
from cardiac.phantom.real import real_texture_cine
from cardiac.phantom.sheet import picture_sheet, save_sheet
from cardiac.phantom.synthetic import synthetic_cine

__all__ = [
    "CORRUPTIONS",
    "MASK_CORRUPTIONS",
    "BeatCurve",
    "CineSpec",
    "PhantomCine",
    "cached_cine",
    "corrupt",
    "corrupt_masks",
    "default_cache",
    "iterate",
    "make_cine",
    "picture_sheet",
    "read_manifest",
    "real_texture_cine",
    "save_sheet",
    "synthetic_cine",
    "write_manifest",
]
