"""Binding names to versions, and answering predictions."""
