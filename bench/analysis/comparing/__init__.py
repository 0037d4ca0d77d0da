"""Comparison: two sets of records, matched cell by cell."""
