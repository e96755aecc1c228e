"""Pictures and videos for a reader of echo: contours on the images, the curve, the scale."""

from cardiac.report.outlines import Stroke, outline, paint
from cardiac.report.picture import draw_picture
from cardiac.report.video import write_video

__all__ = ["Stroke", "draw_picture", "outline", "paint", "write_video"]
