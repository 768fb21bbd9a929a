"""Ways to sign: one object verifies requests and signs messages."""
