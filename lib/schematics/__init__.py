"""Schematics of the papers drawn anew: boxes and arrows whose sizes are read from a built model.
One module per paper."""
