"""How a job is carried, never what it computes. Nothing here changes a bit of a result."""
