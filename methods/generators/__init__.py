"""Generators make images of a class out of noise."""
