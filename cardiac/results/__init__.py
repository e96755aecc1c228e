"""Results: the owner of a run folder, its names of files, its tables and their readers."""

import lazy_loader

# The names of files and columns are asked for where nothing heavy may be loaded.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
