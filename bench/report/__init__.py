"""The report: tables of our figures in the layouts of the paper, beside its own numbers."""
