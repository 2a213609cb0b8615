"""Signals and frames to features on the label clock."""
