"""The sources of images, one module each, found by its name."""
