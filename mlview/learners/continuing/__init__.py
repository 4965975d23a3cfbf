"""Continuing fitted models on deltas, approximately and only where it is asked for by name."""
