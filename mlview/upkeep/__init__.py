"""Keeping a database sound: verify, collect garbage, check, copy."""
