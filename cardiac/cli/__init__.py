"""Command line: the console script ``cardiac``."""

from cardiac.cli.app import main

__all__ = ["main"]
