"""Visits at a counter (接待): who came, whom they attended to, what was filed so; and whose account a number is of."""
