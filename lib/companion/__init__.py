"""What makes it a companion: runs and their provenance, exercises, scoreboard, report."""
