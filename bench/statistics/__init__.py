"""What a difference between two figures is worth: pure functions on arrays, which know no record and no table."""
