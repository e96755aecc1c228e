"""The batch behind ``cardiac process``: ledger, workers, tables. Nothing is lost, nothing twice."""
