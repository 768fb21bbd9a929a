"""A request as it comes in: connection, sender's address, body, limits."""
