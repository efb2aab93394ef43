"""Whole experiments that are not "train, sample, measure"."""
