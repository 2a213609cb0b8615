"""Losses, splits, the training loop, and folds in parallel with a memo."""
