"""The topics of the paper, one module each: its tables, its figures, and what the text says of it."""
