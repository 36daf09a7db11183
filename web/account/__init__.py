"""A person's own account: what is asked at a sign-in beside the password, and the page on which it is looked after."""
