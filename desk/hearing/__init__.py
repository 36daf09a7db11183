"""What departments tell us."""
