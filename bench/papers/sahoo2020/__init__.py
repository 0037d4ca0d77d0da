"""Sahoo et al. 2020, arXiv 2008.05524: its Tables 1 to 10 and what its text claims."""
