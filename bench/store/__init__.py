"""The store: records and artifacts on disk, written whole and checked when read."""
