"""Readers: one module per on-disk format, each returning a :class:`~lib.datasets.base.Cohort` of
trials."""
