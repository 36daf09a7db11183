"""What makes a history provable: hash chains, their heads, and the list that they are sealed in."""
