"""Cines with known truth: made from nothing, or from two expert masks and their images."""

from cardiac.research.phantom.cache import cached_cine, default_cache, iterate
from cardiac.research.phantom.cine import PhantomCine
from cardiac.research.phantom.corruptions import CORRUPTIONS, corrupt
from cardiac.research.phantom.curve import BeatCurve
from cardiac.research.phantom.manifest import CineSpec, make_cine, read_manifest, write_manifest
from cardiac.research.phantom.mask_corruptions import MASK_CORRUPTIONS, corrupt_masks
from cardiac.research.phantom.real import real_texture_cine
from cardiac.research.phantom.sheet import picture_sheet, save_sheet
from cardiac.research.phantom.synthetic import synthetic_cine

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
