"""The kinds of model that denoise, one module each, found by its name."""
