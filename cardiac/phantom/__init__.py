"""Cines with known truth: made from nothing, or from two expert masks and their images."""

from cardiac.phantom.cine import PhantomCine
from cardiac.phantom.synthetic import synthetic_cine

__all__ = ["PhantomCine", "synthetic_cine"]
