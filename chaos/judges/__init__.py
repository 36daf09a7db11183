"""The rules that a run is judged by, a file for each matter."""
