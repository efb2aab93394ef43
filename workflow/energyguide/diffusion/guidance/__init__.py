"""The guidance functions, one module each, found by its name."""
