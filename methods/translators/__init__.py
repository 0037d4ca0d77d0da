"""Translators turn images of one class into images of the other."""
