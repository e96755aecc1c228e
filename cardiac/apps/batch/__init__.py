"""The batch behind ``cardiac process``: database, workers, tables. Nothing lost or done twice."""
