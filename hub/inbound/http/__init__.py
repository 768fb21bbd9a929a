"""A request as it arrives: connection, address, body, limits."""
