"""The shapes of the files that authors write."""
