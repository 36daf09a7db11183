"""What is watched over cases: escalation of urges, ratings and what was done about bad ones, figures."""
