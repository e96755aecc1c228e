"""Types that the whole package shares: arrays by what they hold, rows of tables, page data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
"""Measurements in double precision."""
Array32 = npt.NDArray[np.float32]
"""Images and network values in single precision."""
FloatArray = npt.NDArray[np.floating[Any]]
"""Real numbers of any precision."""
BoolArray = npt.NDArray[np.bool_]
"""Regions, and verdicts on frames."""
ByteArray = npt.NDArray[np.uint8]
"""Grey levels 0 to 255."""
Row = dict[str, object]
"""One row of a table: column to value; None where the value is missing."""
Data = dict[str, Any]
"""What is sent to a page as JSON."""
