"""Who else must agree before an application is filed: who that is, what they are shown, and what they said."""
