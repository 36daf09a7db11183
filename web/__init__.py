"""Everything HTTP: pages, JSON API, notices endpoint, errors."""
