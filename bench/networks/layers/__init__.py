"""What networks are built of: here torch is needed, while the rooms above only name networks and their settings."""
