"""Pages for applicants: HTML that works without JavaScript."""
