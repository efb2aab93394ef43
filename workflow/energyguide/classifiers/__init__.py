"""Classifiers: energies, gradients, and robustness to attacks and corruptions."""
