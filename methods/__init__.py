"""Mitigation methods, one file each; importing a module registers what it defines."""
