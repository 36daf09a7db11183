"""Reads `bundles/` into frozen values and says, all at once, with file and line, what is wrong."""
