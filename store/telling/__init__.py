"""What is told to people: their news, what they want told, what leaves for them, and what officers are told of."""
