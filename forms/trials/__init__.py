"""Tries a bundle before it is published: its situations, its examples, papers that nobody gives."""
