"""Echocardiography analysis that can be trusted.

>>> import cardiac
>>> sequence = cardiac.read("a4c.dcm")      # doctest: +SKIP
>>> study = cardiac.process(sequence)       # doctest: +SKIP
>>> study.indices.lv_ef_percent            # doctest: +SKIP
"""

import logging

import lazy_loader

__version__ = "0.1.0"

# Names load their modules when they are used: importing the package costs nothing.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

logging.getLogger(__name__).addHandler(logging.NullHandler())
