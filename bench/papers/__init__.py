"""Papers: published numbers, claims and layouts of tables, one folder a paper; only these know a method by name."""
