"""The harness of the imbalance benchmark: it knows no single method and no single dataset."""

__version__ = "0.1.0"
