"""Who is asking and what they may: accounts, sessions, tokens, the policy table."""
