"""What departments are told: letters, their claims and feeds, and what the attempts came to."""
