"""What time alone does, and what is watched beside everything."""
