"""Uploads: their bytes, and which of them no virus scanner has cleared."""
