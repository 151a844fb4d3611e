"""What lies in a home on disk."""
