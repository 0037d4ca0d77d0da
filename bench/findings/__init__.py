"""What all records say together: one page, made of them by a command."""
