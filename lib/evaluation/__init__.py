"""Metrics, statistics and verdicts; everything reads and returns tidy tables."""
