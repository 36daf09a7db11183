"""Identity, sessions, the policy table, consent."""
