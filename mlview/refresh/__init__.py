"""Carrying out a plan: read, check, fit, judge, store, publish, record."""
