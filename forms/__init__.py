"""Situation → matters; matters → one form and one material list; one filled form → one payload per leg. Pure."""
