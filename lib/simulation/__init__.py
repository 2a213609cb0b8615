"""Writers of simulated cohorts in the owners' on-disk formats, with known ground truth."""
