"""What applicants do: drafts, consent, filing, and what comes after it."""
