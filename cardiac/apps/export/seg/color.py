"""Colours as DICOM writes them: CIELab in 16 bits."""

from __future__ import annotations

_FULL = 65535


def cielab(color: tuple[int, int, int]) -> tuple[int, int, int]:
    """An sRGB colour (0 to 255) as CIELab in 16 bits (PS3.3 C.10.7.1.1).

    The white point is sRGB's own (D65): the standard has the D50 of ICC profiles in mind, but
    the toolkits that viewers are made with turn the colour back with D65, and it should look
    the same there as in the pictures.
    """
    import numpy as np
    from skimage.color import rgb2lab

    light, a, b = rgb2lab(np.array(color, dtype=np.float64).reshape(1, 1, 3) / 255)[0, 0].tolist()
    return _scaled(light / 100), _scaled((a + 128) / 255), _scaled((b + 128) / 255)


def _scaled(share: float) -> int:
    return round(_FULL * min(max(share, 0.0), 1.0))
