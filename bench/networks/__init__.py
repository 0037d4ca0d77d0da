"""Networks: the classifier that all methods share, and pretrained bodies that judge."""
