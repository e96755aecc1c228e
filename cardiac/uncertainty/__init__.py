"""How far masks and numbers can be trusted: maps, scores, intervals, triage."""

import lazy_loader

# Settings are read to print a help text, which must not load the models.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
