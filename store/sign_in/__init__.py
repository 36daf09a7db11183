"""What is kept of how the staff sign in: second factors, sign-ins that are not whole, and the last ones."""
