"""Networks by name: the classifier that all methods share, and pretrained bodies that classify or judge."""
