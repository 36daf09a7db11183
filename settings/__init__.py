"""Every environment variable, typed, explained and checked at the start; and the clock that a test may move."""
