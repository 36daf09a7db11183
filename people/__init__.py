"""Who is asking and what they may: accounts, sign-in by the identity platform, sessions, tokens, the policy table."""
