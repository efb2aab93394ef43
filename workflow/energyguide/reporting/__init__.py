"""Tables, figures and numbers, from the measurements. Nothing here imports torch."""
