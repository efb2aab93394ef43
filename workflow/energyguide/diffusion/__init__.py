"""Diffusion models: the noise schedule, the reverse process, and what guides it."""
