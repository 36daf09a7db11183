"""What people are told of their cases."""
