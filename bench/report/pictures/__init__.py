"""Pictures: charts and image grids drawn from plain arrays and frames, one module each."""
