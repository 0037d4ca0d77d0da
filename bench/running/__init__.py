"""Running: jobs on workers, whatever happens to them."""
