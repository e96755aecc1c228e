"""Training of every shipped weight."""
