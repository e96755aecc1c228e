from .outlines import Stroke, outline, paint
from .page import write_report
from .picture import draw_picture
from .save import save, save_media, save_picture
from .video import write_video

__all__ = [
    "Stroke",
    "draw_picture",
    "outline",
    "paint",
    "save",
    "save_media",
    "save_picture",
    "write_report",
    "write_video",
]
