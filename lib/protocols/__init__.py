"""One module per paper: its settings and the experiments behind its tables."""
