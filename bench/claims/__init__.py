"""Claims: sentences about figures as data, each held against records and against the paper's own tables."""
