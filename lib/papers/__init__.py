"""One folder per paper: its protocol, figures, printed numbers and claims."""
