"""Research: phantoms, benchmark, training and evaluation. Nothing but the command line uses it."""
