"""The pages of those who work here: operators, officers, supervisors, auditors, authors; each role sees its own."""
