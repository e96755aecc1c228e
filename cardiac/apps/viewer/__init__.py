"""A local page to look at a run, edit its masks and decide on its cases."""

from cardiac.apps.viewer.export import export_reviewed
from cardiac.apps.viewer.review import Review
from cardiac.apps.viewer.server import ViewerSettings, build, serve
from cardiac.apps.viewer.session import Session

__all__ = ["Review", "Session", "ViewerSettings", "build", "export_reviewed", "serve"]
