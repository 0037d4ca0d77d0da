"""The command line: parse, call, print; the work is done elsewhere."""
