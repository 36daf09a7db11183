"""What outlives the service: exports and packages for the archive."""
