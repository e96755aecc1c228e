"""A local page to look at a run, edit its masks and decide on its cases."""

from cardiac.apps.viewer.server import Settings, build, serve

__all__ = ["Settings", "build", "serve"]
