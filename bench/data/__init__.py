"""Data: from files on disk to decoded images, and the splits that say which of them do what."""
