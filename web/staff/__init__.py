"""The pages of those who work here: operators, department officers, supervisors, authors; each role sees its own."""
