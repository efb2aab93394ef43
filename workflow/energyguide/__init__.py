"""Diffusion guidance with robust energy-based classifiers. Import the rooms you need; nothing is loaded here."""
