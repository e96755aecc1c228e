"""Latent spaces of hearts: masks to codes and back, with attributes that can be set."""

import lazy_loader

# Modules are loaded when they are used: reading the settings must cost nothing.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
