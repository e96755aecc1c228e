"""Applications on results: batches, exports to other tools, the viewer."""
