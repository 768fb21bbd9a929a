"""Ways to sign: one object verifies inbound and signs outbound."""
