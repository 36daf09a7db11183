"""Plans and values as they are shown: text for a colleague, JSON for the public, a sheet for an engineer."""
