"""The networks of the papers and their baselines; nothing here knows about data or training."""
