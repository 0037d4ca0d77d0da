"""Explanations of a trained classifier: where it looks, whether it really does, and how it arranges the images."""
