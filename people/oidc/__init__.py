"""Sign-in by the city's identity platform (OpenID Connect): its set-up, there and back, who that is, whose account."""
