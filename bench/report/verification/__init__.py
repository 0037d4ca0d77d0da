"""Verification: a written report held against the records that it names, file by file."""
