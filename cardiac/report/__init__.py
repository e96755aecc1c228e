"""Pictures, videos and pages for a reader of echo: contours on the images, curves, verdicts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
