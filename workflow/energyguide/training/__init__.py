"""One training loop, and what is trained in it."""
