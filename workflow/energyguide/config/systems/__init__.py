"""The systems that an experiment can leave out, one module each: its block, and what follows from it."""
