"""Measurements: one script a claim, each with a peer in the same run."""
