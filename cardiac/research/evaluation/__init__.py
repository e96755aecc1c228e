"""Evaluation against expert masks and against known truth."""
