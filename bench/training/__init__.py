"""Training: what the numbers of a fit rest on."""
