"""Evaluators: networks that judge generated images."""
