"""Analysis: from records to frames, figures, comparisons and what changed; it prints nothing."""
