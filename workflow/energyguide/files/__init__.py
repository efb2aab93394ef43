"""What lies on disk. Nothing here changes a bit of a result."""
