"""What a user's code does beside what it is asked for: files it reads, and what it changes for everybody."""
